import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRehearsals } from "../../src/store/rehearsals.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "rehearsals-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const A = "a".repeat(64);
const B = "b".repeat(64);

/** A store with one success in it, after somebody was at its rows. */
const after = (name: string, sql: string, key = "key") => {
  const path = join(folder, `${name}.sqlite`);
  const store = openRehearsals(path, "key");
  store.write(A, ["suspended x/y"]);
  store.dispose();
  const rows = new DatabaseSync(path);
  rows.exec(sql);
  rows.close();
  return openRehearsals(path, key);
};

describe("a rehearsal that is remembered", () => {
  it("counts for its digest and for no other", () => {
    const store = after("honest", "select 1");
    expect(store.read(A)).toEqual(["suspended x/y"]);
    expect(store.read(B)).toBeNull();
    store.dispose();
  });

  it.each([
    ["moved", `update rehearsals set digest = '${B}'`],
    [
      "copied",
      `insert into rehearsals select '${B}', steps, seal from rehearsals; delete from rehearsals where digest = '${A}'`,
    ],
    ["edited", `update rehearsals set steps = '["suspended x/z"]'`],
    ["emptied", `update rehearsals set steps = '[]'`],
    ["broken", `update rehearsals set steps = '{'`],
    ["sealed-anew", `update rehearsals set seal = '${"0".repeat(64)}'`],
    ["sealed-short", "update rehearsals set seal = ''"],
  ])("does not count where its row was %s", (name, sql) => {
    const store = after(name, sql);
    expect([store.read(A), store.read(B)]).toEqual([null, null]);
    store.dispose();
  });

  it("does not count under another key, and can be written anew", () => {
    const store = after("other-key", "select 1", "another");
    expect(store.read(A)).toBeNull();
    store.write(A, ["deleted"]);
    expect(store.read(A)).toEqual(["deleted"]);
    store.dispose();
  });
});
