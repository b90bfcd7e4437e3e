import { serverWith } from "../server-ground.ts";
import { Answered } from "../vector.ts";
import { openArena, type Arena } from "./arena.ts";
import type { Hands, Sent } from "./hands.ts";
import type { Scenario } from "./moves.ts";

/** A run that failed is answered with 200 and says so. */
const failureOf = (body: unknown): string | null =>
  typeof body === "object" && body !== null && "__error__" in body ? JSON.stringify(body["__error__"]) : null;

/** JSON alone travels: half characters and NULs go as what they become. */
const asJson = (body: unknown): string => JSON.stringify(body) ?? "null";

/** The LangGraph server with our auth, as a caller has it who holds the token. */
export const openHttp = async (made: Scenario): Promise<{ readonly arena: Arena; readonly hands: Hands }> => {
  const server = await serverWith(true);
  const arena = openArena({ ...made, sealed: true }, { served: true });
  server.serve(arena.graph);
  const post = async (path: string, body: unknown, method = "POST"): Promise<unknown> => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
      ...(method === "GET" ? {} : { body: asJson(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Answered(response.status, text.slice(0, 100));
    const answered: unknown = text === "" ? null : JSON.parse(text);
    const failed = failureOf(answered);
    if (failed !== null) throw new Answered(200, failed);
    return answered;
  };
  const threads = new Map<string, string>();
  const idOf = async (name: string): Promise<string> => {
    const known = threads.get(name);
    if (known !== undefined) return known;
    const { thread_id: id } = (await post("/threads", {})) as { thread_id: string };
    threads.set(name, id);
    return id;
  };
  const run = ({ input, command, configurable, options = {} }: Sent): unknown => ({
    assistant_id: server.assistant,
    ...(command === undefined ? { input: input ?? null } : { command }),
    ...(configurable === undefined ? {} : { config: { configurable } }),
    ...options,
  });
  return {
    arena,
    hands: {
      send: async (thread, sent) => post(`/threads/${await idOf(thread)}/runs/wait`, run(sent)),
      edit: async (thread, values, as, checkpoint) =>
        post(`/threads/${await idOf(thread)}/state`, {
          values,
          ...(as === null ? {} : { as_node: as }),
          ...(checkpoint === null ? {} : { checkpoint_id: checkpoint }),
        }),
      born: async (name, values, as) => {
        const updates = [{ values, as_node: as ?? "intake" }];
        const born = await post("/threads", { supersteps: [{ updates }], metadata: { graph_id: "network-operator" } });
        threads.set(name, (born as { thread_id: string }).thread_id);
      },
      checkpoints: async (thread) => {
        const history = (await post(`/threads/${await idOf(thread)}/history`, { limit: 50 })) as {
          checkpoint: { checkpoint_id: string };
        }[];
        return history.map(({ checkpoint }) => checkpoint.checkpoint_id);
      },
    },
  };
};
