import { createHmac, timingSafeEqual } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Confirmation, ConfirmationRecords } from "../facts/rollback.ts";

const SCHEMA = `
  create table if not exists confirmations (id text primary key, record text not null, seal text not null) strict;
  create table if not exists confirmations_spent (id text primary key) strict;
`;

const recordSchema = z.strictObject({
  id: z.string(),
  namespace: z.string(),
  digest: z.string(),
  by: z.string(),
  at: z.number(),
  expiresAt: z.number(),
});
export type ConfirmationRecord = z.infer<typeof recordSchema>;

/** One spelling of one record. */
const spelling = ({ id, namespace, digest, by, at, expiresAt }: ConfirmationRecord): string =>
  JSON.stringify(["network-operator confirmation", 1, id, namespace, digest, by, at, expiresAt]);

/** Keyed by a file beside the database: whoever has the rows alone can neither make a confirmation nor change one. */
export const sealOf = (record: ConfirmationRecord, key: string): string =>
  createHmac("sha256", key).update(spelling(record)).digest("hex");

const isSealed = (record: ConfirmationRecord, seal: string, key: string): boolean => {
  const [given, wanted] = [Buffer.from(seal), Buffer.from(sealOf(record, key))];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
};

export const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  database.exec(SCHEMA);
  return database;
};

const parsed = (text: unknown): ConfirmationRecord | null => {
  try {
    const result = recordSchema.safeParse(JSON.parse(String(text)));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
};

export interface ConfirmationStore extends ConfirmationRecords {
  read(id: string): Confirmation | null;
  dispose(): void;
}

/** Confirmations as gates read them: the seal is checked on every read. What writes one is `confirm.ts`, for the terminal. */
export const openConfirmations = (path: string, key: string): ConfirmationStore => {
  const database = openDatabase(path);
  return {
    read: (id) => {
      const row = database.prepare("select record, seal from confirmations where id = ?").get(id);
      const record = row === undefined ? null : parsed(row["record"]);
      if (row === undefined || record === null || record.id !== id) return null;
      const used = database.prepare("select id from confirmations_spent where id = ?").get(id) !== undefined;
      const seal = isSealed(record, String(row["seal"]), key)
        ? ({ state: "valid" } as const)
        : ({ state: "invalid", why: "its seal is broken: it was written or changed by somebody else" } as const);
      return { ...record, used, seal };
    },
    spend: (id) => database.prepare("insert or ignore into confirmations_spent (id) values (?)").run(id).changes === 1,
    dispose: () => database.close(),
  };
};
