import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { CheckReader, CheckState, GreenWriter, NoticeWriter } from "../facts/ports.ts";
import type { Clock } from "../facts/clock.ts";

const SCHEMA = `
  create table if not exists checks (
    id integer primary key, head text not null, at integer not null,
    state text not null check (state in ('success', 'failure', 'pending')), summary text not null, text text not null
  ) strict;
  create index if not exists checks_of_a_head on checks (head, id);
`;

export interface LocalCheck {
  readonly read: CheckReader & {
    /** With everything it said, for a person. */
    told(head: string): (CheckState & { readonly text: string }) | null;
  };
  readonly notices: NoticeWriter;
  readonly green: GreenWriter;
  dispose(): void;
}

/** The check beside the local forge's pull requests: every word is kept, the newest counts. */
export const localCheck = (options: {
  /** Folder of `forge.sqlite`. */
  readonly state: string;
  readonly clock: Clock;
}): LocalCheck => {
  const database = new DatabaseSync(join(options.state, "forge.sqlite"), { timeout: 10_000 });
  database.exec("pragma journal_mode = wal");
  database.exec(SCHEMA);
  const write = (head: string, state: CheckState["state"], summary: string, text: string): void => {
    database
      .prepare("insert into checks (head, at, state, summary, text) values (?, ?, ?, ?, ?)")
      .run(head, options.clock.now(), state, summary, text);
  };
  const told = (head: string): (CheckState & { readonly text: string }) | null => {
    const row = database
      .prepare("select state, summary, text from checks where head = ? order by id desc limit 1")
      .get(head) as (CheckState & { readonly text: string }) | undefined;
    return row === undefined ? null : { state: row.state, summary: row.summary, text: row.text };
  };
  return {
    read: {
      told,
      check: async (head) => {
        const found = told(head);
        return found === null ? null : { state: found.state, summary: found.summary };
      },
    },
    notices: { notice: async ({ head, state, summary, text }) => write(head, state, summary, text) },
    green: { green: async ({ head, summary, text }) => write(head, "success", summary, text) },
    dispose: () => database.close(),
  };
};
