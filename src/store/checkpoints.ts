import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointListOptions, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { BarrierError } from "../facts/barrier.ts";
import { SealedSerializer } from "./sealed-serializer.ts";

type Bindable = SQLInputValue | undefined;
const bound = (values: readonly Bindable[]): SQLInputValue[] => values.map((value) => value ?? null);

/** What the saver asks of better-sqlite3, over Node's own SQLite: no native module, no compiler. */
const shim = (database: DatabaseSync) => ({
  pragma: (text: string) => database.exec(`pragma ${text}`),
  exec: (sql: string) => database.exec(sql),
  prepare: (sql: string) => {
    const statement = database.prepare(sql);
    return {
      get: (...values: Bindable[]) => statement.get(...bound(values)),
      all: (...values: Bindable[]) => statement.all(...bound(values)),
      run: (...values: Bindable[]) => statement.run(...bound(values)),
    };
  },
  transaction:
    <Args extends readonly unknown[]>(work: (...args: Args) => void) =>
    (...args: Args): void => {
      database.exec("begin immediate");
      try {
        work(...args);
        database.exec("commit");
      } catch (error) {
        database.exec("rollback");
        throw error;
      }
    },
});

/** Metadata is signed but readable, so it is refused wherever a value should stand: it must not become a forged write. */
class SealedSqliteSaver extends SqliteSaver {
  readonly #serializer: SealedSerializer;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, serializer: SealedSerializer) {
    super(shim(database), serializer);
    this.#serializer = serializer;
    this.#database = database;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const tuple = await super.getTuple(config);
    if (tuple !== undefined) this.#check(tuple);
    return tuple;
  }

  override async *list(config: RunnableConfig, options?: CheckpointListOptions): AsyncGenerator<CheckpointTuple> {
    for await (const tuple of super.list(config, options)) {
      this.#check(tuple);
      yield tuple;
    }
  }

  dispose(): void {
    this.#database.close();
  }

  #check({ checkpoint, metadata, pendingWrites = [] }: CheckpointTuple): void {
    const values: unknown[] = [checkpoint, ...pendingWrites.map(([, , value]) => value)];
    if (
      metadata !== undefined &&
      this.#serializer.isMetadata(metadata) &&
      !values.some((value) => this.#serializer.isMetadata(value))
    )
      return;
    throw new BarrierError("L4/tampered", "a checkpoint holds metadata where a value should stand, or the reverse", {
      where: "checkpoints",
      remedy: "Ask on a new thread; find out who writes to the store.",
    });
  }
}

export type CheckpointStore = SqliteSaver & { dispose(): void };

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
