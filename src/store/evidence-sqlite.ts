import { OperatorError } from "../facts/errors.ts";
import { type EvidenceStore, evidenceStore, type EvidenceStoreOptions } from "./evidence.ts";
import type { EvidenceRow, EvidenceRows, PositionRow } from "./evidence-rows.ts";
import { processLocks } from "./lock.ts";
import { inTransaction, openDatabase } from "./sqlite.ts";

const SCHEMA = `
  create table if not exists evidence_part (
    hour integer not null, source text not null, part text not null, "left" text not null, "right" text not null,
    body blob not null, mac text not null, primary key (hour, source, part)
  ) strict, without rowid;
  create table if not exists evidence_position (
    source text primary key, time integer not null, recent blob not null, mac text not null
  ) strict;
`;

const SHARDS = {
  all: "",
  none: `and part in ('watch', 'index')`,
  one: `and (part in ('watch', 'index') or "left" = :namespace or "right" = :namespace)`,
} as const;

/** Rows in one SQLite file. A source is held by a lock that goes with its process, so a killed collector's is free at once. */
export const sqliteRows = (path: string): EvidenceRows => {
  const database = openDatabase(path, SCHEMA);
  const isFile = path !== ":memory:";
  const locks = processLocks(`${path}.locks`);
  const held = new Map<string, { release(): void }>();
  const select = (filter: string): string =>
    `select source, hour, part, "left", "right", body, mac from evidence_part
     where hour between :from and :to and (:source is null or source = :source) ${filter}`;
  const reads = {
    all: database.prepare(select(SHARDS.all)),
    none: database.prepare(select(SHARDS.none)),
    one: database.prepare(select(SHARDS.one)),
  };
  const insert = database.prepare(
    `insert into evidence_part (source, hour, part, "left", "right", body, mac) values (?, ?, ?, ?, ?, ?, ?)
     on conflict (hour, source, part) do update set body = excluded.body, mac = excluded.mac`,
  );
  const move = database.prepare(
    `insert into evidence_position (source, time, recent, mac) values (?, ?, ?, ?)
     on conflict (source) do update set time = excluded.time, recent = excluded.recent, mac = excluded.mac`,
  );
  const position = database.prepare("select time, recent, mac from evidence_position where source = ?");
  const prune = database.prepare("delete from evidence_part where hour < ?");
  const bounds = database.prepare("select min(hour) as first, max(hour) as last from evidence_part");

  return {
    where: path,
    read: async ({ from, to, shards, source = null }) => {
      const rows =
        typeof shards === "string"
          ? reads[shards].all({ from, to, source })
          : reads.one.all({ from, to, source, namespace: shards.namespace });
      return rows as unknown as EvidenceRow[];
    },
    bounds: async () => {
      const row = bounds.get() as { first: number | null; last: number | null };
      return row.first === null || row.last === null ? null : { first: row.first, last: row.last };
    },
    hold: async (source) => {
      if (!held.has(source))
        held.set(source, isFile ? await locks.acquire(`collector of ${source}`, 0) : { release: () => {} });
      return (position.get(source) as PositionRow | undefined) ?? null;
    },
    write: async ({ source, rows, position: at, keepFrom }) => {
      if (!held.has(source))
        throw new OperatorError("busy", `the source ${source} is not held`, {
          where: path,
          remedy: "Begin collecting before committing.",
        });
      inTransaction(database, () => {
        for (const row of rows) insert.run(row.source, row.hour, row.part, row.left, row.right, row.body, row.mac);
        move.run(source, at.time, at.recent, at.mac);
        prune.run(keepFrom);
      });
    },
    release: async (source) => {
      held.get(source)?.release();
      held.delete(source);
    },
    dispose: async () => {
      for (const lock of held.values()) lock.release();
      held.clear();
      if (database.isOpen) database.close();
    },
  };
};

export interface OpenEvidence extends EvidenceStoreOptions {
  /** `evidence.sqlite` in the state folder, or `:memory:`. */
  readonly path: string;
  /** The state folder's secret: whoever lacks it cannot make evidence. */
  readonly key: string;
}

/** The evidence store of a state folder. */
export const openEvidenceStore = ({ path, key, ...options }: OpenEvidence): EvidenceStore =>
  evidenceStore(sqliteRows(path), key, options);
