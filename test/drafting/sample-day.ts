import { compilePolicies, type PolicySet } from "../../src/cilium/policy-set.ts";
import { draftAllows } from "../../src/drafting/draft.ts";
import { assumedDefaultDeny } from "../../src/facts/assumed.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Draft } from "../../src/facts/draft.ts";
import type { Edge, EdgeEnd } from "../../src/facts/edge.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { overlay, type SourceTree } from "../../src/facts/tree.ts";
import type { ConnectionVerdict } from "../../src/facts/verdict.ts";
import { writer } from "../../src/gitops/edit.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { type LegitimateEnd, type LegitimateFlow, legitimateFlows } from "../../src/world/legitimate.ts";
import { edge } from "../replay/field.ts";

export const facts = { ...defaultClusterFacts, insideZones: ["sample.example"] };
export const settings = defaultSettings();
export const tree = folderTree(`${import.meta.dirname}/../../src/world/sample`);
export const inventory = readInventory(tree, facts);
export const flows = legitimateFlows();

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
export const recorded: readonly Edge[] = flows
  .filter((f) => f.when === "steady" || f.when === "daily")
  .map((f) => edge(endOf(f.source), endOf(f.destination), f.port, { protocol: f.protocol }));

export const touches = (flow: LegitimateFlow, namespace: string): boolean =>
  flow.source.namespace === namespace || flow.destination.namespace === namespace;

export const draftOf = (namespace: string, from: SourceTree = tree, of: Inventory = inventory) =>
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

export const told = (flow: LegitimateFlow): string =>
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
export const NAMESPACES = inventory.namespaces
  .filter((n) => !OTHERS.has(n.name) && !n.suspended && !n.dormant)
  .map((n) => n.name)
  .toSorted();

/** A namespace's draft, merged, and what it decides once the namespace is locked. */
export interface Merged {
  readonly draft: Draft;
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly set: PolicySet;
  readonly decide: (flow: LegitimateFlow) => ConnectionVerdict;
}

export const merge = (namespace: string): Merged => {
  const draft = draftOf(namespace);
  const merged = overlay(tree, draft.files);
  const after = readInventory(merged, facts);
  const set = compilePolicies([...after.policies, assumedDefaultDeny(namespace)], settings);
  const decide = ({ source, destination, protocol, port }: LegitimateFlow): ConnectionVerdict =>
    set.connection({ source, destination, protocol, port });
  return { draft, tree: merged, inventory: after, set, decide };
};

/** Legitimate connections of the model that the locked namespace would lose. */
export const lostBy = (namespace: string, { decide }: Merged): readonly string[] => [
  ...new Set(flows.filter((f) => touches(f, namespace) && decide(f).verdict !== "allowed").map(told)),
];

/** What the draft's own rules admit although nobody in the model needs it, of everything that could be asked. */
export const admittedBy = (namespace: string, { draft, decide }: Merged): readonly string[] => {
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
  return [...new Set(extra.map(told))].toSorted();
};
