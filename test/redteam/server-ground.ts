import { startLangGraphServer, type LangGraphServer } from "../server/langgraph-server.ts";
import { openGround, prepare, TARGETS, type LibraryGround } from "./ground.ts";
import { Answered, type Layer } from "./vector.ts";

let running: { readonly server: LangGraphServer; readonly auth: boolean } | null = null;

/** One server in the process, with or without its auth; the graph behind it changes with every ground. */
export const serverWith = async (auth: boolean): Promise<LangGraphServer> => {
  if (running?.auth === auth) return running.server;
  await closeServer();
  running = { server: await startLangGraphServer({ auth }), auth };
  return running.server;
};

export const closeServer = async (): Promise<void> => {
  const { server } = running ?? {};
  running = null;
  await server?.close();
};

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** The library's ground, served: what a caller with the state folder's token can send. */
export interface ServerGround extends LibraryGround {
  readonly server: LangGraphServer;
  /** A thread of the caller's own. */
  readonly thread: (more?: object) => Promise<string>;
  /** Sends with the token, and throws what is no 2xx. */
  readonly send: (
    path: string,
    body: unknown,
    more?: { readonly headers?: Record<string, string>; readonly method?: string },
  ) => Promise<Reply>;
  /** A run to its end on a thread. */
  readonly wait: (thread: string, body: object) => Promise<Reply>;
}

export const openServed = async (out: ReadonlySet<Layer>): Promise<ServerGround> => {
  const server = await serverWith(!out.has("L3"));
  const ground = openGround(out, { trustServerUser: true });
  server.serve(ground.graph);
  const send: ServerGround["send"] = async (path, body, { headers = {}, method = "POST" } = {}) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${server.token}`, ...headers },
      ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
      redirect: "manual",
    });
    const text = await response.text();
    if (response.status >= 400) throw new Answered(response.status, text.slice(0, 200));
    return { status: response.status, body: text === "" ? null : (JSON.parse(text) as unknown) };
  };
  const place: ServerGround = {
    ...ground,
    server,
    send,
    thread: async (more = {}) => ((await send("/threads", more)).body as { thread_id: string }).thread_id,
    wait: (thread, body) => send(`/threads/${thread}/runs/wait`, { assistant_id: server.assistant, ...body }),
  };
  const [first] = TARGETS;
  if (first === undefined) throw new Error("no lane is built");
  await prepare(place, first);
  place.turnRed();
  return place;
};
