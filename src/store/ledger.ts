import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../facts/clock.ts";
import type { Ledger, LedgerEntry } from "../facts/ports.ts";

const GENESIS = "0".repeat(64);

interface Row {
  readonly seq: number;
  readonly time: number;
  readonly kind: string;
  readonly thread: string | null;
  readonly namespace: string | null;
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
}

const SCHEMA = `
  create table if not exists ledger (
    seq integer primary key, time integer not null, kind text not null, thread text, namespace text,
    body text not null, previous text not null unique, hash text not null unique
  ) strict;
  create trigger if not exists ledger_is_append_only_update before update on ledger
    begin select raise(abort, 'the ledger is append-only'); end;
  create trigger if not exists ledger_is_append_only_delete before delete on ledger
    begin select raise(abort, 'the ledger is append-only'); end;
`;

/** Over exactly what is stored: the body's text as written, not what it parses to. */
const hashOf = (row: Omit<Row, "hash">): string =>
  createHash("sha256")
    .update(JSON.stringify([row.seq, row.time, row.kind, row.thread, row.namespace, row.body, row.previous]))
    .digest("hex");

export type LedgerState =
  | { readonly whole: true; readonly entries: number; readonly head: string }
  | { readonly whole: false; readonly entries: number; readonly at: number; readonly why: string };

export interface LedgerStore extends Ledger {
  entries(filter?: { namespace?: string; last?: number }): readonly LedgerEntry[];
  /** Reads the whole chain and names the first line that does not hold. */
  verify(): LedgerState;
  dispose(): void;
}

/**
 * The one append-only, hash-chained record of everything asked, judged and done. The triggers stop accidents; the chain
 * shows what somebody with the file did. A cut tail cannot be seen from inside: compare the head with one kept elsewhere.
 */
export const openLedger = (path: string, clock: Clock): LedgerStore => {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  database.exec(SCHEMA);
  const last = database.prepare("select seq, hash from ledger order by seq desc limit 1");
  const insert = database.prepare(
    "insert into ledger (seq, time, kind, thread, namespace, body, previous, hash) values (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const all = database.prepare("select * from ledger order by seq");
  const rows = (): Row[] => all.all() as unknown as Row[];

  const toEntry = (row: Row): LedgerEntry => ({
    ...row,
    body: JSON.parse(row.body) as Readonly<Record<string, unknown>>,
  });

  return {
    append: async ({ kind, thread, namespace, body }) => {
      // Immediate, so that two processes cannot chain to the same line.
      database.exec("begin immediate");
      try {
        const head = last.get() as { seq: number; hash: string } | undefined;
        const draft = {
          seq: (head?.seq ?? 0) + 1,
          time: clock.now(),
          kind,
          thread,
          namespace,
          body: JSON.stringify(body),
          previous: head?.hash ?? GENESIS,
        };
        const hash = hashOf(draft);
        insert.run(draft.seq, draft.time, kind, thread, namespace, draft.body, draft.previous, hash);
        database.exec("commit");
        return toEntry({ ...draft, hash });
      } catch (error) {
        database.exec("rollback");
        throw error;
      }
    },
    entries: (filter = {}) => {
      const wanted = rows().filter((row) => filter.namespace === undefined || row.namespace === filter.namespace);
      return (filter.last === undefined ? wanted : wanted.slice(-filter.last)).map(toEntry);
    },
    verify: () => {
      let previous = GENESIS;
      let seq = 0;
      const chain = rows();
      for (const row of chain) {
        seq += 1;
        const broken = (why: string): LedgerState => ({ whole: false, entries: chain.length, at: row.seq, why });
        if (row.seq !== seq) return broken(`line ${seq} is missing`);
        if (row.previous !== previous) return broken("it does not follow the line before it");
        if (row.hash !== hashOf(row)) return broken("its contents were changed");
        previous = row.hash;
      }
      return { whole: true, entries: chain.length, head: previous };
    },
    dispose: () => database.close(),
  };
};
