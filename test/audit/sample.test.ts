import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Finding } from "../../src/facts/finding.ts";
import { overlay } from "../../src/facts/tree.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const world = resolve(import.meta.dirname, "../../src/world");
const sample = folderTree(resolve(world, "sample"));
const facts = { ...defaultClusterFacts, insideZones: ["sample.example"] };

const findings = (path?: string, from = "", to = ""): readonly Finding[] => {
  const text = path === undefined ? null : sample.read(path);
  if (path !== undefined && text?.includes(from) !== true)
    throw new Error(`${path} does not hold ${JSON.stringify(from)}`);
  const tree =
    path === undefined || text === null
      ? sample
      : overlay(sample, [{ path, mode: "100644", text: text.replace(from, to) }]);
  return audit(readInventory(tree, facts), facts, { now: 0 }).findings;
};

const asShipped = findings();
const PLAYER = "kubernetes/apps/media/player/app/networkpolicy.yaml";
const DENY = "kubernetes/components/network-policy/default-deny/default-deny.yaml";

describe("the sample cluster", () => {
  it("has exactly the faults that it names itself", () => {
    const named = parse(readFileSync(resolve(world, "faults.yaml"), "utf8")) as { rule: string; file: string }[];
    expect(asShipped.map((f) => `${f.rule} ${f.origin.file}`).sort()).toEqual(
      named.map((f) => `${f.rule} ${f.file}`).sort(),
    );
  });

  it.each([
    ["10, the Service's port for the pod's", "service-port-not-target-port", PLAYER, 'port: "8096"', 'port: "80"'],
    [
      "12, a pattern that never holds the name that is asked",
      "declared-dependency-dropped",
      PLAYER,
      "matchName: metadata.films.example",
      "matchPattern: metadata.films.example.*",
    ],
    [
      "16, the annotation that does not exist",
      "audit-annotation-has-no-effect",
      PLAYER,
      "  name: allow-player\n",
      "  name: allow-player\n  annotations:\n    policy.cilium.io/audit-mode: enabled\n",
    ],
    [
      "17, a section without a value",
      "invalid-policy",
      PLAYER,
      '    - toFQDNs:\n        - matchName: metadata.films.example\n      toPorts:\n        - ports:\n            - port: "443"\n              protocol: TCP\n',
      "",
    ],
    [
      "17, a deny that nothing overrides",
      "deny-overrides-allows",
      DENY,
      "  ingress:\n    - {}\n",
      "  ingressDeny:\n    - fromEntities: [all]\n",
    ],
    [
      "20, a selector that no pod has",
      "selector-matches-nothing",
      PLAYER,
      "app.kubernetes.io/name: player",
      "app.kubernetes.io/name: palyer",
    ],
  ])("with lesson %s planted, shows it", (_, rule, path, from, to) => {
    const before = new Set(asShipped.map((f) => f.fingerprint));
    const more = findings(path, from, to).filter((f) => !before.has(f.fingerprint));
    expect(more.filter((f) => f.severity !== "info").map((f) => f.rule)).toContain(rule);
  });
});
