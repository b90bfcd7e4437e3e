import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  copyCheckpoint,
  WRITES_IDX_MAP,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { BarrierError } from "../facts/barrier.ts";
import { SealedSerializer } from "./sealed-serializer.ts";
import { inTransaction } from "./sqlite.ts";

/** As `@langchain/langgraph-checkpoint-sqlite` has them, whose driver is a native module that an install would compile. */
const SCHEMA = `
  create table if not exists checkpoints (
    thread_id text not null, checkpoint_ns text not null default '', checkpoint_id text not null,
    parent_checkpoint_id text, type text, checkpoint blob, metadata blob,
    primary key (thread_id, checkpoint_ns, checkpoint_id)
  );
  create table if not exists writes (
    thread_id text not null, checkpoint_ns text not null default '', checkpoint_id text not null, task_id text not null,
    idx integer not null, channel text not null, type text, value blob,
    primary key (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
  );
`;

type Row = Readonly<Record<string, string | number | Uint8Array | null>>;
type Bindable = string | number | null;

const text = (value: Row[string] | undefined): string => String(value ?? "");
const bytes = (value: Row[string] | undefined): string | Uint8Array =>
  value instanceof Uint8Array ? value : text(value);

interface Place {
  readonly thread: string | null;
  /** Null: of every namespace. */
  readonly namespace: string | null;
  readonly checkpoint: string | null;
}

const named = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

const placeOf = (config: RunnableConfig): Place => {
  const { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint } = config.configurable ?? {};
  return {
    thread: named(thread),
    namespace: typeof namespace === "string" ? namespace : null,
    checkpoint: named(checkpoint),
  };
};

const configOf = (thread: string, namespace: string, checkpoint: string): RunnableConfig => ({
  configurable: { thread_id: thread, checkpoint_ns: namespace, checkpoint_id: checkpoint },
});

