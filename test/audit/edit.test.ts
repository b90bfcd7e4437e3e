import { describe, expect, it } from "vitest";
import { applyEdits } from "../../src/audit/edit.ts";
import type { Edit } from "../../src/audit/edit.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { allow, auditOf, cnp, lock, pod, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const repaired = (parts: Parts): Readonly<Record<string, string>> => {
  const edits = [...auditOf(parts).edits.values()].flat();
  const { files } = applyEdits(edits, memoryTree(parts.files ?? {}));
  return Object.fromEntries(files.map((f) => [f.path, f.text ?? ""]));
};

const lost = (before: string, after: string): readonly string[] =>
  before.split("\n").filter((line) => !after.split("\n").includes(line));

describe("--fix", () => {
  it("takes an annotation out and leaves every comment", () => {
    const before = `# why this policy is here\n${cnp("web/a", "endpointSelector: {}\ningress:\n  - {} # locks", { "policy.cilium.io/audit-mode": "enabled" })}`;
    const after = repaired({ files: { "a.yaml": before } })["a.yaml"] ?? "";
    expect(lost(before, after)).toEqual(["  annotations:", '    policy.cilium.io/audit-mode: "enabled"']);
    expect(after).toContain("# locks");
  });

  it("keeps the other annotations", () => {
    const before = cnp("web/a", "endpointSelector: {}\ningress:\n  - {}", {
      "policy.cilium.io/audit-mode": "enabled",
      "example.org/owner": "me",
    });
    expect(repaired({ files: { "a.yaml": before } })["a.yaml"]).toContain(
      '  annotations:\n    example.org/owner: "me"',
    );
  });

  it("writes the container port, and nothing else on that line", () => {
    const before = allow(
      "shop/web",
      'egress:\n  - toEndpoints:\n      - matchLabels:\n          io.kubernetes.pod.namespace: data\n          app.kubernetes.io/name: store\n    toPorts:\n      - ports:\n          - port: "80" # http\n            protocol: TCP\n',
    );
    const parts = {
      files: { "a.yaml": before },
      workloads: [pod("shop/web"), pod("data/store", { ports: ["8080"] })],
      services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["80:8080"])],
    };
    expect(repaired(parts)["a.yaml"]).toBe(before.replace('port: "80" # http', 'port: "8080" # http'));
  });

  it("quotes a port, writes a protocol as it must be, drops a section that is null", () => {
    const before =
      lock("web") +
      allow(
        "web/app",
        "egress:\n  - toEntities: [world]\n    toPorts:\n      - ports:\n          - port: 443\n            protocol: tcp\ningress:\n  # nothing yet\n",
      );
    const after = repaired({ files: { "a.yaml": before } })["a.yaml"] ?? "";
    expect(after).toContain('- port: "443"');
    expect(after).toContain("protocol: TCP");
    expect(after.match(/^ {2}ingress:/gm)).toHaveLength(1);
    expect(auditOf({ files: { "a.yaml": after } }).findings.filter((f) => f.rule === "invalid-policy")).toEqual([]);
  });

  it("drops inert entries and keeps their neighbours", () => {
    const before = allow(
      "web/app",
      'egress:\n  - toFQDNs:\n      - matchPattern: "api.example.com"\n      - matchPattern: "api.example.com.*"\n    toPorts:\n      - ports:\n          - port: "443"\n',
    );
    const after = repaired({ files: { "a.yaml": before } })["a.yaml"] ?? "";
    expect(lost(before, after)).toEqual(['        - matchPattern: "api.example.com.*"']);
  });

  it("repairs to a text that the audit no longer minds", () => {
    const before = cnp("web/a", "endpointSelector: {}\ningress:\n  - {}", { "policy.cilium.io/audit-mode": "enabled" });
    const after = repaired({ files: { "a.yaml": before } });
    expect(auditOf({ files: after }).findings.filter((f) => f.fix !== null)).toEqual([]);
  });

  it("skips what no longer stands there, and what stands inside brackets", () => {
    const at = { file: "a.yaml", line: 1, column: 4 };
    const edits: Edit[] = [
      { kind: "remove", at },
      { kind: "replace", at: { ...at, line: 9 }, from: "x", to: "y" },
      { kind: "replace", at: { ...at, file: "gone.yaml" }, from: "x", to: "y" },
    ];
    expect(applyEdits(edits, memoryTree({ "a.yaml": "a: [b, c]\n" }))).toEqual({ files: [], skipped: 3 });
  });
});
