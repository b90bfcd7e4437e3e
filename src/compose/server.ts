import { join, resolve } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import { readKeys } from "../rollout/attestations.ts";
import { openAgent } from "./agent.ts";
import type { Setting } from "./setting.ts";
import { partyOf } from "./signoff.ts";

/** Anything beyond this machine needs TLS in front and a public address that passkeys are bound to. */
const assertLoopback = ({ config }: Setting): void => {
  const { host } = config.server;
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (isLoopback || config.signoff.publicUrl?.startsWith("https:") === true) return;
  throw new OperatorError("input", `refusing to listen on ${host} without a public address`, {
    where: "server.host",
    remedy: "Set signoff.publicUrl to the https address people use, or listen on 127.0.0.1.",
  });
};

export const openServer = async (
  setting: Setting,
): Promise<{ readonly url: string; readonly tokenFile: string; close(): Promise<void> }> => {
  assertLoopback(setting);
  const [{ serve }, { buildApp }, { signOffDesk }, { openSignOffStore }, { secretFile }] = await Promise.all([
    import("@hono/node-server"),
    import("../server/app.ts"),
    import("../server/desk.ts"),
    import("../store/signoff.ts"),
    import("../store/secret.ts"),
  ]);
  const agent = await openAgent(setting);
  const { clock, ledger } = agent.place;
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), clock);
  const tokenFile = join(setting.state, "token");
  const { host, port } = setting.config.server;
  const desk = signOffDesk({
    party: partyOf(setting),
    store,
    clock,
    keysFile: resolve(setting.config.signoff.keys),
    readKeys: () => readKeys(setting.config.signoff.keys),
    // Which thread waits for this request, as the ledger wrote it down; the answer goes there and nowhere else.
    threadOf: (request) =>
      ledger.entries().findLast((entry) => entry.kind === "pause" && entry.body["request"] === request)?.thread ?? null,
    attest: (id, thread) => agent.attest(id, thread),
  });
  const metrics = async (): Promise<string> => {
    const { namespaces } = await agent.status();
    const stages = new Map<string, number>();
    for (const { stage } of namespaces) stages.set(stage, (stages.get(stage) ?? 0) + 1);
    return [
      "# HELP network_operator_namespaces Namespaces by stage.",
      "# TYPE network_operator_namespaces gauge",
      ...[...stages].map(([stage, count]) => `network_operator_namespaces{stage="${stage}"} ${count}`),
      await agent.metrics(),
    ].join("\n");
  };
  const app = buildApp({
    agent: { ask: (request) => agent.ask(request), status: () => agent.status(), metrics },
    desk,
    token: secretFile(tokenFile),
  });
  const server = serve({ fetch: app.fetch, hostname: host, port });
  return {
    url: partyOf(setting).origin,
    tokenFile,
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
      });
      store.dispose();
      await agent.dispose();
    },
  };
};
