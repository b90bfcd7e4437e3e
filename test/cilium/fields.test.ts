import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { cnpFields, fieldsPage } from "../../src/cilium/fields.ts";

test("the page of fields is current", () => {
  const page = readFileSync(path.join(import.meta.dirname, "..", "..", "docs", "cnp-fields.md"), "utf8");
  expect(page).toBe(fieldsPage());
});

test("every field is decided, carried or named as not decided, and the last says why", () => {
  const rows = cnpFields();
  expect(new Set(rows.map((r) => r.path)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThan(300);
  for (const row of rows) if (row.treatment === "not decided") expect(row.note, row.path).not.toBe("");
  for (const path of [
    "ingress[].fromEndpoints[].matchLabels",
    "egress[].toPorts[].rules.dns[].matchPattern",
    "egressDeny[].icmps[].fields[].type",
  ]) {
    expect(rows.map((r) => r.path)).toContain(path);
  }
});
