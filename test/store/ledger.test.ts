import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLedger, type LedgerStore } from "../../src/store/ledger.ts";

let dir: string;
let path: string;
let ledger: LedgerStore;

const entry = (namespace: string): Parameters<LedgerStore["append"]>[0] => ({
  kind: "request",
  thread: "t",
  namespace,
  body: { asked: `lock down ${namespace}` },
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "ledger-"));
  path = join(dir, "ledger.sqlite");
  ledger = openLedger(path, { now: () => 1 });
  for (const namespace of ["a", "b", "c"]) await ledger.append(entry(namespace));
});
afterEach(() => {
  ledger.dispose();
  rmSync(dir, { recursive: true, force: true });
});

/** Somebody with the file and without scruples. */
const tamper = (sql: string): void => {
  const database = new DatabaseSync(path);
  database.exec("drop trigger ledger_is_append_only_update; drop trigger ledger_is_append_only_delete");
  database.exec(sql);
  database.close();
};

describe("the ledger", () => {
  it("is whole when nobody touched it", () => {
    expect(ledger.verify()).toMatchObject({ whole: true, entries: 3 });
    expect(ledger.entries({ namespace: "b" }).map((e) => e.body)).toEqual([{ asked: "lock down b" }]);
  });

  it("refuses to be changed by accident", () => {
    const database = new DatabaseSync(path);
    expect(() => database.exec("update ledger set body = '{}'")).toThrow("append-only");
    expect(() => database.exec("delete from ledger")).toThrow("append-only");
    database.close();
  });

  it.each([
    ["an edited line", "update ledger set body = '{}' where seq = 2", 2, "its contents were changed"],
    ["a line taken out", "delete from ledger where seq = 2", 3, "line 2 is missing"],
    ["a line whose time was moved", "update ledger set time = 2 where seq = 3", 3, "its contents were changed"],
    ["a line re-hashed on its own", "update ledger set hash = 'x' where seq = 1", 1, "its contents were changed"],
  ])("shows %s", (_, sql, at, why) => {
    tamper(sql);
    expect(ledger.verify()).toMatchObject({ whole: false, at, why });
  });

  it("is one chain for two writers", async () => {
    const other = openLedger(path, { now: () => 2 });
    await Promise.all([ledger.append(entry("d")), other.append(entry("e")), ledger.append(entry("f"))]);
    other.dispose();
    expect(ledger.verify()).toMatchObject({ whole: true, entries: 6 });
  });
});
