import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { completePolicy } from "../../src/drafting/complete.ts";

const rule = (port: string) => ({
  comment: ["Observed."],
  rule: { toEntities: ["world"], toPorts: [{ ports: [{ port, protocol: "TCP" }] }] },
});
const none = { ingress: [], egress: [] };

const FILE = `---
# Somebody wrote this by hand.
kind: CiliumNetworkPolicy
metadata:
  name: web-allow # the app
spec:
    endpointSelector: {matchLabels: {app: web}}
    egress:
    # The database.
    - toEntities: [cluster]
      toPorts:
      - ports: [{port: "5432", protocol: TCP}] # postgres

    # What comes below the last rule stays below it.
---
kind: ConfigMap
metadata:
  name: other
`;

const added = (before: string, after: string): readonly string[] => {
  const left = before.split("\n");
  return after.split("\n").filter((line) => {
    if (line !== left[0]) return true;
    left.shift();
    return false;
  });
};

describe("completing a policy that stands", () => {
  it("adds behind the last rule, in the file's own indentation, and touches nothing else", () => {
    const done = completePolicy(FILE, "web-allow", { ...none, egress: [rule("443")] });
    expect(added(FILE, done?.text ?? "")).toEqual([
      "    # Observed.",
      "    - toEntities:",
      "        - world",
      "      toPorts:",
      "        - ports:",
      '            - port: "443"',
      "              protocol: TCP",
    ]);
  });

  it("opens a list that was not there, at the end of the spec", () => {
    const done = completePolicy(FILE, "web-allow", { egress: [], ingress: [rule("80")] });
    expect(done?.text).toContain("    ingress:\n      # Observed.\n      - toEntities:");
    expect(done?.object).toMatchObject({ spec: { egress: [{}], ingress: [{}] } });
  });

  it("keeps the line ends of the file", () => {
    const done = completePolicy(FILE.replaceAll("\n", "\r\n"), "web-allow", { ...none, egress: [rule("443")] });
    expect(
      done?.text
        .split("\n")
        .filter((l) => l !== "")
        .every((l) => l.endsWith("\r")),
    ).toBe(true);
  });

  it("adds to a last line that has no end", () => {
    const text = "kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  egress:\n    - toEntities: [world]";
    expect(parse(completePolicy(text, "a", { ...none, egress: [rule("1")] })?.text ?? "")).toMatchObject({
      spec: { egress: [{ toEntities: ["world"] }, { toEntities: ["world"] }] },
    });
  });

  it.each([
    [
      "a list in brackets",
      "kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  egress: [{toEntities: [world]}]\n",
    ],
    ["a spec in braces", "kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {egress: [{}]}\n"],
    [
      "two policies of one name",
      "kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  egress:\n    - {}\n---\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  egress:\n    - {}\n",
    ],
    ["broken YAML", "kind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  egress:\n    - {\n"],
    ["another policy", "kind: CiliumNetworkPolicy\nmetadata: {name: b}\nspec:\n  egress:\n    - {}\n"],
  ])("leaves %s to a person", (_what, text) => {
    expect(completePolicy(text, "a", { ...none, egress: [rule("1")] })).toBeNull();
  });
});
