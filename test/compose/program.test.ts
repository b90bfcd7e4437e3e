import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOfProgram } from "../../src/compose/program.ts";

let root = "";
const at = (...path: readonly string[]): string => join(root, ...path);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "program-"));
  mkdirSync(at("src", "graph"), { recursive: true });
  writeFileSync(at("package.json"), "{}");
  writeFileSync(at("src", "main.ts"), "1");
  writeFileSync(at("src", "graph", "gate.ts"), "2");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("which program this is", () => {
  it.each<[string, () => void]>([
    ["a changed file", () => writeFileSync(at("src", "graph", "gate.ts"), "3")],
    ["a new file", () => writeFileSync(at("src", "new.ts"), "")],
    ["a file of another name", () => renameSync(at("src", "main.ts"), at("src", "other.ts"))],
    [
      "what moved from one file to the next",
      () => {
        writeFileSync(at("src", "graph", "gate.ts"), "");
        writeFileSync(at("src", "main.ts"), "21");
      },
    ],
    ["another dependency", () => writeFileSync(at("package.json"), "{ }")],
    ["another lock file", () => writeFileSync(at("package-lock.json"), "{}")],
  ])("is another one for %s", (_what, change) => {
    const before = digestOfProgram(at("src"));
    change();
    expect(digestOfProgram(at("src"))).not.toBe(before);
  });

  it("is the same one wherever it lies, and whatever stands beside it", () => {
    const before = digestOfProgram(at("src"));
    writeFileSync(at("src", "notes.md"), "a note");
    writeFileSync(at("README.md"), "a note");
    expect(digestOfProgram(at("src"))).toBe(before);
  });
});
