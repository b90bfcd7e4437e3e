import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MINUTE } from "../../src/facts/clock.ts";
import { openConfirmations } from "../../src/store/confirmations.ts";
import { confirm } from "../../src/store/confirm.ts";

const KEY = "k".repeat(43);
const NOW = 1_000_000;
let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "confirmations-"));
  path = join(folder, "confirmations.sqlite");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (): string =>
  confirm({ path, key: KEY, clock: { now: () => NOW } }, { namespace: "media", digest: "d", by: "robin" });
const read = (id: string, key = KEY) => {
  const store = openConfirmations(path, key);
  const found = store.read(id);
  store.dispose();
  return found;
};
const edit = (sql: string, ...values: string[]): void => {
  const database = new DatabaseSync(path);
  database.prepare(sql).run(...values);
  database.close();
};

describe("a confirmation as it is stored", () => {
  it("is read as the terminal wrote it, for a quarter of an hour", () => {
    expect(read(write())).toMatchObject({
      namespace: "media",
      digest: "d",
      by: "robin",
      at: NOW,
      expiresAt: NOW + 15 * MINUTE,
      used: false,
      seal: { state: "valid" },
    });
  });

  it("is spent once, whoever asks", () => {
    const id = write();
    const store = openConfirmations(path, KEY);
    expect([store.spend(id), store.spend(id)]).toEqual([true, false]);
    store.dispose();
    expect(read(id)).toMatchObject({ used: true });
  });

  it.each(["namespace", "digest", "by", "at", "expiresAt"])(
    "with another %s in its row is not the terminal's",
    (field) => {
      const id = write();
      const value = field === "at" || field === "expiresAt" ? "1" : '"x"';
      edit(`update confirmations set record = json_set(record, '$.${field}', json(?))`, value);
      expect(read(id)).toMatchObject({ seal: { state: "invalid" } });
    },
  );

  it("made by somebody who has the rows but not the key is none", () => {
    const id = write();
    edit("update confirmations set seal = ?", "0".repeat(64));
    expect(read(id)).toMatchObject({ seal: { state: "invalid" } });
    expect(read(write(), "another".padEnd(43, "x"))).toMatchObject({ seal: { state: "invalid" } });
  });

  it("copied to another id, damaged or absent is not found", () => {
    const id = write();
    edit("insert into confirmations select 'other', record, seal from confirmations");
    expect(read("other")).toBeNull();
    edit("update confirmations set record = ?", '{"id":');
    expect(read(id)).toBeNull();
    expect(read("nobody's")).toBeNull();
  });
});
