import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { rulesMarkdown } from "../../src/audit/docs.ts";
import { auditAnnotations } from "../../src/audit/format/github.ts";
import { auditJson } from "../../src/audit/format/json.ts";
import { plain } from "../../src/audit/format/plain.ts";
import { auditSarif } from "../../src/audit/format/sarif.ts";
import { auditText } from "../../src/audit/format/text.ts";
import { RULES } from "../../src/audit/rules/index.ts";
import { allow, auditOf, cnp, lock } from "./cluster.ts";

const annotation = { "policy.cilium.io/audit-mode": "enabled" };
const files = {
  "base/a b.yaml": cnp("web/a", "endpointSelector: {}\ningress:\n  - {}\n", annotation),
  "base/c.yaml": cnp("shop/c", "endpointSelector: {}\ningress:\n  - {}\n", annotation),
  "web/x.yaml": lock("web") + allow("web/x", ""),
  "web/w.yaml": cnp(
    "web/w",
    "endpointSelector: {}\nenableDefaultDeny: {ingress: false}\ningress:\n  - fromEntities: [world]\n",
    {
      "network-operator/waive": "too-wide until 2026-12-31: a public page",
    },
  ),
};
const report = auditOf({ files });
const sarif = auditSarif(report, { version: "0.1.0", read: (path) => (files as Record<string, string>)[path] ?? null });

