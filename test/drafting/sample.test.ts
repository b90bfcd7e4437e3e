import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { draftDefaultDeny } from "../../src/drafting/default-deny.ts";
import { overlay } from "../../src/facts/tree.ts";
import { writer } from "../../src/gitops/edit.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import {
  admittedBy,
  draftOf,
  facts,
  flows,
  inventory,
  lostBy,
  merge,
  NAMESPACES,
  settings,
  touches,
  tree,
} from "./sample-day.ts";

/** Over-admission, edge by edge, with its reason. Everywhere else it is none. */
const ADMITTED: Readonly<Record<string, readonly string[]>> = {
  // A database's clients and its scraper name the cluster, and a restore's Job is of the cluster; it does not listen.
  auth: ["auth/Deployment/idp > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)"],
  databases: [
    "auth/Deployment/idp > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)",
    "home/Deployment/stock > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)",
    "tools/Deployment/pgadmin > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)",
  ],
  home: ["home/Deployment/stock > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)"],
  observability: ["observability/StatefulSet/prometheus > databases/Job/pg-main-1-full-recovery:9187/TCP (asked)"],
  // The name is routed by both gateways, and manifests do not say which of them it resolves to inside.
  collab: ["collab/Deployment/board > network/Deployment/envoy-external:10443/TCP (asked)"],
  network: [
    "collab/Deployment/board > network/Deployment/envoy-external:10443/TCP (asked)",
    "probing/Deployment/blackbox > network/Deployment/envoy-external:10443/TCP (asked)",
    "probing/Job/smoke > network/Deployment/envoy-external:10443/TCP (asked)",
    "tools/Deployment/notes-proxy > network/Deployment/envoy-external:10443/TCP (asked)",
  ],
  probing: [
    "probing/Deployment/blackbox > network/Deployment/envoy-external:10443/TCP (asked)",
    "probing/Job/smoke > network/Deployment/envoy-external:10443/TCP (asked)",
  ],
  tools: [
    "tools/Deployment/notes-proxy > network/Deployment/envoy-external:10443/TCP (asked)",
    "tools/Deployment/pgadmin > databases/Job/pg-main-1-full-recovery:5432/TCP (asked)",
  ],
};

describe.each(NAMESPACES)("the sample's %s, drafted from one day of its traffic", (namespace) => {
  const result = merge(namespace);
  const { draft, tree: merged, inventory: after, set } = result;

  it("loses no legitimate flow under default-deny, rare ones and logins included", () => {
    expect(lostBy(namespace, result)).toEqual([]);
  });

  it("admits nothing besides, but for what is written down here", () => {
    expect(admittedBy(namespace, result)).toEqual(ADMITTED[namespace] ?? []);
  });

  it("changes nothing when drafted again on its own result", () => {
    expect(draftOf(namespace, merged, after).files).toEqual([]);
  });

  it("names what other namespaces would have to open", () => {
    const open = compilePolicies(after.policies, settings);
    const shut = flows.filter((f) => touches(f, namespace) && open.connection({ ...f }).verdict !== "allowed");
    const far = shut.map((f) => (f.source.namespace === namespace ? f.destination : f.source).namespace);
    const named = new Set(draft.neededElsewhere.map((n) => n.namespace));
    expect(far.filter((ns) => ns !== null && !named.has(ns))).toEqual([]);
  });

  it("passes validity and audit", () => {
    expect(set.invalid).toEqual([]);
    const base = audit(inventory, facts, { settings, now: 0 });
    const { findings } = audit(after, facts, { settings, now: 0, base });
    expect(findings.filter((f) => f.severity !== "info").map((f) => `${f.rule}: ${f.message}`)).toEqual([]);
  });

  it("inserts and touches nothing else", () => {
    for (const { path, text } of draft.files) {
      // A NetworkPolicy that is converted is written anew, on purpose.
      if (tree.read(path)?.includes("kind: NetworkPolicy") === true) continue;
      const left = (tree.read(path) ?? "").split("\n");
      for (const line of (text ?? "").split("\n")) if (line === left[0]) left.shift();
      expect([path, left]).toEqual([path, []]);
    }
  });

  it("locks nobody: without the assumed lock everything stays allowed", () => {
    const open = compilePolicies(after.policies, settings);
    const shut = flows.filter(
      (f) => touches(f, namespace) && f.source.namespace !== "media" && f.destination.namespace !== "media",
    );
    const verdicts = shut.map((f) => open.connection({ ...f }).verdict);
    expect(verdicts.every((v) => v === "allowed")).toBe(true);
  });

  it("can be locked afterwards by a Kustomization that waits for its allows", () => {
    const lock = draftDefaultDeny({ tree: merged, inventory: after, namespace, writer });
    const locked = readInventory(overlay(merged, lock.files), facts);
    const mine = locked.kustomizations.find((k) => k.name === `${namespace}-default-deny`);
    const carriers = new Set(
      after.policies.flatMap((p) => (p.ref.namespace === namespace && p.owner !== null ? [p.owner] : [])),
    );
    expect([...(mine?.dependsOn ?? [])].sort()).toEqual([...carriers].sort());
    expect(locked.policies.filter((p) => p.owner === mine?.id).map((p) => p.ref.namespace)).toEqual([namespace]);
  });
});

describe("the sample's collab with its draft", () => {
  // A build costs the real binary half a second, so one namespace stands for all.
  it("is built by the real kustomize", async () => {
    const draft = draftOf("collab");
    const merged = overlay(tree, draft.files);
    const folders = draft.files.filter((f) => f.path.endsWith("/kustomization.yaml")).map((f) => dirname(f.path));
    expect(folders.length).toBeGreaterThan(1);
    for (const folder of folders) expect(await kustomizeBuild(merged, folder)).toMatchObject({ built: true });
  });
});
