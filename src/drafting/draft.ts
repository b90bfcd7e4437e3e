import { compilePolicies, type PolicySet } from "../cilium/policy-set.ts";
import { knownFacts } from "../facts/autopath.ts";
import { assumedDefaultDeny } from "../facts/assumed.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Coverage } from "../facts/coverage.ts";
import type { Draft, RuleEvidence } from "../facts/draft.ts";
import type { Edge, EdgeSource } from "../facts/edge.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { SourceTree } from "../facts/tree.ts";
import { roster } from "../facts/who.ts";
import type { Writer } from "../facts/writer.ts";
import { planBaseline } from "./adopt.ts";
import { elsewhere, holds } from "./bench.ts";
import { namespaceFolder } from "./components.ts";
import { planConversions } from "./convert.ts";
import { declaredNeeds, requiredNeeds } from "./declared.ts";
import { evidenceOf } from "./evidence.ts";
import { faces, type Faces } from "./faces.ts";
import { fileChanges } from "./files.ts";
import { generalise, type Variant } from "./generalise.ts";
import { type LeftOut, merge, type Need, needId } from "./need.ts";
import { type Field, observedNeeds } from "./observed.ts";
import { namespacePlace } from "./places.ts";
import { planPolicies } from "./policies.ts";
import { styleOf } from "./style.ts";
import { witnessed } from "./witnessed.ts";
import { writable } from "./writable.ts";

export interface DraftInput {
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly edges: readonly Edge[];
  readonly coverage: Coverage | null;
  readonly namespace: string;
  readonly facts: ClusterFacts;
  readonly settings: CiliumSettings;
  readonly writer: Writer;
  /** How far rules may stand for more than what was seen. */
  readonly variant?: Variant;
  /** Which of the three sources of edges count; all of them, but where an eval shows what one of them is worth. */
  readonly sources?: readonly EdgeSource[];
}

/** Whether Cilium learns names here: a pod's DNS question must come out redirected to the proxy (C B.4.3). */
const learnsNames = (set: PolicySet, needs: readonly Need[], facts: ClusterFacts, look: Faces): boolean => {
  if (facts.autopath) return false;
  const dns = needs.filter((n) => n.pattern === "dns");
  return dns.every(({ subject, faces: peers, direction, protocol, port }) =>
    peers.every((peer) => {
      const asked = { direction, subject: { labels: look.identity(subject) }, peer, protocol, port };
      return set.judge(asked).outcome === "allowed-l7";
    }),
  );
};

const coverageNotes = (coverage: Coverage | null): readonly string[] => {
  if (coverage === null) return ["No evidence was given: every rule comes from manifests and requirements alone."];
  if (coverage.vacuous) return ["The namespace has no pods, so there was nothing to see."];
  const share = Math.floor(coverage.completeness * 1000) / 10;
  return coverage.completeness < 1 ? [`The evidence covers ${share} % of its window.`] : [];
};

/**
 * The allows of one namespace, in the repository's own style. Pure and deterministic: same inputs, same bytes; on a tree
 * that holds its own result it changes nothing. Throws `OperatorError("input")` when there is no place to write to.
 */
