import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlain } from "../../src/gitops/plain-yaml.ts";
import { readWhole, readYaml, type YamlFile } from "../../src/gitops/yaml-file.ts";

type Path = readonly (string | number)[];

/** Every path of a value, and one that is not there below each. */
const pathsOf = (value: unknown, path: Path = []): readonly Path[] => [
  path,
  [...path, "nowhere"],
  ...(typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]))
    : []),
];

/** All that anybody can ask of a file: values, and where each of them stands. */
const toldOf = ({ documents, problems }: YamlFile): unknown => ({
  problems,
  documents: documents.map(({ value, find, textStart }) => ({
    value,
    places: pathsOf(value).map((path) => [path, find(path), textStart(path)]),
  })),
});

const sample = join(import.meta.dirname, "../../src/world/sample");
const manifests = globSync("**/*.yaml", { cwd: sample }).map((path) => readFileSync(join(sample, path), "utf8"));

describe("the plain reader", () => {
  it("reads what manifests are written in", () => {
    const read = manifests.filter((text) => readPlain(text) !== null);
    expect(read.length).toBeGreaterThan(manifests.length * 0.9);
    const [document] =
      readPlain('a: &x one # why\nb:\n- *x\n- { c: "d", e: [1, yes] }\nf: |-\n\n  two\n   three\n') ?? [];
    const [shared] = readPlain("a: &n web\nb:\n  *n:\n    c: &l\n      - 1\n  d: *l\n") ?? [];
    expect(shared?.value).toEqual({ a: "web", b: { web: { c: [1] }, d: [1] } });
    expect(document?.value).toEqual({ a: "one", b: ["one", { c: "d", e: [1, true] }], f: "\ntwo\n three" });
  });

  it("says of every manifest of the sample what the library says", () => {
    for (const text of manifests) expect(toldOf(readYaml(text))).toEqual(toldOf(readWhole(text)));
  });

  it.each([
    "a: 1\na: 2\n",
    "a: b: c\n",
    "a: one\n  two\n",
    "a: 'it''s'\n",
    'a: "\\n"\n',
    "a: >\n  folded\n",
    "a: &x\n  - 1\nb: &y\n  - *x\nc: *y\n",
    "a: &x 1\n*x: 2\n",
    "a: !t b\n",
    "? a\n",
    "a:\n\tb: 1\n",
    "a:\n   b: 1\n  c: 2\n",
    "yes: 1\n",
    "a:\n",
    "a: nULL\n",
    "__proto__: 1\n",
    // A no-break space is text: `"false "` is no truth, and no marker, end or blank line is made of it.
    ..."\u00A0\u1680\u2003\u202F\u205F\u3000"
      .split("")
      .flatMap((space) => [
        `a: false${space}\n`,
        `a: ${space}b\n`,
        `a: "b"${space}\n`,
        `- ${space}a: b\n`,
        `a: b\n---\n${space}\n---\nc: d\n`,
        `a: b\n---${space}\nc: d\n`,
      ]),
    // An anchor that stands twice: inside what it names, the earlier holder is not meant; after, the later one is.
    "a: &x one\nb: &x\n  c: *x\n",
    "a: &x\n  b: &x one\nc: *x\n",
    `${"k".repeat(1_025)}: 1\n`,
    `a: { ${"k".repeat(1_025)}: 1 }\n`,
  ])("leaves %j to the library", (text) => {
    expect(readPlain(text)).toBeNull();
  });

  const BITS =
    `|  |\n|- |: |:|#| #|'|"|[|]|{|}|,|>|&a |*a|~|null|yes|0755|1.5|-1|0x1f|---\n|...|\t|<<: |? |!x |%|@|\\|é|1e3|.5|No|oN|\u00A0|\u3000|\u00A0\n|\n\n`
      .split("|")
      .concat("|", "|-", "a: b\n", "  - c\n");
  const line = fc.constantFrom(...manifests.flatMap((text) => text.split("\n")).filter((l) => l.trim() !== ""));
  const written = fc
    .array(fc.oneof({ weight: 4, arbitrary: line }, { weight: 1, arbitrary: fc.constantFrom(...BITS) }), {
      maxLength: 8,
    })
    .map((lines) => lines.join("\n"));
  const broken = fc
    .tuple(fc.constantFrom(...manifests), fc.nat(), fc.constantFrom(...BITS), fc.nat(2))
    .map(([text, at, bit, cut]) => {
      const where = at % (text.length + 1);
      return text.slice(0, where) + bit + text.slice(where + cut);
    });

  it("never says anything else than the library, of whatever is written", () => {
    fc.assert(
      fc.property(fc.oneof(written, broken), (text) => {
        if (readPlain(text) !== null) expect(toldOf(readYaml(text))).toEqual(toldOf(readWhole(text)));
      }),
      { numRuns: 400, seed: 20_260_601 },
    );
  });
});