/** Threads in one SQLite file, each row sealed. */
class SealedSqliteSaver extends BaseCheckpointSaver {
  readonly #serializer: SealedSerializer;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, serializer: SealedSerializer) {
    super(serializer);
    this.#serializer = serializer;
    this.#database = database;
    database.exec(SCHEMA);
  }

  async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread, namespace, checkpoint } = placeOf(config);
    const [row] = this.#rows(
      `select * from checkpoints where thread_id = ? and checkpoint_ns = ?
       ${checkpoint === null ? "" : "and checkpoint_id = ?"} order by checkpoint_id desc limit 1`,
      [thread ?? "", namespace ?? "", ...(checkpoint === null ? [] : [checkpoint])],
    );
    return row === undefined ? undefined : this.#tuple(row);
  }

  async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { thread, namespace } = placeOf(config);
    const before = options.before === undefined ? null : placeOf(options.before).checkpoint;
    const filter = Object.entries((options.filter ?? {}) as Record<string, unknown>).filter(
      ([, value]) => value !== undefined,
    );
    const wanted: readonly (readonly [sql: string, values: readonly Bindable[]])[] = [
      ...(thread === null ? [] : [["thread_id = ?", [thread]] as const]),
      ...(namespace === null ? [] : [["checkpoint_ns = ?", [namespace]] as const]),
      ...(before === null ? [] : [["checkpoint_id < ?", [before]] as const]),
      ...filter.map(
        ([key, value]) => ["jsonb(cast(metadata as text))->? = ?", [`$.${key}`, JSON.stringify(value)]] as const,
      ),
    ];
    const where = wanted.length === 0 ? "" : `where ${wanted.map(([sql]) => sql).join(" and ")}`;
    // Without a limit SQLite says -1.
    const rows = this.#rows(`select * from checkpoints ${where} order by checkpoint_id desc limit ?`, [
      ...wanted.flatMap(([, values]) => values),
      options.limit ?? -1,
    ]);
    for (const row of rows) yield await this.#tuple(row);
  }

  async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const { thread, namespace, checkpoint: parent } = placeOf(config);
    if (thread === null) throw new Error("a checkpoint belongs to a thread");
    const [[type, sealed], [, signed]] = await Promise.all([
      this.serde.dumpsTyped(copyCheckpoint(checkpoint)),
      this.serde.dumpsTyped(metadata),
    ]);
    this.#database
      .prepare("insert or replace into checkpoints values (?, ?, ?, ?, ?, ?, ?)")
      .run(thread, namespace ?? "", checkpoint.id, parent, type, sealed, signed);
    return configOf(thread, namespace ?? "", checkpoint.id);
  }

  async putWrites(config: RunnableConfig, writes: PendingWrite[], task: string): Promise<void> {
    const { thread, namespace, checkpoint } = placeOf(config);
    if (thread === null || checkpoint === null) throw new Error("a write belongs to a thread's checkpoint");
    const sealed = await Promise.all(writes.map(([, value]) => this.serde.dumpsTyped(value)));
    // Errors and interrupts have places of their own and are replaced; what a task wrote is written once.
    const isSpecial = writes.every(([channel]) => channel in WRITES_IDX_MAP);
    inTransaction(this.#database, () => {
      const insert = this.#database.prepare(
        `insert or ${isSpecial ? "replace" : "ignore"} into writes values (?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const [index, [channel]] of writes.entries()) {
        const [type, value] = sealed[index] ?? ["json", new Uint8Array()];
        const at = WRITES_IDX_MAP[channel] ?? index;
        insert.run(thread, namespace ?? "", checkpoint, task, at, channel, type, value);
      }
    });
  }

  async deleteThread(thread: string): Promise<void> {
    inTransaction(this.#database, () => {
      for (const table of ["checkpoints", "writes"])
        this.#database.prepare(`delete from ${table} where thread_id = ?`).run(thread);
    });
  }

  dispose(): void {
    this.#database.close();
  }

  #rows(sql: string, values: readonly Bindable[]): Row[] {
    return this.#database.prepare(sql).all(...values) as unknown as Row[];
  }

  async #tuple(row: Row): Promise<CheckpointTuple> {
    const [thread, namespace, id] = [row["thread_id"], row["checkpoint_ns"], row["checkpoint_id"]].map(text) as [
      string,
      string,
      string,
    ];
    const parent = row["parent_checkpoint_id"];
    // In the order in which a live run applies them.
    const writes = this.#rows(
      "select * from writes where thread_id = ? and checkpoint_ns = ? and checkpoint_id = ? order by task_id, idx",
      [thread, namespace, id],
    );
    const pendingWrites = await Promise.all(
      writes.map(async (write): Promise<CheckpointPendingWrite> => [
        text(write["task_id"]),
        text(write["channel"]),
        await this.#load(write["value"]),
      ]),
    );
    const checkpoint = (await this.#load(row["checkpoint"])) as Checkpoint;
    const metadata = (await this.#load(row["metadata"])) as CheckpointMetadata;
    this.#check(metadata, [checkpoint, ...pendingWrites.map(([, , value]) => value)]);
    return {
      config: configOf(thread, namespace, id),
      checkpoint,
      metadata,
      pendingWrites,
      ...(parent === null || parent === undefined ? {} : { parentConfig: configOf(thread, namespace, text(parent)) }),
    };
  }

  #load(value: Row[string] | undefined): Promise<unknown> {
    return this.#serializer.loadsTyped("json", bytes(value));
  }

  /** Metadata is signed but readable, so it is refused wherever a value should stand: it must not become a forged write. */
  #check(metadata: CheckpointMetadata, values: readonly unknown[]): void {
    if (this.#serializer.isMetadata(metadata) && !values.some((value) => this.#serializer.isMetadata(value))) return;
    throw new BarrierError("L4/tampered", "a checkpoint holds metadata where a value should stand, or the reverse", {
      where: "checkpoints",
      remedy: "Ask on a new thread; find out who writes to the store.",
    });
  }
}

export type CheckpointStore = BaseCheckpointSaver & { dispose(): void };

/**
 * Threads in one SQLite file, each row sealed.
 *
 * @param secret the key's text, from the environment or a file of its owner alone
 */
export const openCheckpoints = (path: string, secret: string): CheckpointStore => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: 10_000 });
  // A killed process loses nothing this way; a machine that loses power may lose the last steps, and effects look first.
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  return new SealedSqliteSaver(database, new SealedSerializer(secret));
};
