import { describe, expect, it } from "vitest";
import { DAY } from "../../../src/facts/clock.ts";
import { changeset } from "../../../src/facts/changeset.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import { compatible } from "../../../src/graph/gates/compatible.ts";
import { fleet } from "../../../src/graph/gates/fleet.ts";
import { lint } from "../../../src/graph/gates/lint.ts";
import { noAuditMode } from "../../../src/graph/gates/no-audit-mode.ts";
import { valid } from "../../../src/graph/gates/valid.ts";
import {
  baseline,
  coverage,
  defaultDeny,
  docs,
  edge,
  facts,
  finding,
  inventory,
  NOW,
  policy,
  workload,
} from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const namespaces = ["collab", "vpn", "downloads", "media"];
const state = (...yaml: string[]) => inventory({ namespaces, objects: { "flux-system/apps": docs(...yaml) } });
const nothing = inventory({ namespaces });
const asked = (...yaml: string[]) => facts("propose-allows", "collab", nothing, state(...yaml));

describe("compatible", () => {
  const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: gw, namespace: vpn }
spec: { values: { image: { repository: ghcr.io/x/pod-gateway }, routed_namespaces: [downloads], settings: { VXLAN_PORT: 4789 } } }`;
  const about = (namespace: string, ...yaml: string[]) =>
    facts("propose-allows", namespace, state(...yaml), state(...yaml, baseline(namespace)));

  it("carves out a VXLAN gateway with DHCP in it, and its clients with it, and says when to look again", () => {
    const gateway = stopped(compatible, about("vpn", release), 21);
    expect(gateway.reason).toContain("downloads");
    expect(gateway.remedy).toContain("without DHCP");
    stopped(compatible, about("downloads", release), 21);
    passed(compatible, about("collab", release));
  });

  it("knows a client by what it asks for, whatever its gateway is called", () => {
    const client = `apiVersion: apps/v1
kind: Deployment
metadata: { name: fetcher, namespace: downloads }
spec: { template: { metadata: { annotations: { setGateway: "true" } } } }`;
    stopped(compatible, about("downloads", client), 21);
    passed(compatible, about("downloads", client.replace("true", "false")));
  });

  it("knows a gateway that somebody wrote by hand: a VXLAN interface with DHCP", () => {
    const hand = `apiVersion: apps/v1
kind: Deployment
metadata: { name: tun, namespace: vpn }
spec: { template: { spec: { containers: [{ name: a, image: alpine, command: [sh, -c, "ip link add vxlan0 type vxlan id 42; dnsmasq -k"], securityContext: { capabilities: { add: [NET_ADMIN] } } }] } } }`;
    stopped(compatible, about("vpn", hand), 21);
    const wireguard = hand.replace("ip link add vxlan0 type vxlan id 42; dnsmasq -k", "wg-quick up wg0");
    passed(compatible, about("vpn", wireguard));
  });

  it("knows both ends by a rule on the tunnel's port, and by recorded traffic on it", () => {
    const rule = policy(
      "vpn",
      "gw",
      `endpointSelector: {}
ingress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": downloads } }], toPorts: [{ ports: [{ port: "8472", protocol: UDP }] }] }]`,
    );
    for (const namespace of ["vpn", "downloads"]) stopped(compatible, about(namespace, rule), 21);
    const tunnel = edge("downloads/Deployment/fetcher", "vpn/StatefulSet/gw", 4789, "UDP");
    const evidence = known({ edges: [tunnel], coverage: coverage(DAY), starts: [] });
    stopped(compatible, { ...about("downloads"), evidence }, 21);
  });
});