export const draftAllows = (input: DraftInput): Draft => {
  const { tree, namespace, settings, writer } = input;
  const inventory = witnessed(input.inventory, input.edges);
  const facts = knownFacts(input.facts, inventory);
  const folder = namespaceFolder(inventory, namespace);
  const style = styleOf(tree, inventory);
  const home = namespacePlace(tree, inventory, namespace, folder);
  const base = planBaseline({ tree, inventory, namespace, facts, home, style, writer });
  const look = faces(inventory, settings);
  const compile = (more: readonly PolicyDocument[]): PolicySet =>
    compilePolicies([...inventory.policies, ...base.documents, ...more, assumedDefaultDeny(namespace)], settings);
  const before = compile([]);
  const field: Field = {
    inventory,
    facts,
    namespace,
    faces: look,
    roster: roster(inventory, input.edges),
    namesMatch: true,
  };
  const required = requiredNeeds(field);
  const asked: Field = { ...field, namesMatch: learnsNames(before, required, facts, look) };
  const observed = observedNeeds(input.edges, asked);
  const declared = declaredNeeds(asked);
  const known = [...observed.needs, ...declared.needs, ...required];
  const sound = writable(known.filter((need) => input.sources?.includes(need.source) ?? true));
  const needs = merge(sound.needs);

  const open = needs.filter((need) => !holds(need, before, look).allowed);
  const wides = generalise(open, inventory, input.variant ?? "normal");
  const plan = planPolicies({ wides, tree, inventory, namespace, home, style, taken: base.names });
  const after = compile(plan.policies.map((p) => p.document));
  const short: LeftOut[] = open
    .filter((need) => !plan.dropped.has(needId(need)) && !holds(need, after, look).allowed)
    .map((need) => ({
      what: `${need.direction} of ${need.subject.name}, ${need.protocol} ${need.port}`,
      why: "the rule is there, but another policy denies it or its peer cannot be judged",
    }));

  const rules: RuleEvidence[] = [];
  for (const policy of base.evidence) rules.push(withEdges(policy, needs, before, look));
  for (const { ref, rules: own } of plan.policies)
    for (const { pointer, rule } of own) rules.push(evidenceOf(ref, pointer, rule));
  const converted = planConversions({ tree, inventory, namespace, settings, faces: look, style });
  const live = compilePolicies(inventory.policies, settings);
  return {
    namespace,
    kind: "allows",
    files: fileChanges({
      tree,
      writer,
      changes: [...base.files, ...converted.conversions.map((c) => c.file)],
      policies: plan.policies,
      style,
    }),
    rules: [...rules, ...converted.evidence],
    neededElsewhere: elsewhere(needs, live, look, namespace),
    leftOut: dedupe([
      ...observed.leftOut,
      ...declared.leftOut,
      ...sound.leftOut,
      ...plan.leftOut,
      ...converted.leftOut,
      ...short,
    ]),
    notes: [
      ...dormancy(inventory, namespace),
      ...base.notes,
      ...plan.notes,
      ...converted.notes,
      ...suspendedNotes(inventory, namespace),
      ...coverageNotes(input.coverage),
    ],
  };
};

/** A baseline rule's evidence is every need that it alone, or it too, lets through. */
const withEdges = (evidence: RuleEvidence, needs: readonly Need[], set: PolicySet, look: Faces): RuleEvidence => {
  const same = (a: PolicyRef, b: PolicyRef): boolean => a.namespace === b.namespace && a.name === b.name;
  const mine = needs.filter((need) =>
    holds(need, set, look).by.some((r) => same(r.policy, evidence.policy) && r.rule === evidence.rule),
  );
  const edges = [...new Set(mine.flatMap((n) => n.edges))];
  return {
    ...evidence,
    edges,
    declared: [...new Set(mine.flatMap((n) => n.declared))],
    unexercised: edges.length === 0,
  };
};

const dormancy = (inventory: Inventory, namespace: string): readonly string[] => {
  const fact = inventory.namespaces.find((n) => n.name === namespace);
  if (fact?.dormant === true) return ["Nothing applies this namespace's folder today: what is drafted waits with it."];
  return fact?.suspended === true ? ["The Kustomization that carries this namespace is suspended."] : [];
};

const suspendedNotes = (inventory: Inventory, namespace: string): readonly string[] =>
  inventory.workloads
    .filter((w) => w.namespace === namespace && w.suspended)
    .map((w) => `${w.kind} ${w.name} is suspended and left out; its return reopens the soak for its pods (lesson 22).`)
    .sort();

const dedupe = (items: readonly LeftOut[]): readonly LeftOut[] => {
  const found = new Map(items.map((item) => [`${item.what}|${item.why}`, item]));
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
};