/** What of SARIF 2.1.0 we write, with the standard's own demands on it: required keys, types, enums, minima. */
const text = { type: "object", required: ["text"], properties: { text: { type: "string", minLength: 1 } } };
const position = { type: "integer", minimum: 1 };
const artifact = {
  type: "object",
  additionalProperties: false,
  properties: { uri: { type: "string", pattern: "^[A-Za-z0-9._~!$&'()*+,;=:@%/-]+$" }, uriBaseId: { type: "string" } },
};
const region = {
  type: "object",
  additionalProperties: false,
  properties: { startLine: position, startColumn: position, endLine: position, endColumn: position },
};
const location = {
  type: "object",
  additionalProperties: false,
  properties: {
    physicalLocation: {
      type: "object",
      additionalProperties: false,
      required: ["artifactLocation"],
      properties: { artifactLocation: artifact, region },
    },
    message: text,
  },
};
const level = { enum: ["none", "note", "warning", "error"] };
const schema = {
  type: "object",
  additionalProperties: false,
  required: ["version", "runs"],
  properties: {
    $schema: { type: "string" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["tool"],
        properties: {
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          tool: {
            type: "object",
            required: ["driver"],
            properties: {
              driver: {
                type: "object",
                additionalProperties: false,
                required: ["name"],
                properties: {
                  name: { type: "string" },
                  semanticVersion: { type: "string" },
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      additionalProperties: false,
                      required: ["id"],
                      properties: {
                        id: { type: "string" },
                        shortDescription: text,
                        help: text,
                        defaultConfiguration: { type: "object", additionalProperties: false, properties: { level } },
                        properties: {
                          type: "object",
                          properties: { tags: { type: "array", uniqueItems: true, items: { type: "string" } } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: "array",
            items: {
              type: "object",
              additionalProperties: false,
              required: ["message"],
              properties: {
                ruleId: { type: "string" },
                ruleIndex: { type: "integer", minimum: -1 },
                level,
                message: text,
                locations: { type: "array", items: location },
                relatedLocations: { type: "array", uniqueItems: true, items: location },
                partialFingerprints: { type: "object", additionalProperties: { type: "string" } },
                suppressions: {
                  type: "array",
                  uniqueItems: true,
                  items: {
                    type: "object",
                    required: ["kind"],
                    properties: { kind: { enum: ["inSource", "external"] }, justification: { type: "string" } },
                  },
                },
                fixes: {
                  type: "array",
                  uniqueItems: true,
                  items: {
                    type: "object",
                    additionalProperties: false,
                    required: ["artifactChanges"],
                    properties: {
                      description: text,
                      artifactChanges: {
                        type: "array",
                        minItems: 1,
                        items: {
                          type: "object",
                          required: ["artifactLocation", "replacements"],
                          properties: {
                            artifactLocation: artifact,
                            replacements: {
                              type: "array",
                              minItems: 1,
                              items: {
                                type: "object",
                                additionalProperties: false,
                                required: ["deletedRegion"],
                                properties: { deletedRegion: region, insertedContent: text },
                              },
                            },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

describe("SARIF", () => {
  it("is valid 2.1.0 as far as we write it", () => {
    const validate = new Ajv({ strict: false }).compile(schema);
    expect(validate(sarif), JSON.stringify(validate.errors)).toBe(true);
  });

  it("carries fingerprints, fixes and escaped paths, and waived findings as suppressed", () => {
    const [run] = sarif.runs;
    expect(run.results).toHaveLength(report.findings.length + report.waived.length);
    expect(run.results.every((r) => run.tool.driver.rules[r.ruleIndex]?.id === r.ruleId)).toBe(true);
    expect(run.results.filter((r) => r.fixes !== undefined).length).toBeGreaterThan(0);
    expect(JSON.stringify(run.results)).toContain("base/a%20b.yaml");
    expect(run.results.flatMap((r) => r.suppressions ?? [])).toEqual([
      { kind: "inSource", justification: "a public page" },
    ]);
  });
});

describe("the JSON of the report", () => {
  it("keeps its contract", () => {
    const json = auditJson(report, "repo") as { summary: unknown; findings: readonly Record<string, unknown>[] };
    expect(json).toMatchObject({ version: 1, repository: { path: "repo", commit: null } });
    expect(Object.keys(json.findings[0] ?? {})).toEqual(
      "rule severity namespace policy message file line column related fingerprint cause lesson fix".split(" "),
    );
  });
});

describe("the text for people", () => {
  it("shows a shared cause once, with its places, and closes with the count", () => {
    const shown = auditText(report);
    expect(shown).toMatch(/one cause, 2 places in 2 namespaces/);
    expect(shown.split("\n").at(-1)).toMatch(
      /^2 namespaces, 5 policies: \d+ errors?, 2 warnings \(\d+ causes?\), \d+ remarks?, 1 waived$/,
    );
  });

  it("lets nothing from a manifest act on the terminal", () => {
    expect(plain("a\u001b[2Jb\nc\u202ed")).toBe("a\\u001b[2Jb c\\u202ed");
  });
});

describe("annotations on a pull request", () => {
  it("are workflow commands with everything escaped", () => {
    const lines = auditAnnotations(report).split("\n");
    expect(lines[0]).toMatch(/^::error file=web\/x\.yaml,line=\d+,col=\d+,title=invalid-policy::/);
    expect(lines.every((line) => /^::(error|warning) /.test(line))).toBe(true);
    const hostile = auditOf({
      files: { "a,b%.yaml": cnp("web/a", "endpointSelector: {}\ningress:\n  - {}\n", annotation) },
    });
    expect(auditAnnotations(hostile)).toContain("file=a%2Cb%25.yaml");
  });
});

describe("the documentation", () => {
  it("lists every rule, as the code has it (UPDATE_DOCS=1 writes it anew)", async () => {
    const path = join(import.meta.dirname, "../../docs/audit-rules.md");
    if (process.env["UPDATE_DOCS"] === "1") {
      const { writeFileSync } = await import("node:fs");
      writeFileSync(path, rulesMarkdown());
    }
    expect(readFileSync(path, "utf8")).toBe(rulesMarkdown());
  });

  it("knows each rule by one name", () => {
    expect(new Set(RULES.map((r) => r.id)).size).toBe(RULES.length);
    expect(RULES.filter((r) => !/^[a-z0-9-]+$/.test(r.id) || r.about === "" || r.remedy === "")).toEqual([]);
  });
});
