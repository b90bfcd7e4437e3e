import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { OperatorError } from "../facts/errors.ts";

const time = z.number().int().nonnegative();

/** What somebody did to the world, and when; with the history of main this is all there is to know about it. */
const actionSchema = z.discriminatedUnion("kind", [
  /** A person walks a journey in a browser: `login board`. */
  z.strictObject({ kind: z.literal("journey"), time, journey: z.string() }),
  /** One pod of a workload (`namespace/name`) is deleted and its successor starts. */
  z.strictObject({ kind: z.literal("restart"), time, workload: z.string(), replica: z.number().int().nonnegative() }),
  /** `flux suspend` and `flux resume`, by hand; `object` is `Kind/namespace/name`. */
  z.strictObject({ kind: z.literal("suspend"), time, object: z.string(), suspend: z.boolean() }),
  /** Another instance leads from now on. */
  z.strictObject({ kind: z.literal("failover"), time, workload: z.string(), primary: z.number().int().nonnegative() }),
  /** The cluster's own ways: CoreDNS answers search domains itself, the tunnel's edge is reachable, a role is bound. */
  z.strictObject({
    kind: z.literal("switch"),
    time,
    name: z.enum(["autopath", "tunnel", "rollback"]),
    on: z.boolean(),
  }),
  /** A write through the Kubernetes API: what the object becomes, null when deleted. */
  z.strictObject({
    kind: z.literal("write"),
    time,
    key: z.string(),
    object: z.record(z.string(), z.unknown()).nullable(),
  }),
  /** The flow tap fails on one node, from `time` to `until`. */
  z.strictObject({
    kind: z.literal("fault"),
    time,
    until: time,
    node: z.string(),
    fault: z.enum(["unavailable", "lost", "silent", "restart"]),
  }),
]);
export type Action = z.infer<typeof actionSchema>;
export type SwitchName = Extract<Action, { kind: "switch" }>["name"];
export type FaultKind = Extract<Action, { kind: "fault" }>["fault"];

export interface MainCommit {
  /** The clock's time when the world first saw it at main's head. */
  readonly time: number;
  readonly commit: string;
}

export interface WorldState {
  readonly seed: number;
  /** When world time begins. */
  readonly start: number;
  clock(): number;
  turnClock(to: number): void;
  actions(): readonly Action[];
  append(action: Action): void;
  history(): readonly MainCommit[];
  /** Notes main's head, once. */
  sawMain(commit: string): void;
  /** Runs `work` while no other process turns this clock; throws "busy" when one does. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  dispose(): void;
}

const SCHEMA = `
  create table if not exists facts (key text primary key, value integer not null) strict;
  create table if not exists actions (seq integer primary key autoincrement, body text not null) strict;
  create table if not exists history (seq integer primary key autoincrement, time integer not null, commit_id text not null) strict;
`;

const VERSION = 1;

/** The world's state in `<dir>/world.sqlite`; made on first use. */
export const openState = (dir: string, initial: { readonly seed: number; readonly start: number }): WorldState => {
  const file = join(dir, "world.sqlite");
  mkdirSync(dir, { recursive: true });
  const database = open(file);
  const put = database.prepare("insert or ignore into facts (key, value) values (?, ?)");
  put.run("version", VERSION);
  put.run("seed", initial.seed);
  put.run("start", initial.start);
  put.run("clock", initial.start);

  const fact = (key: string): number => {
    const row = database.prepare("select value from facts where key = ?").get(key);
    if (row === undefined || typeof row["value"] !== "number") throw damaged(file);
    return row["value"];
  };
  if (fact("version") !== VERSION) throw damaged(file);

  return {
    seed: fact("seed"),
    start: fact("start"),
    clock: () => fact("clock"),
    turnClock: (to) => {
      database.prepare("update facts set value = ? where key = 'clock' and value <= ?").run(to, to);
    },
    actions: () =>
      database
        .prepare("select body from actions order by seq")
        .all()
        .map((row) => {
          const parsed = actionSchema.safeParse(json(row["body"]));
          if (!parsed.success) throw damaged(file, parsed.error);
          return parsed.data;
        }),
    append: (action) => {
      database.prepare("insert into actions (body) values (?)").run(JSON.stringify(action));
    },
    history: () =>
      database
        .prepare("select time, commit_id from history order by seq")
        .all()
        .map((row) => ({ time: Number(row["time"]), commit: String(row["commit_id"]) })),
    sawMain: (commit) => {
      const last = database.prepare("select commit_id from history order by seq desc limit 1").get();
      if (last?.["commit_id"] === commit) return;
      database.prepare("insert into history (time, commit_id) values (?, ?)").run(fact("clock"), commit);
    },
    alone: async (work) => {
      const lock = open(join(dir, "turning.lock"), 0);
      try {
        try {
          lock.exec("begin exclusive");
        } catch (cause) {
          throw new OperatorError("busy", "another process is turning the sample cluster's clock", {
            where: dir,
            remedy: "Wait until it is done and try again.",
            cause,
          });
        }
        return await work();
      } finally {
        lock.close();
      }
    },
    dispose: () => database.close(),
  };
};

const open = (file: string, timeout = 10_000): DatabaseSync => {
  try {
    const database = new DatabaseSync(file, { timeout });
    if (!file.endsWith(".lock")) {
      // A power cut may lose the last turn of a clock that can be turned again; it cannot damage the file.
      database.exec("pragma journal_mode = wal; pragma synchronous = normal");
      database.exec(SCHEMA);
    }
    return database;
  } catch (cause) {
    throw damaged(file, cause);
  }
};

const json = (body: unknown): unknown => {
  try {
    return JSON.parse(String(body));
  } catch {
    return null;
  }
};

const damaged = (file: string, cause?: unknown): OperatorError =>
  new OperatorError("input", "the sample cluster's state cannot be read", {
    where: file,
    remedy: "Run `network-operator sample reset` to make it afresh.",
    cause,
  });
