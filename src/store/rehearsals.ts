import { createHmac, timingSafeEqual } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const SCHEMA =
  "create table if not exists rehearsals (digest text primary key, steps text not null, seal text not null) strict";

const stepsSchema = z.array(z.string());

/** One spelling of one success. */
const sealOf = (digest: string, steps: readonly string[], key: string): Buffer =>
  createHmac("sha256", key)
    .update(JSON.stringify(["network-operator rehearsal", 1, digest, steps]))
    .digest();

/** Rollbacks that were executed to their end, by the digest of all that they were executed with. */
export interface RehearsalStore {
  /** What was done, in order; null where nothing stands, or nothing that this program sealed. */
  read(digest: string): readonly string[] | null;
  write(digest: string, steps: readonly string[]): void;
  dispose(): void;
}

const parsed = (text: unknown): readonly string[] | null => {
  try {
    return stepsSchema.safeParse(JSON.parse(String(text))).data ?? null;
  } catch {
    return null;
  }
};

/** `key` lies in another file: whoever has the rows alone can neither write a success nor change what one is of. */
export const openRehearsals = (path: string, key: string): RehearsalStore => {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  // What a power cut loses is executed again.
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  database.exec(SCHEMA);
  return {
    read: (digest) => {
      const row = database.prepare("select steps, seal from rehearsals where digest = ?").get(digest);
      const steps = row === undefined ? null : parsed(row["steps"]);
      if (row === undefined || steps === null) return null;
      const [given, wanted] = [Buffer.from(String(row["seal"]), "hex"), sealOf(digest, steps, key)];
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? steps : null;
    },
    write: (digest, steps) => {
      const seal = sealOf(digest, steps, key).toString("hex");
      database
        .prepare("insert or replace into rehearsals (digest, steps, seal) values (?, ?, ?)")
        .run(digest, JSON.stringify(steps), seal);
    },
    dispose: () => database.close(),
  };
};
