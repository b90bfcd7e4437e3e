import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { draftDefaultDeny } from "../../src/drafting/default-deny.ts";
import { draftAllows } from "../../src/drafting/draft.ts";
import { assumedDefaultDeny } from "../../src/facts/assumed.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Edge, EdgeEnd } from "../../src/facts/edge.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { overlay, type SourceTree } from "../../src/facts/tree.ts";
import type { ConnectionVerdict } from "../../src/facts/verdict.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { type LegitimateEnd, type LegitimateFlow, legitimateFlows } from "../../src/world/legitimate.ts";
import { edge } from "../replay/field.ts";
import { writer } from "../../src/gitops/edit.ts";

const facts = { ...defaultClusterFacts, insideZones: ["sample.example"] };
const settings = defaultSettings();
const tree = folderTree(`${import.meta.dirname}/../../src/world/sample`);
const inventory = readInventory(tree, facts);
const flows = legitimateFlows();

const endOf = (end: LegitimateEnd): EdgeEnd => {
  const [namespace, kind, name] = end.id.split("/");
  const isPod = end.namespace !== null && kind !== undefined && name !== undefined;
  return {
    id: end.id,
    labels: end.labels,
    namespace: isPod ? (namespace ?? null) : null,
    workload: isPod ? { kind, name } : null,
    ips: [end.ip],
    names: end.names,
  };
};

/** What a day shows: everything but what somebody has to do first. */
const recorded: readonly Edge[] = flows
  .filter((f) => f.when === "steady" || f.when === "daily")
  .map((f) => edge(endOf(f.source), endOf(f.destination), f.port, { protocol: f.protocol }));

const touches = (flow: LegitimateFlow, namespace: string): boolean =>
  flow.source.namespace === namespace || flow.destination.namespace === namespace;

const draftOf = (namespace: string, from: SourceTree = tree, of: Inventory = inventory) =>
  draftAllows({
    tree: from,
    inventory: of,
    edges: recorded,
    coverage: null,
    namespace,
    facts,
    settings,
    writer,
  });

const told = (flow: LegitimateFlow): string =>
  `${flow.source.id} > ${flow.destination.id}:${flow.port}/${flow.protocol} (${flow.when})`;

/** Everything that could be asked of a namespace's pods: every pair of ends of the model on every port of the model. */
const everything = (namespace: string): readonly LegitimateFlow[] => {
  const ends = new Map(flows.flatMap((f) => [f.source, f.destination]).map((e) => [`${e.id} ${e.labels.join()}`, e]));
  const ports = new Map(flows.map((f) => [`${f.port}/${f.protocol}`, f]));
  const own = [...ends.values()].filter((e) => e.namespace === namespace);
  const pairs = own.flatMap((o) =>
    [...ends.values()].flatMap((e) =>
      e === o
        ? []
        : ([
            [o, e],
            [e, o],
          ] as const),
    ),
  );
  return pairs.flatMap(([source, destination]) =>
    [...ports.values()].map((f) => ({
      id: "",
      source,
      destination,
      protocol: f.protocol,
      port: f.port,
      when: "asked" as const,
    })),
  );
};

// Out of scope, suspended, and carved out are other gates' business; `media` is locked already.
const OTHERS = new Set(["flux-system", "kube-system", "downloads", "vpn", "games", "media"]);
const NAMESPACES = inventory.namespaces
  .filter((n) => !OTHERS.has(n.name) && !n.suspended && !n.dormant)
  .map((n) => n.name)
  .toSorted();

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
  const draft = draftOf(namespace);
  const merged = overlay(tree, draft.files);
  const after = readInventory(merged, facts);
  const set = compilePolicies([...after.policies, assumedDefaultDeny(namespace)], settings);
  const decide = (flow: LegitimateFlow): ConnectionVerdict =>
    set.connection({ source: flow.source, destination: flow.destination, protocol: flow.protocol, port: flow.port });

  it("loses no legitimate flow under default-deny, rare ones and logins included", () => {
    const lost = flows.filter((f) => touches(f, namespace) && decide(f).verdict !== "allowed").map(told);
    expect([...new Set(lost)]).toEqual([]);
  });

  it("admits nothing besides, but for what is written down here", () => {
    const own = new Map(draft.rules.map((r) => [`${r.policy.name} ${r.rule}`, r.summary]));
    const isNode = (end: LegitimateEnd): boolean => end.id === "reserved:host" || end.id === "reserved:remote-node";
    // A rule for the world is one by choice, and says so with its cost: there, one stranger is every stranger.
    const far = (end: LegitimateEnd, wide: boolean): string => (wide && !end.endpoint ? "outside" : end.id);
    const key = (f: LegitimateFlow, wide: boolean): string =>
      `${far(f.source, wide)} ${far(f.destination, wide)} ${f.port}/${f.protocol}`;
    const legitimate = [new Set(flows.map((f) => key(f, false))), new Set(flows.map((f) => key(f, true)))] as const;
    const extra = everything(namespace).filter((f) => {
      // A node that may reach a pod is every node: pods move (lesson 36). A load balancer is there for everybody outside.
      if (isNode(f.source) || isNode(f.destination)) return false;
      if (!f.source.endpoint && f.destination.id.startsWith("network/Deployment/envoy-")) return false;
      const verdict = decide(f);
      const side = f.source.namespace === namespace ? verdict.egress : verdict.ingress;
      const rules = side.by.flatMap((r) => own.get(`${r.policy.name} ${r.rule}`) ?? []);
      if (side.verdict !== "allowed" || rules.every((r) => r.startsWith("Baseline"))) return false;
      const wide = rules.some((r) => /: world|to world|would also admit every address outside/.test(r));
      return !legitimate[wide ? 1 : 0].has(key(f, wide));
    });
    expect([...new Set(extra.map(told))].toSorted()).toEqual(ADMITTED[namespace] ?? []);
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
