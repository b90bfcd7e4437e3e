import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Client } from "@langchain/langgraph-sdk";
import { secretFile } from "../../src/store/secret.ts";
import { putServedGraph } from "./served-graph.ts";

const root = resolve(import.meta.dirname, "../..");

/** The parts of `@langchain/langgraph-api` 1.5.1 that are touched; the command line brings it as its own dependency. */
interface Job {
  readonly run: { readonly run_id: string };
}
interface Ops {
  readonly runs: { next(): AsyncGenerator<Job>; put(...args: unknown[]): Promise<unknown> };
}
interface Streams {
  getQueue(run: string, options: object): { push(message: { topic: string; data: string }): void };
}
interface Persistence {
  initialize(folder: string): Promise<Persistence>;
}
interface Internals {
  readonly StartServerSchema: { parse(options: object): object };
  readonly startServer: (
    options: object,
    storage: { readonly ops: Ops },
  ) => Promise<{ readonly host: string; cleanup(): Promise<void> }>;
  readonly FileSystemOps: new (kept: Persistence) => Ops;
  readonly StreamManager: Streams;
  readonly FileSystemPersistence: {
    new (name: string, empty: () => object): Persistence;
    readonly prototype: { schedulePersist(): void };
  };
  readonly logger: { silent: boolean };
}

const internals = async (): Promise<Internals> => {
  const { resolve: find } = createRequire(
    createRequire(import.meta.url).resolve("@langchain/langgraph-cli/package.json"),
  );
  const dist = join(dirname(find("@langchain/langgraph-api/package.json")), "dist");
  const files = ["server.mjs", "storage/ops.mjs", "storage/persist.mjs", "logging.mjs"];
  const loaded = await Promise.all(
    files.map((file) => import(pathToFileURL(join(dist, file)).href) as Promise<Partial<Internals>>),
  );
  return Object.assign({}, ...loaded) as Internals;
};

/**
 * The server looks for work once in a second or less, and for a run's end every half. Here both are told at once, and
 * after the close nothing is waited for that would keep the process.
 */
const promptly = ({ runs }: Ops, streams: Streams, isClosed: () => boolean): void => {
  const [next, put] = [runs.next.bind(runs), runs.put.bind(runs)];
  let told = Promise.withResolvers<void>();
  runs.put = async (...args) => {
    const made = await put(...args);
    told.resolve();
    told = Promise.withResolvers();
    return made;
  };
  runs.next = async function* () {
    for (;;) {
      for await (const job of next()) {
        yield job;
        const { run_id: run } = job.run;
        streams
          .getQueue(run, { ifNotFound: "create", resumable: false })
          .push({ topic: `run:${run}:control`, data: "done" });
      }
      if (isClosed()) await new Promise(() => {});
      await Promise.race([told.promise, sleep(50, undefined, { ref: false })]);
      // A run is taken in a later millisecond than the one it was made in.
      await sleep(2);
    }
  };
};

export interface LangGraphServer {
  readonly url: string;
  /** The bearer token of its state folder. */
  readonly token: string;
  readonly assistant: "network-operator";
  /** From now on this graph is served; runs that have begun go on with theirs. */
  serve(graph: object): void;
  /** With the token, another one, or none. */
  client(token?: string | null): Client;
  close(): Promise<void>;
}

/**
 * The LangGraph server of `langgraph.json` in this process, with its auth and its switches as configured there, on an
 * ephemeral loopback port. One at a time in a process: the server keeps its graph, auth and checkpoints in its modules.
 */
export const startLangGraphServer = async (
  options: { readonly graph?: object; readonly auth?: boolean; readonly state?: string } = {},
): Promise<LangGraphServer> => {
  const folder = mkdtempSync(join(tmpdir(), "langgraph-server-"));
  const state = options.state ?? folder;
  const before = process.env["NETWORK_OPERATOR_STATE"];
  process.env["NETWORK_OPERATOR_STATE"] = state;
  putServedGraph(options.graph);
  const { startServer, StartServerSchema, FileSystemOps, StreamManager, FileSystemPersistence, logger } =
    await internals();
  logger.silent = true;
  // Kept in memory alone: no write is left over for a folder that is gone.
  FileSystemPersistence.prototype.schedulePersist = () => {};
  const empty = () => ({ runs: {}, threads: {}, assistants: {}, assistant_versions: [], retry_counter: {} });
  const ops = new FileSystemOps(await new FileSystemPersistence("ops.json", empty).initialize(folder));
  let closed = false;
  promptly(ops, StreamManager, () => closed);
  const configured = JSON.parse(readFileSync(join(root, "langgraph.json"), "utf8")) as {
    readonly auth: { readonly path: string; readonly disable_studio_auth: boolean };
    readonly http: object;
  };
  const running = await startServer(
    StartServerSchema.parse({
      port: 0,
      host: "127.0.0.1",
      nWorkers: 4,
      cwd: folder,
      graphs: { "network-operator": `${join(import.meta.dirname, "served-graph.ts")}:graph` },
      ...(options.auth === false ? {} : { auth: { ...configured.auth, path: join(root, configured.auth.path) } }),
      http: configured.http,
    }),
    { ops },
  );
  const url = `http://${running.host}`;
  const token = secretFile(join(state, "token"));
  return {
    url,
    token,
    assistant: "network-operator",
    serve: putServedGraph,
    client: (given = token) =>
      new Client({
        apiUrl: url,
        apiKey: null,
        defaultHeaders: given === null ? {} : { authorization: `Bearer ${given}` },
        callerOptions: { maxRetries: 0 },
      }),
    close: async () => {
      closed = true;
      await running.cleanup();
      putServedGraph(undefined);
      if (before === undefined) delete process.env["NETWORK_OPERATOR_STATE"];
      else process.env["NETWORK_OPERATOR_STATE"] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
