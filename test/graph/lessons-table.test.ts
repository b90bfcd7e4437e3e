import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readIncidents } from "../../evals/incident.ts";
import { RULES } from "../../src/audit/rules/index.ts";
import { lessonOf } from "../../src/facts/lessons.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { lessonsMarkdown } from "../../src/graph/lessons-table.ts";

const incidents = readIncidents(null);
const page = resolve(import.meta.dirname, "../../docs/lessons.md");

describe("the lessons", () => {
  it("stand in the docs as gates and rules name them", () => {
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, lessonsMarkdown(incidents));
    expect(readFileSync(page, "utf8")).toBe(lessonsMarkdown(incidents));
  });

  it("that a gate or a rule names are on the list", () => {
    const named = [
      ...Object.values(gates).flatMap((gate) => gate.lessons),
      ...RULES.flatMap((rule) => rule.lesson ?? []),
    ];
    expect(named.filter((number) => lessonOf(number) === null)).toEqual([]);
  });
});
