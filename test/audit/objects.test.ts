import { describe, expect, it } from "vitest";
import type { AppliedPolicy, FluxKustomization } from "../../src/facts/inventory.ts";
import { allow, cluster, findings, lock, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

describe("vanilla-network-policy", () => {
  const vanilla = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: chart, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}]
---
`;
  const parts = (text: string): Parts => ({
    files: { "shop/np.yaml": vanilla, "shop/cnp.yaml": text },
    workloads: [pod("shop/web")],
  });

  it("warns where it alone locks pods that Cilium policies only add to", () => {
    const [finding] = findings(
      parts(allow("shop/web", "egress:\n  - toEntities: [world]\n")),
      "vanilla-network-policy",
    );
    expect(finding?.severity).toBe("warning");
    expect(finding?.message).toMatch(/locks its pods for ingress/);
  });

  it("warns of the empty rule, which means the opposite there", () => {
    const open = vanilla.replace("- from: [{podSelector: {}}]", "- {}");
    const all = findings(
      { ...parts(lock("shop")), files: { "shop/np.yaml": open, "shop/cnp.yaml": lock("shop") } },
      "vanilla-network-policy",
    );
    expect(all.map((f) => f.message)).toEqual([expect.stringMatching(/allows everything here/)]);
  });

  it("only mentions one that stands alone, or adds nothing to a lock", () => {
    expect(findings({ files: { "np.yaml": vanilla } }, "vanilla-network-policy").map((f) => f.severity)).toEqual([
      "info",
    ]);
    expect(findings(parts(lock("shop")), "vanilla-network-policy").map((f) => f.severity)).toEqual(["info"]);
  });
});

describe("chart-ships-network-policy", () => {
  const release = (values: string): string =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  values:\n    ${values}\n---\n`;

  it.each(["networkPolicy: {enabled: true}", "redis: {networkPolicy: {enabled: true}}", "networkPolicy: true"])(
    "warns of %s beside Cilium policies",
    (values) => {
      expect(
        findings({ files: { "a.yaml": release(values) + lock("shop") } }, "chart-ships-network-policy").map(
          (f) => f.severity,
        ),
      ).toEqual(["warning"]);
    },
  );

  it("is content with it off, and only mentions it where no Cilium policy is", () => {
    expect(
      said(
        { files: { "a.yaml": release("networkPolicy: {enabled: false}") + lock("shop") } },
        "chart-ships-network-policy",
      ),
    ).toEqual([]);
    expect(
      findings({ files: { "a.yaml": release("networkPolicy: {enabled: true}") } }, "chart-ships-network-policy").map(
        (f) => f.severity,
      ),
    ).toEqual(["info"]);
  });
});

describe("to-services-never-matches", () => {
  const rule = (more = ""): string =>
    allow("shop/web", `egress:\n  - toServices: [{k8sService: {serviceName: store, namespace: data}}]\n${more}`);

  it("is an error for a Service whose selector has a key with a dot", () => {
    const parts = {
      files: { "a.yaml": rule() },
      services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["5432"])],
    };
    expect(findings(parts, "to-services-never-matches").map((f) => f.severity)).toEqual(["error"]);
  });

  it("is content with plain keys, and only mentions a Service nobody writes", () => {
    const plain = { files: { "a.yaml": rule() }, services: [service("data/store", { app: "store" }, ["5432"])] };
    expect(said(plain, "to-services-never-matches")).toEqual([]);
    const missing = { files: { "a.yaml": rule() }, workloads: [pod("data/other")] };
    expect(findings(missing, "to-services-never-matches").map((f) => f.severity)).toEqual(["info"]);
  });

  it("warns of a Service in a namespace that nothing makes", () => {
    expect(findings({ files: { "a.yaml": rule() } }, "to-services-never-matches").map((f) => f.severity)).toEqual([
      "warning",
    ]);
  });
});

describe("default-deny-before-allows", () => {
  const kustomization = (name: string, dependsOn: readonly string[] = []): FluxKustomization => ({
    id: `flux-system/${name}`,
    namespace: "flux-system",
    name,
    path: name,
    targetNamespace: null,
    suspended: false,
    dependsOn,
    parent: null,
    source: { kind: "GitRepository", namespace: "flux-system", name: "home" },
    origin: { file: `${name}.yaml`, line: 1, column: 1 },
    objects: [],
  });
  const parts = (dependsOn: readonly string[]): Parts => {
    const { policies } = cluster({
      files: { "a.yaml": lock("shop") + allow("shop/web", "ingress:\n  - fromEntities: [world]\n") },
    });
    const owned: AppliedPolicy[] = policies.map((p) => ({
      ...p,
      owner: p.ref.name === "web" ? "flux-system/app" : "flux-system/lock",
    }));
    return {
      more: {
        policies: owned,
        kustomizations: [
          kustomization("lock", dependsOn),
          kustomization("base", ["flux-system/app"]),
          kustomization("app"),
        ],
      },
    };
  };

  it("mentions a lock that does not wait for the allows", () => {
    expect(findings(parts([]), "default-deny-before-allows").map((f) => f.severity)).toEqual(["info"]);
  });

  it("is content when it waits, directly or by way of another", () => {
    expect(said(parts(["flux-system/app"]), "default-deny-before-allows")).toEqual([]);
    expect(said(parts(["flux-system/base"]), "default-deny-before-allows")).toEqual([]);
  });
});

describe("policy-file-unreached", () => {
  it("warns of a policy that nothing lists, and only mentions one that waits in a list of its own", () => {
    const at = { file: "shop/cnp.yaml", line: 1, column: 1, kind: "CiliumNetworkPolicy" as const, name: "web" };
    const more = {
      orphans: [
        { ...at, listedBy: null },
        { ...at, file: "old/cnp.yaml", listedBy: "old/kustomization.yaml" },
      ],
    };
    expect(findings({ more }, "policy-file-unreached").map((f) => f.severity)).toEqual(["warning", "info"]);
  });
});

describe("manifest-not-understood", () => {
  it("says what the walk could not read, where it stands", () => {
    const problem = {
      what: "broken YAML: a colon is missing",
      origin: { file: "a.yaml", line: 3, column: 1 },
      remedy: "Repair it",
    };
    expect(
      findings({ more: { problems: [problem] } }, "manifest-not-understood").map((f) => [f.severity, f.message]),
    ).toEqual([["error", "broken YAML: a colon is missing. Repair it"]]);
    const foreign = { ...problem, what: "replacements are not carried out here" };
    expect(findings({ more: { problems: [foreign] } }, "manifest-not-understood").map((f) => f.severity)).toEqual([
      "warning",
    ]);
    expect(said({}, "manifest-not-understood")).toEqual([]);
  });
});
