import { defaultClusterFacts } from "../facts/cluster-facts.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Inventory, ServiceFact } from "../facts/inventory.ts";
import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { PolicyRef } from "../facts/policy.ts";
import { policyId } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { PolicySet } from "../cilium/policy-set.ts";
import { compilePolicies } from "../cilium/policy-set.ts";
import type { ValidityProblem } from "../cilium/validity.ts";
import { checkPolicy } from "../cilium/validity.ts";
import { Addresses } from "./addresses.ts";
import { Judge } from "./judge.ts";
import type { PodView } from "./pods.ts";
import { podViews } from "./pods.ts";
import type { PeerView, PolicyView, RuleView, SpecView } from "./policy-view.ts";
import { viewPolicy } from "./view-policy.ts";
import type { Match, Selector } from "./selector.ts";
import { isNear, matches, namedNamespaces, podTerms, readSelector } from "./selector.ts";

export interface Picked {
  readonly pod: PodView;
  readonly match: Exclude<Match, "no">;
}

/** What every rule looks at: the inventory with its indexes, built once. */
export class Context {
  readonly inventory: Inventory;
  readonly facts: ClusterFacts;
  readonly settings: CiliumSettings;
  readonly kernel: PolicySet;
  readonly judge: Judge;
  readonly addresses: Addresses;
  /** Every policy, the refused ones too. */
  readonly written: readonly PolicyView[];
  /** Those that the API server and the agent take. */
  readonly policies: readonly PolicyView[];
  readonly rules: readonly RuleView[];
  readonly pods: readonly PodView[];
  readonly problemsOf: ReadonlyMap<PolicyView, readonly ValidityProblem[]>;
  readonly #byNamespace: ReadonlyMap<string, readonly PodView[]>;
  readonly #services: ReadonlyMap<string, ServiceFact>;
  readonly #picked = new Map<string, readonly Picked[]>();
  readonly #backends = new Map<ServiceFact, readonly Picked[]>();

  constructor(inventory: Inventory, facts: ClusterFacts, settings: CiliumSettings) {
    this.inventory = inventory;
    this.facts = facts;
    this.settings = settings;
    this.kernel = compilePolicies(inventory.policies, settings);
    this.written = inventory.policies.map(viewPolicy);
    this.problemsOf = new Map(this.written.map((view) => [view, checkPolicy(view.document, settings)]));
    this.policies = this.written.filter((view) => !this.refused(view));
    this.rules = this.policies.flatMap((view) => view.rules);
    this.pods = podViews(inventory, settings.clusterName).map((pod) => confirmed(pod, this.policies));
    this.#byNamespace = Map.groupBy(this.pods, (pod) => pod.namespace);
    this.#services = new Map(inventory.services.map((s) => [`${s.namespace}/${s.name}`, s]));
    this.addresses = new Addresses(inventory);
    this.judge = new Judge(this.kernel, inventory, settings);
  }

  refused(view: PolicyView): boolean {
    return (this.problemsOf.get(view) ?? []).some((problem) => problem.layer !== "meant");
  }

  podsIn(namespace: string): readonly PodView[] {
    return this.#byNamespace.get(namespace) ?? [];
  }

  service(namespace: string, name: string): ServiceFact | null {
    return this.#services.get(`${namespace}/${name}`) ?? null;
  }

  /** The pods that a selector picks, surely or perhaps. */
  pick(s: Selector): readonly Picked[] {
    const known = this.#picked.get(s.text);
    if (known !== undefined) return known;
    const picked: Picked[] = [];
    for (const pod of this.#candidates(s)) {
      const match = matches(s, pod);
      if (match === "yes" || (match === "maybe" && isPlausible(s, pod))) picked.push({ pod, match });
    }
    this.#picked.set(s.text, picked);
    return picked;
  }

  #candidates(s: Selector): readonly PodView[] {
    const namespaces = namedNamespaces(s);
    return namespaces === null ? this.pods : namespaces.flatMap((n) => this.podsIn(n));
  }

  subjects(spec: SpecView): readonly Picked[] {
    return spec.nodes ? [] : this.pick(spec.subject);
  }

  peers(peer: PeerView): readonly Picked[] {
    return peer.kind === "endpoints" ? this.pick(peer.selector) : [];
  }

  /** The pods that a Service sends traffic to: those surely picked, else those perhaps picked. */
  backends(service: ServiceFact): readonly Picked[] {
    const wanted = service.selector;
    if (wanted === null || Object.keys(wanted).length === 0) return [];
    const known = this.#backends.get(service);
    if (known !== undefined) return known;
    const labels = readSelector({ matchLabels: { ...wanted, [NAMESPACE_LABEL]: service.namespace } });
    const picked = this.pick(labels);
    const sure = picked.filter((p) => p.match === "yes");
    const found = sure.length > 0 ? sure : picked;
    this.#backends.set(service, found);
    return found;
  }

  servicesOf(pod: PodView): readonly ServiceFact[] {
    return this.inventory.services.filter(
      (s) => s.namespace === pod.namespace && this.backends(s).some((picked) => picked.pod === pod),
    );
  }

  view(ref: PolicyRef): PolicyView | null {
    return this.written.find((view) => policyId(view.ref) === policyId(ref)) ?? null;
  }
}

/** Labels that are missing may be there; but something must say that this pod is meant: a label, or its name. */
const isPlausible = (s: Selector, pod: PodView): boolean => {
  const asked = podTerms(s).filter((t) => t.operator === "In");
  if (asked.length === 0) return true;
  const names = [pod.fact.name, pod.fact.from.name];
  return asked.some((t) => {
    const value = Object.hasOwn(pod.labels, t.key) ? pod.labels[t.key] : undefined;
    if (value !== undefined && t.values.includes(value)) return true;
    return t.values.some((v) => names.some((name) => name === v || isNear(name, v)));
  });
};

/**
 * The labels of an unknown chart's pods are a guess by Helm's convention. Where a policy of the pods' own namespace selects
 * them by exactly these, whoever wrote it has seen them: two sources that agree are no guess.
 */
const confirmed = (pod: PodView, policies: readonly PolicyView[]): PodView => {
  if (pod.guessed !== true) return pod;
  const isSelected = policies.some(
    (view) => view.namespace === pod.namespace && view.specs.some((spec) => isNamedBy(spec, pod)),
  );
  return isSelected ? { ...pod, sure: "likely" } : pod;
};

const isNamedBy = ({ subject, nodes }: SpecView, pod: PodView): boolean =>
  !nodes && podTerms(subject).some((t) => t.operator === "In") && matches(subject, pod) === "yes";

export const contextOf = (
  inventory: Inventory,
  facts: ClusterFacts = defaultClusterFacts,
  settings: CiliumSettings,
): Context => new Context(inventory, facts, settings);
