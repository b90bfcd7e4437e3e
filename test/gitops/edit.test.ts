import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { OperatorError } from "../../src/facts/errors.ts";
import { addToList, placeInOrder, removeFromList } from "../../src/gitops/edit.ts";

const add = (text: string, entry = "./new.yaml", list: "resources" | "components" = "resources"): string =>
  addToList(text, list, entry, "kustomization.yaml");

describe("an entry put into a kustomization", () => {
  it("takes its place in a list that is in order, and its siblings' spelling", () => {
    expect(add("resources:\n  - ./app.yaml\n  - ./zoo.yaml\n")).toBe(
      "resources:\n  - ./app.yaml\n  - ./new.yaml\n  - ./zoo.yaml\n",
    );
    expect(add("resources:\n- app.yaml\n")).toBe("resources:\n- app.yaml\n- new.yaml\n");
    expect(add('resources:\n  - "app.yaml"\n')).toBe('resources:\n  - "app.yaml"\n  - "new.yaml"\n');
  });

  it("comes last in a list that keeps no order, in front of what is commented out behind it", () => {
    const text = "resources:\n  - ./z.yaml\n  - ./a.yaml\n  - ./q.yaml # why\n  - ./c.yaml\n  # - ./old.yaml\n";
    expect(add(text)).toBe(text.replace("  - ./c.yaml\n", "  - ./c.yaml\n  - ./new.yaml\n"));
  });

  it("leaves the namespace first, where it stands first by custom", () => {
    expect(placeInOrder(["./namespace.yaml", "./b/ks.yaml", "./d/ks.yaml"], "./a/ks.yaml")).toBe(1);
    expect(placeInOrder(["./namespace.yaml", "./priority.yaml", "./b", "./d"], "./c")).toBe(3);
  });

  it("leaves a comment with the entry below it", () => {
    const text = "resources:\n  - ./a.yaml\n  # about z\n  - ./z.yaml\n";
    expect(add(text)).toBe("resources:\n  - ./a.yaml\n  - ./new.yaml\n  # about z\n  - ./z.yaml\n");
  });

  it("makes the list where it is missing: components in front of resources, resources at the end", () => {
    const text = "---\n# schema\nkind: Kustomization\nnamespace: x\n# the apps\nresources:\n  - ./a.yaml\n";
    expect(add(text, "../../components/deny", "components")).toBe(
      "---\n# schema\nkind: Kustomization\nnamespace: x\ncomponents:\n  - ../../components/deny\n# the apps\nresources:\n  - ./a.yaml\n",
    );
    expect(add("kind: Kustomization\nnamespace: x\n# end\n")).toBe(
      "kind: Kustomization\nnamespace: x\nresources:\n  - ./new.yaml\n# end\n",
    );
  });

  it("fills an empty list, and one written on one line", () => {
    expect(add("resources:\nnamespace: x\n")).toBe("resources:\n  - ./new.yaml\nnamespace: x\n");
    expect(add("resources: []\n")).toBe("resources: [./new.yaml]\n");
    expect(add("resources: [ a.yaml, b.yaml ] # two\n")).toBe("resources: [ a.yaml, b.yaml, new.yaml ] # two\n");
  });

  it("changes nothing when the entry is there, with or without its dot", () => {
    for (const text of ["resources: [new.yaml]\n", "resources:\n  - ./new.yaml/\n"]) expect(add(text)).toBe(text);
  });

  it("keeps the line ends of the file, and a missing one at its end", () => {
    expect(add("resources:\r\n  - ./a.yaml\r\n")).toBe("resources:\r\n  - ./a.yaml\r\n  - ./new.yaml\r\n");
    expect(add("resources:\n  - ./a.yaml")).toBe("resources:\n  - ./a.yaml\n  - ./new.yaml");
  });

  it("edits a file whose first document is only a comment", () => {
    expect(add("# about\n---\nresources:\n  - ./a.yaml\n")).toBe(
      "# about\n---\nresources:\n  - ./a.yaml\n  - ./new.yaml\n",
    );
  });

  it("quotes what would not be one plain word", () => {
    expect(parse(add("resources:\n  - ./a.yaml\n", "x: [y] # z"))).toEqual({ resources: ["./a.yaml", "./x: [y] # z"] });
  });

  it("refuses what it cannot do without touching the rest, and names the line", () => {
    for (const text of [
      "resources: [\n  a,\n  b\n]\n",
      "a: &l [x]\nresources: *l\n",
      "resources: &l\n  - x\ncomponents: *l\n",
      "resources: a\n",
      "resources:\n  - a: b\n",
      "resources:\n  - |\n    a\n",
      "{resources: [a]}\n",
      "resources: [a]\nresources: [b]\n",
      "a: 1\n---\nb: 2\n",
      "- a\n",
      "",
      "\ta: b\n",
    ]) {
      expect(() => add(text), text).toThrow(OperatorError);
      try {
        add(text);
      } catch (error) {
        expect(error).toMatchObject({ kind: "input", where: expect.stringMatching(/^kustomization\.yaml:\d+$/) });
      }
    }
  });

  it("adds exactly one entry to any list, and every line that stood there still stands", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}(\/ks)?\.yaml$/);
    const line = fc.oneof(
      name.map((n) => `  - ./${n}`),
      name.map((n) => `  - ./${n} # because`),
      fc.constantFrom("  # - ./off.yaml", "", "  # a word"),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), name, fc.boolean(), (body, entry, tail) => {
        const text = [
          "---",
          "# schema",
          "kind: Kustomization",
          "resources:",
          ...body,
          ...(tail ? ["namespace: x"] : []),
          "",
        ].join("\n");
        const before = parse(text) as { readonly resources: readonly string[] | null };
        const after = add(text, `./${entry}`);
        const wanted = new Set([...(before.resources ?? []), `./${entry}`]);
        const found = (parse(after) as { readonly resources: readonly string[] }).resources;
        expect(new Set(found)).toEqual(wanted);
        const known = before.resources?.includes(`./${entry}`) ?? false;
        expect(found.length).toBe((before.resources?.length ?? 0) + (known ? 0 : 1));
        expect(after.split("\n").length).toBe(text.split("\n").length + (known ? 0 : 1));
        let rest = after.split("\n");
        for (const kept of text.split("\n")) {
          const at = rest.indexOf(kept);
          expect(at).toBeGreaterThanOrEqual(0);
          rest = rest.slice(at + 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("an entry taken out of a kustomization", () => {
  const take = (text: string, entry = "./b.yaml"): string =>
    removeFromList(text, "resources", entry, "kustomization.yaml");

  it("leaves every other byte as it was, comments and line ends among them", () => {
    expect(take("# top\nresources:\n  - ./a.yaml # a\n  - b.yaml\n  # about c\n  - ./c.yaml\npatches: []\n")).toBe(
      "# top\nresources:\n  - ./a.yaml # a\n  # about c\n  - ./c.yaml\npatches: []\n",
    );
    expect(take("resources:\r\n- a.yaml\r\n- b.yaml\r\n")).toBe("resources:\r\n- a.yaml\r\n");
  });

  it("takes the list with it that it leaves empty", () => {
    expect(take("namespace: x\nresources:\n  - ./b.yaml\nkind: Kustomization\n")).toBe(
      "namespace: x\nkind: Kustomization\n",
    );
  });

  it("undoes what was put in", () => {
    for (const text of ["resources:\n  - ./a.yaml\n  - ./c.yaml\n", "kind: Kustomization\n", "resources:\n- z\n"])
      expect(take(add(text, "./b.yaml"))).toBe(text);
  });

  it.each([
    "resources: [./b.yaml, ./c.yaml]\n",
    "resources: &r\n  - ./b.yaml\n",
    "resources:\n  - ./a.yaml\n",
    "- 1\n",
  ])("refuses %j rather than guess", (text) => {
    expect(() => take(text)).toThrow(OperatorError);
  });
});