describe("no-audit-mode", () => {
  const annotated = (namespace: string) =>
    defaultDeny(namespace).replace(
      `namespace: ${namespace}`,
      `namespace: ${namespace}, annotations: { policy.cilium.io/audit-mode: enabled }`,
    );
  const cilium = (mode: string) =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: cilium, namespace: kube-system }\nspec: { values: { policyAuditMode: ${mode} } }`;

  it("stops the annotation that does not exist: the policy would enforce at once", () => {
    const files = [{ path: "flux-system/apps/0.yaml", mode: "100644", text: "x" }] as const;
    const refusal = stopped(
      noAuditMode,
      { ...asked(annotated("collab")), changeset: changeset("collab", "allows", files) },
      16,
    );
    expect(refusal.reason).toContain("enforce at once");
  });

  it("does not hold a rollout for annotations that stand, elsewhere or in a component it uses", () => {
    const old = annotated("media");
    passed(noAuditMode, facts("propose-allows", "collab", state(old), state(old, baseline("collab"))));
    passed(noAuditMode, asked(annotated("collab")));
  });

  it("stops agents switched to audit by the change, and a lock under agents that enforce nothing", () => {
    stopped(noAuditMode, asked(cilium("true")), 16);
    const standing = cilium("true");
    const lock = (...yaml: string[]) =>
      facts("propose-default-deny", "collab", state(...yaml), state(...yaml, defaultDeny("collab")));
    stopped(noAuditMode, lock(standing), 16);
    passed(noAuditMode, lock(cilium("false")));
    expect(
      passed(noAuditMode, facts("propose-allows", "collab", state(standing), state(standing, baseline("collab")))),
    ).toHaveLength(1);
  });
});

describe("valid", () => {
  it("lets policies through that the API server and the agent accept", () => {
    passed(valid, asked(baseline("collab")));
  });

  it.each([
    [
      "a null section, which takes its whole Kustomization with it",
      "endpointSelector: {}\ningress: null\negress: [{}]",
    ],
    ["an empty list alone, which the agent ignores", "endpointSelector: {}\ningress: []"],
    ["a port as a number", "endpointSelector: {}\ningress: [{ toPorts: [{ ports: [{ port: 80 }] }] }]"],
    [
      "two kinds of peer in one rule",
      "endpointSelector: {}\ningress: [{ fromEndpoints: [{}], fromEntities: [world] }]",
    ],
    ["no section at all", "endpointSelector: {}"],
  ])("stops %s", (_, spec) => {
    const refusal = stopped(valid, asked(policy("collab", "broken", spec)), 17);
    expect(refusal.reason).toContain("collab/broken");
  });

  it("asks nothing of policies that the change does not touch", () => {
    const broken = policy("media", "broken", "endpointSelector: {}");
    passed(valid, facts("propose-allows", "collab", state(broken), state(broken, baseline("collab"))));
  });
});

describe("lint", () => {
  const clean = known({ yaml: [], markdown: [], builds: [{ path: "collab", problem: null }] });
  const seen = (
    before: readonly string[],
    after: readonly string[],
    severity: "error" | "warning" | "info" = "warning",
  ) =>
    known({
      before: before.map((rule) => finding(rule, "media", { severity })),
      after: after.map((rule) => finding(rule, "media", { severity, lesson: 12 })),
    });
  const asks = (more: object) => ({ ...asked(baseline("collab")), lint: clean, findings: seen([], []), ...more });

  it("lets a clean change through, and what the base had already", () => {
    passed(lint, asks({}));
    passed(lint, asks({ findings: seen(["too-wide"], ["too-wide"]) }));
  });

  it("stops YAML that does not parse, a Kustomization that does not build and Markdown that is not clean", () => {
    const problem = [{ file: "collab/a.yaml", line: 3, message: "duplicate key" }];
    for (const broken of [
      { yaml: problem, markdown: [], builds: [] },
      { yaml: [], markdown: problem, builds: [] },
      { yaml: [], markdown: [], builds: [{ path: "collab", problem: "no such file" }] },
    ])
      stopped(lint, asks({ lint: known(broken) }), 24);
    stopped(lint, asks({ lint: unknown("kustomize is not installed", "the binary") }), 24);
  });

  it("does not count a component's old defect again for one more namespace that uses it", () => {
    const at = { file: "components/baseline/allow.yaml", line: 8, column: 1 };
    const before = [finding("too-wide", "media", { origin: at })];
    const after = [...before, finding("too-wide", "collab", { origin: at })];
    passed(lint, asks({ findings: known({ before, after }) }));
    stopped(lint, asks({ findings: known({ before: [], after }) }), 24);
  });

  it("stops what the audit finds anew, for that finding's lesson, and only notes information", () => {
    const refusal = stopped(lint, asks({ findings: seen([], ["fqdn-rule-cannot-match"]) }), 12);
    expect(refusal.reason).toContain("media/policy.yaml:1");
    expect(passed(lint, asks({ findings: seen([], ["note"], "info") }))).toHaveLength(1);
  });

  it("lets a finding through that a person waived on the default branch, until it expires", () => {
    const waived = (expires: number) => ({
      findings: seen([], ["too-wide"]),
      decisions: known([
        {
          kind: "waiver",
          namespace: "media",
          fingerprint: "too-wide:media",
          reason: "r",
          by: "jane",
          at: "d:1",
          expires,
        },
      ]),
    });
    passed(lint, asks(waived(NOW + 1)));
    stopped(lint, asks(waived(NOW)), 12);
  });
});

describe("fleet", () => {
  const locked = [baseline("media"), defaultDeny("media")];
  const about = (...found: readonly ReturnType<typeof finding>[]) => ({
    ...facts("propose-allows", "collab", state(...locked), state(...locked, baseline("collab"))),
    findings: known({ before: found, after: found }),
  });

  it("holds the campaign for an open error in a locked namespace, and in the one proposed", () => {
    const refusal = stopped(fleet, about(finding("half-open-allow", "media")), 13);
    expect(refusal.remedy).toContain("propose-repair");
    stopped(fleet, about(finding("half-open-allow", "collab")), 13);
    stopped(fleet, about(finding("invalid-policy", null)), 13);
  });

  it("does not hold it for warnings, for namespaces that nothing enforces in, or for what was waived", () => {
    passed(fleet, about(finding("too-wide", "media", { severity: "warning" }), finding("half-open-allow", "vpn")));
    const waiver = {
      kind: "waiver",
      namespace: "media",
      fingerprint: "half-open-allow:media",
      reason: "r",
      by: "jane",
      at: "d:1",
      expires: NOW + 1,
    } as const;
    passed(fleet, { ...about(finding("half-open-allow", "media")), decisions: known([waiver]) });
  });

  it("does not hold the change that repairs the error", () => {
    passed(fleet, { ...about(), findings: known({ before: [finding("half-open-allow", "collab")], after: [] }) });
  });

  it("refuses when the repository could not be audited", () => {
    stopped(fleet, { ...about(), findings: unknown("it does not build", "a repository that builds") }, 13);
  });
});

describe("a namespace's workloads", () => {
  it("are no sign of a tunnel by their names alone", () => {
    const named = inventory({ namespaces, workloads: [workload("media/Deployment/pod-gateway-docs")] });
    passed(compatible, facts("propose-allows", "media", named, named));
  });
});
