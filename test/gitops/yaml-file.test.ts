import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readWhole, readYaml } from "../../src/gitops/yaml-file.ts";

const value = (text: string): unknown => readYaml(text).documents[0]?.value;

describe("YAML as Kubernetes reads it", () => {
  it("takes yes and no for booleans, as values and never as keys", () => {
    expect(value("a: yes\non: No\nb: 'no'\n")).toEqual({ a: true, on: false, b: "no" });
  });

  it("takes a leading zero for octal and a merge key for a merge", () => {
    expect(value("mode: 0755\nbase: &b {x: 1, y: 2}\nall:\n  <<: *b\n  y: 3\n")).toEqual({
      mode: 493,
      base: { x: 1, y: 2 },
      all: { x: 1, y: 3 },
    });
  });

  it("reads whole numbers and bytes as Go does", () => {
    const text =
      "{a: 010, b: 0o10, c: 0b11, d: 8_080, e: 0x_1F, f: -010, g: 09, h: 1_a, i: !!binary aGVsbG8=, j: +1_0}";
    const values = { a: 8, b: 8, c: 3, d: 8080, e: 31, f: -8, g: 9, h: "1_a", i: "hello", j: 10 };
    expect(value(text)).toEqual(values);
    // The same where the plain reader might take it.
    for (const item of ["010", "0b11", "8_080", "0x_1F", "-010", "+1_0", "1_a"])
      expect(readYaml(`a: ${item}\n`).documents[0]?.value).toEqual(readWhole(`a: ${item}\n`).documents[0]?.value);
  });

  it("says where Go would read more than is seen here, or less", () => {
    const said = (text: string): string =>
      readYaml(text).problems.map((p) => `${p.line}:${p.column} ${p.what}`)[0] ?? "";
    for (const end of ["\u0085", "\u2028", "\u2029", "\r"])
      expect(said(`a: 1\n# c${end}b: 2\n`)).toMatch(/^2:4 a character that ends a line only for some readers/);
    expect(said("a: 1\n---\n\uFEFFb: 2\n")).toMatch(/^3:1 .*U\+FEFF/);
    expect(said("a: 1\n... # end\n\n# c\nb: 2\n")).toBe("2:1 what follows `...` without a `---` is not applied");
    for (const text of ["\uFEFFa: 1\r\nb: 2\r\n", "a: 1\n...\n# c\n---\nb: 2\n", "a: 1\n...\n", "a: |\n  ...\n  b\n"])
      expect(said(text)).toBe("");
  });

  it("takes an alias for a key without a blank behind it", () => {
    const file = readYaml("name: &app wiki\ncontrollers:\n  *app:\n    type: x\n");
    expect(file.problems).toEqual([]);
    expect(file.documents[0]?.value).toEqual({ name: "wiki", controllers: { wiki: { type: "x" } } });
    expect(file.documents[0]?.find(["controllers", "wiki", "type"])).toEqual({ line: 4, column: 5, exact: true });
  });

  it("finds places through aliases and merges, and the nearest place for what is not there", () => {
    const [document] = readYaml("base: &b\n  x: 1\nuse: *b\nmerged:\n  <<: *b\nlist:\n  - a\n  - b: 2\n").documents;
    expect(document?.find(["use", "x"])).toEqual({ line: 2, column: 3, exact: true });
    expect(document?.find(["merged", "x"])).toEqual({ line: 2, column: 3, exact: true });
    expect(document?.find(["list", 1, "b"])).toEqual({ line: 8, column: 5, exact: true });
    expect(document?.find(["list", 1, "nothing"])).toEqual({ line: 8, column: 5, exact: false });
  });

  it("knows where the text of a string begins", () => {
    const [document] = readYaml('a: |\n\n    one\n    two\nb: "q"\nc: p\n').documents;
    expect(document?.textStart(["a"])).toEqual({ line: 2, column: 5, block: true });
    expect(document?.textStart(["b"])).toEqual({ line: 5, column: 5, block: false });
    expect(document?.textStart(["c"])).toEqual({ line: 6, column: 4, block: false });
  });

  it("reads several documents, and counts lines through all of them", () => {
    const { documents } = readYaml("---\na: 1\n---\n# only a comment\n---\nb: 2\n");
    expect(documents.map((d) => d.value)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(documents[1]?.find(["b"]).line).toBe(6);
  });

  it("names what is broken and where, and never throws", () => {
    const problem = (text: string): string =>
      readYaml(text).problems.map((p) => `${p.line}:${p.column} ${p.what}`)[0] ?? "";
    expect(problem("a: 1\na: 2\n")).toBe("2:1 the same key stands twice in one map");
    expect(problem("a:\n\tb: 1\n")).toMatch(/^2:\d+ /);
    expect(problem("a: [1\n")).toMatch(/^\d+:\d+ broken YAML/);
    expect(problem("a: *nobody\n")).toMatch(/broken YAML/);
    expect(problem("\0")).toBe("1:1 the file is not text (it holds NUL bytes)");
    const bomb = `a: &a [x]\n${Array.from("bcdefgh")
      .map((c, i) => `${c}: &${c} [${`*${"abcdefgh"[i]},`.repeat(30)}]`)
      .join("\n")}\n`;
    expect(problem(bomb)).toMatch(/broken YAML/);
  });

  it("is not brought to its knees: deep nesting, many keys, many variables", () => {
    expect(readYaml("[".repeat(200_000)).problems.length).toBeGreaterThan(0);
    expect(readYaml("- ".repeat(200_000)).problems.length).toBeGreaterThan(0);
    expect(readYaml(`a: ${"[".repeat(400)}${"]".repeat(400)}\n`).problems[0]?.what).toMatch(/nested/);
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n");
    expect(readYaml(`${keys}\nk7: 2\n`).problems).toEqual([
      { what: "the same key stands twice in one map", line: 20_001, column: 1 },
    ]);
  });

  it("survives any text", () => {
    const unit = fc.constantFrom(...Array.from("-:?#&*!|>'\"%@`{}[],\n\t ab0~<=\u0000\uFEFF\u00e9"));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => void readYaml(text)),
      { numRuns: 1_000 },
    );
  });

  it("finds every key that it read where it stands", () => {
    const key = fc.stringMatching(/^[a-z]{1,5}$/);
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.dictionary(key, tie("node"), { maxKeys: 3 }),
        fc.array(tie("node"), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.dictionary(key, tree, { minKeys: 1, maxKeys: 3 }), (object) => {
        const text = stringify(object);
        const lines = text.split("\n");
        const [document] = readYaml(text).documents;
        const visit = (at: unknown, path: readonly (string | number)[]): void => {
          const place = document?.find(path);
          const last = path.at(-1);
          if (typeof last === "string")
            expect(lines[(place?.line ?? 0) - 1]?.slice((place?.column ?? 0) - 1)).toMatch(new RegExp(`^${last}:`));
          if (Array.isArray(at)) at.forEach((item, i) => visit(item, [...path, i]));
          else if (typeof at === "object" && at !== null)
            for (const [k, v] of Object.entries(at)) visit(v, [...path, k]);
        };
        visit(document?.value, []);
      }),
    );
  });
});
