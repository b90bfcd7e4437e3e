import { join, resolve } from "node:path";
import { Auth, HTTPException } from "@langchain/langgraph-sdk/auth";
import { isRecord } from "../facts/json.ts";
import { secretFile } from "../store/secret.ts";
import { sameSecret } from "./sessions.ts";

/**
 * Auth for the LangGraph server: default deny. The bearer token of the state folder may start a run on a thread of its own
 * and answer a pause with an id; nothing else gets in: no state edits, no jumps, no forks, no assistants, no store.
 */
const token = (): string =>
  secretFile(join(resolve(process.env["NETWORK_OPERATOR_STATE"] ?? ".network-operator"), "token"));

const refuse = (what: string): never => {
  throw new HTTPException(403, { message: `${what} is not taken from a caller` });
};

/** Present and not empty: clients send nulls and empty lists for what they leave out. */
const given = (value: unknown): boolean =>
  value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);

/** What the server itself puts into a run's configuration beside the caller's. */
const SERVER_KEYS = new Set(["thread_id", "run_id", "graph_id", "assistant_id", "user-agent"]);

const foreignKey = (configurable: unknown): string | undefined => {
  if (!isRecord(configurable)) return undefined;
  return Object.keys(configurable).find(
    (key) =>
      !SERVER_KEYS.has(key) &&
      !key.startsWith("langgraph_auth_") &&
      !key.startsWith("x-") &&
      key !== "langgraph_request_id",
  );
};

/** Plain input, or a resume; every other way to steer a run is somebody else's hand on the wheel. */
export const checkRun = (kwargs: Readonly<Record<string, unknown>>): void => {
  const command = kwargs["command"];
  if (isRecord(command))
    for (const key of Object.keys(command)) if (key !== "resume" && given(command[key])) refuse(`command.${key}`);
  for (const key of ["interrupt_before", "interrupt_after", "webhook", "checkpoint", "checkpoint_id"])
    if (given(kwargs[key])) refuse(key);
  const config = isRecord(kwargs["config"]) ? kwargs["config"] : {};
  const foreign = foreignKey(config["configurable"]);
  if (foreign !== undefined) refuse(`configurable.${foreign}`);
  if (isRecord(kwargs["context"]) && Object.keys(kwargs["context"]).length > 0) refuse("context");
};

/**
 * Routes of the server that ask no handler, or ask it in words that fit something harmless: wiping its storage, and copying
 * a thread with all of its past. Its router reads what is percent-encoded, and no honest path here is.
 */
const CLOSED = /%|^\/internal(\/|$)|^\/threads\/[^/]+\/copy\/?$/;

export const auth = new Auth()
  .authenticate(async (request: Request) => {
    const bearer = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    // The chat interfaces and the SDK's `apiKey` bring it under the name of another service's key.
    const brought = bearer ?? request.headers.get("x-api-key");
    if (brought === null || !sameSecret(brought, token()))
      throw new HTTPException(401, { message: "Send the token of the state folder" });
    if (CLOSED.test(new URL(request.url).pathname)) refuse("that");
    return { identity: "token", permissions: ["ask"] };
  })
  // The most specific handler runs, and no handler means allowed: this one comes first.
  .on("*", ({ event }) => refuse(event))
  .on("threads:create", ({ value, user }) => {
    value.metadata = { ...value.metadata, owner: user.identity };
    return { owner: user.identity };
  })
  .on("threads:read", ({ user }) => ({ owner: user.identity }))
  .on("threads:search", ({ user }) => ({ owner: user.identity }))
  .on("threads:create_run", ({ value, user }) => {
    checkRun(value.kwargs);
    value.metadata = { ...value.metadata, owner: user.identity };
    return { owner: user.identity };
  })
  .on("assistants:read", () => true)
  .on("assistants:search", () => true);
