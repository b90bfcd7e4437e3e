import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { OperatorError } from "../../src/facts/errors.ts";
import { defaultConfig, loadConfig, parseConfig } from "../../src/config/load.ts";
import { printConfig } from "../../src/config/print.ts";

const complaint = (text: string): string => {
  try {
    parseConfig(text, "network-operator.yaml");
  } catch (error) {
    if (error instanceof OperatorError) return error.line;
    throw error;
  }
  return "accepted";
};

const dir = mkdtempSync(join(tmpdir(), "config-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the configuration", () => {
  it("needs no file", () => {
    expect(loadConfig(null, dir)).toEqual({ config: defaultConfig(), file: null });
  });

  it("that was named must exist", () => {
    expect(() => loadConfig("other.yaml", dir)).toThrow("no such file");
  });

  it("is read from the working folder when it is there", () => {
    writeFileSync(join(dir, "network-operator.yaml"), "campaign:\n  soakHours: 48\n");
    expect(loadConfig(null, dir).config.campaign.soakHours).toBe(48);
  });

  it("as `init` writes it means exactly the defaults", () => {
    expect(parseConfig(printConfig(), "x.yaml")).toEqual(defaultConfig());
  });

  it.each([
    ["a typo", "flowz: {}", "network-operator.yaml:1: unknown key flowz. Did you mean flows?"],
    [
      "a typo deeper down",
      "campaign:\n  soakHour: 30",
      "network-operator.yaml:2: unknown key campaign.soakHour. Did you mean soakHours?",
    ],
    [
      "a key of a list entry",
      "campaign:\n  phases:\n    - {name: a, namespaces: [], x: 1}",
      "network-operator.yaml:3: unknown key campaign.phases.0.x",
    ],
    ["a number where a string belongs", "model: 3", "network-operator.yaml:1: model: "],
    ["a soak shorter than a day", "campaign:\n  soakHours: 3", "network-operator.yaml:2: campaign.soakHours: "],
    ["a key twice", "model: playbook\nmodel: playbook", "network-operator.yaml:2: Map keys must be unique"],
    ["a file cut in the middle", "facts: {dns: {", "network-operator.yaml:1: "],
    ["an alias", "model: &m playbook\nrepository: {path: *m}", "network-operator.yaml:2: aliases are not read here"],
    ["no mapping at all", "- a", "network-operator.yaml:1: the file: "],
  ])("with %s is refused in one line that says where and what to do", (_, text, start) => {
    const line = complaint(text);
    expect(line.startsWith(start), line).toBe(true);
    expect(line).not.toContain("\n");
  });
});
