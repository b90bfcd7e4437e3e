import { createHash, randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { SignOffRequest } from "../facts/attestation.ts";
import type { Clock } from "../facts/clock.ts";

const SCHEMA = `
  create table if not exists signoff_requests (
    id text primary key, namespace text not null, record text not null, created_at integer not null
  ) strict;
  create table if not exists signoff_opened (
    request text not null, url text not null, opened_at integer not null, primary key (request, url)
  ) strict;
  create table if not exists attestations (
    id text primary key, request text not null unique, body text not null, stored_at integer not null
  ) strict;
  create table if not exists signoffs (
    attestation text primary key, namespace text not null, recorded_at integer not null
  ) strict;
  create table if not exists enrolment_codes (
    hash text primary key, name text not null, expires_at integer not null, used_at integer
  ) strict;
`;

const TEN_MINUTES = 10 * 60_000;

const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");

/** Letters and digits that cannot be taken for one another when read aloud. */
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/** One value has one spelling here; text that is another was written by somebody else. */
const asWritten = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
};

type Row = Readonly<Record<string, string | number | null>>;

/** The bytes of sign-off: requests, what was opened from the page, attestations, who used which. No judgement here. */
export interface SignOffStore {
  putRequest(request: SignOffRequest): void;
  request(id: string): SignOffRequest | null;
  /** Those that no attestation answered, newest first. */
  unanswered(namespace: string | null): readonly SignOffRequest[];
  /** The first opening counts. */
  opened(request: string, url: string): void;
  openings(request: string): ReadonlyMap<string, number>;
  /** False when the request has an attestation already: one walk, one signature. */
  putAttestation(attestation: { id: string; request: string; body: unknown }): boolean;
  attestations(): readonly { readonly id: string; readonly request: string; readonly body: unknown }[];
  /** Spends an attestation; false when it was spent before. */
  record(attestation: string, namespace: string): boolean;
  recorded(): readonly { readonly attestation: string; readonly namespace: string; readonly at: number }[];
  /** A one-time code for enrolling a passkey, ten minutes long, shown once. */
  newCode(name: string): string;
  /** The name the code was made for, once. */
  useCode(code: string): string | null;
  dispose(): void;
}

export const openSignOffStore = (path: string, clock: Clock): SignOffStore => {
  const database = new DatabaseSync(path, { timeout: 10_000 });
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  database.exec(SCHEMA);
  const all = (sql: string, ...values: (string | number)[]): Row[] =>
    database.prepare(sql).all(...values) as unknown as Row[];
  const change = (sql: string, ...values: (string | number)[]): boolean =>
    database.prepare(sql).run(...values).changes === 1;
  const record = (row: Row): SignOffRequest => JSON.parse(String(row["record"])) as SignOffRequest;

  return {
    putRequest: (request) => {
      change(
        "insert or ignore into signoff_requests (id, namespace, record, created_at) values (?, ?, ?, ?)",
        request.id,
        request.namespace,
        JSON.stringify(request),
        request.createdAt,
      );
    },
    request: (id) => all("select record from signoff_requests where id = ?", id).map(record)[0] ?? null,
    unanswered: (namespace) =>
      all(
        "select * from signoff_requests where id not in (select request from attestations) order by created_at desc, rowid desc",
      )
        .filter((row) => namespace === null || row["namespace"] === namespace)
        .map(record),
    opened: (request, url) => {
      change(
        "insert or ignore into signoff_opened (request, url, opened_at) values (?, ?, ?)",
        request,
        url,
        clock.now(),
      );
    },
    openings: (request) =>
      new Map(
        all("select url, opened_at from signoff_opened where request = ?", request).map((row) => [
          String(row["url"]),
          Number(row["opened_at"]),
        ]),
      ),
    putAttestation: ({ id, request, body }) =>
      change(
        "insert or ignore into attestations (id, request, body, stored_at) values (?, ?, ?, ?)",
        id,
        request,
        JSON.stringify(body),
        clock.now(),
      ),
    attestations: () =>
      all("select * from attestations order by stored_at").map((row) => ({
        id: String(row["id"]),
        request: String(row["request"]),
        body: asWritten(String(row["body"])),
      })),
    record: (attestation, namespace) =>
      change(
        "insert or ignore into signoffs (attestation, namespace, recorded_at) values (?, ?, ?)",
        attestation,
        namespace,
        clock.now(),
      ),
    recorded: () =>
      all("select * from signoffs order by recorded_at").map((row) => ({
        attestation: String(row["attestation"]),
        namespace: String(row["namespace"]),
        at: Number(row["recorded_at"]),
      })),
    newCode: (name) => {
      const letters = [...randomBytes(12)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? "2");
      const code = `${letters.slice(0, 4).join("")}-${letters.slice(4, 8).join("")}-${letters.slice(8).join("")}`;
      change(
        "insert into enrolment_codes (hash, name, expires_at) values (?, ?, ?)",
        hashOf(code),
        name,
        Date.now() + TEN_MINUTES,
      );
      return code;
    },
    useCode: (code) => {
      const hash = hashOf(code.trim().toUpperCase());
      const used = change(
        "update enrolment_codes set used_at = ? where hash = ? and used_at is null and expires_at > ?",
        Date.now(),
        hash,
        Date.now(),
      );
      const row = used ? all("select name from enrolment_codes where hash = ?", hash)[0] : undefined;
      return row === undefined ? null : String(row["name"]);
    },
    dispose: () => database.close(),
  };
};
