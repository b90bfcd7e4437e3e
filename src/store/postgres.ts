import { Client, Pool, type QueryResultRow } from "pg";
import { OperatorError } from "../facts/errors.ts";
import { type EvidenceStore, evidenceStore, type EvidenceStoreOptions } from "./evidence.ts";
import type { EvidenceRow, EvidenceRows, PositionRow } from "./evidence-rows.ts";

const SCHEMA = `
  create table if not exists evidence_part (
    hour bigint not null, source text not null, part text not null, "left" text not null, "right" text not null,
    body bytea not null, mac text not null, primary key (hour, source, part)
  );
  create table if not exists evidence_position (
    source text primary key, time double precision not null, recent bytea not null, mac text not null
  );
`;

/** Any number that is ours: advisory locks of one database share one space. */
const LOCKS = 1_852_797_040;
const SCHEMA_LOCK = 1;

const CONNECT = 10_000;

const withoutPassword = (url: string): string => {
  if (!URL.canParse(url)) return "the configured database";
  const { protocol, hostname, port, pathname } = new URL(url);
  return `${protocol}//${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
};

const unreachable = (where: string, cause: unknown): OperatorError =>
  new OperatorError("outside", `the evidence store: ${cause instanceof Error ? cause.message : String(cause)}`, {
    where,
    remedy: "Check the URL, the rights to create tables in it, and that the database runs.",
    cause,
  });

const evidenceRow = (row: QueryResultRow): EvidenceRow => ({
  source: String(row["source"]),
  hour: Number(row["hour"]),
  part: String(row["part"]),
  left: String(row["left"]),
  right: String(row["right"]),
  body: row["body"] as Buffer,
  mac: String(row["mac"]),
});

const FILTERS = {
  all: "",
  none: `and part in ('watch', 'index')`,
  one: `and (part in ('watch', 'index') or "left" = $4 or "right" = $4)`,
} as const;

/**
 * Rows in Postgres. A collector holds its source by an advisory lock of the very session that writes: whoever lost the
 * connection lost the lock and cannot write, and a killed collector's lock is gone when its connection is. So of several
 * collectors of one source one writes, and the others stand by.
 */
export const postgresRows = async (url: string): Promise<EvidenceRows> => {
  const where = withoutPassword(url);
  const pool = new Pool({ connectionString: url, max: 4, connectionTimeoutMillis: CONNECT });
  pool.on("error", () => {});
  const writers = new Map<string, Client>();

  const ask = async (sql: string, values: unknown[]): Promise<QueryResultRow[]> => {
    try {
      return (await pool.query(sql, values)).rows as QueryResultRow[];
    } catch (cause) {
      throw unreachable(where, cause);
    }
  };

  const prepare = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      // `create table if not exists` of two sessions at once may collide all the same.
      await client.query("select pg_advisory_lock($1, $2)", [LOCKS, SCHEMA_LOCK]);
      await client.query(SCHEMA);
      await client.query("select pg_advisory_unlock($1, $2)", [LOCKS, SCHEMA_LOCK]);
    } finally {
      client.release();
    }
  };
  try {
    await prepare();
  } catch (cause) {
    await pool.end();
    throw unreachable(where, cause);
  }

  const held = (source: string): OperatorError =>
    new OperatorError("busy", `another collector writes the evidence of ${source}`, {
      where,
      remedy: "Let this one wait beside it: it can take over when the other is gone.",
    });

  const lock = async (source: string): Promise<Client> => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT, keepAlive: true });
    client.on("error", () => writers.delete(source));
    try {
      await client.connect();
      const { rows } = await client.query("select pg_try_advisory_lock($1, hashtext($2)) as held", [LOCKS, source]);
      if ((rows[0] as { held: boolean }).held) return client;
    } catch (cause) {
      await client.end().catch(() => {});
      throw unreachable(where, cause);
    }
    await client.end();
    throw held(source);
  };

  const release = async (source: string): Promise<void> => {
    const client = writers.get(source);
    writers.delete(source);
    await client?.end().catch(() => {});
  };

  return {
    where,
    read: async ({ from, to, shards, source = null }) => {
      const select = `select source, hour, part, "left", "right", body, mac from evidence_part
        where hour between $1 and $2 and ($3::text is null or source = $3)`;
      const isOne = typeof shards !== "string";
      const filter = isOne ? FILTERS.one : FILTERS[shards];
      // Infinite windows are for callers; a bigint knows none.
      const values = [Math.round(Math.max(from, -8.64e15)), Math.round(Math.min(to, 8.64e15)), source];
      const rows = await ask(`${select} ${filter}`, isOne ? [...values, shards.namespace] : values);
      return rows.map(evidenceRow);
    },
    bounds: async () => {
      const [row] = await ask("select min(hour) as first, max(hour) as last from evidence_part", []);
      const first: unknown = row?.["first"];
      return first === null || first === undefined ? null : { first: Number(first), last: Number(row?.["last"]) };
    },
    hold: async (source) => {
      if (!writers.has(source)) writers.set(source, await lock(source));
      const [row] = await ask("select time, recent, mac from evidence_position where source = $1", [source]);
      return row === undefined ? null : (row as PositionRow);
    },
    write: async ({ source, rows, position, keepFrom }) => {
      const client = writers.get(source);
      if (client === undefined) throw held(source);
      try {
        await client.query("begin");
        // One statement for all rows: a round trip each would cost more than the work.
        await client.query(
          `insert into evidence_part (source, hour, part, "left", "right", body, mac)
           select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[])
           on conflict (hour, source, part) do update set body = excluded.body, mac = excluded.mac`,
          [
            rows.map((r) => r.source),
            rows.map((r) => r.hour),
            rows.map((r) => r.part),
            rows.map((r) => r.left),
            rows.map((r) => r.right),
            rows.map((r) => Buffer.from(r.body)),
            rows.map((r) => r.mac),
          ],
        );
        await client.query(
          `insert into evidence_position (source, time, recent, mac) values ($1, $2, $3, $4)
           on conflict (source) do update set time = excluded.time, recent = excluded.recent, mac = excluded.mac`,
          [source, position.time, Buffer.from(position.recent), position.mac],
        );
        await client.query("delete from evidence_part where hour < $1", [keepFrom]);
        await client.query("commit");
      } catch (cause) {
        await client.query("rollback").catch(() => {});
        throw unreachable(where, cause);
      }
    },
    release,
    dispose: async () => {
      for (const source of writers.keys()) await release(source);
      if (!pool.ending) await pool.end();
    },
  };
};

/**
 * The evidence store in a Postgres database that several collectors and readers share.
 * @param options.url `postgres://user:password@host:port/database`
 * @throws OperatorError `outside` when the database cannot be reached
 */
export const openPostgresEvidence = async (
  options: EvidenceStoreOptions & { readonly url: string; readonly key: string },
): Promise<EvidenceStore> => {
  const { url, key, ...rest } = options;
  return evidenceStore(await postgresRows(url), key, rest);
};
