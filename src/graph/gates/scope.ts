import { NEVER_LOCKED } from "../../facts/campaign.ts";
import type { GateFacts } from "../gate.ts";
import { carriersOf, policyCarriers, standstillInCluster, standstillInGit } from "../../rollout/carriers.ts";
import { policyView, renderedView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";
import type { Word } from "./kit.ts";

const NEEDS_CLUSTER: readonly string[] = ["propose-default-deny", "request-sign-off"];

const isNever = (namespace: string): boolean => (NEVER_LOCKED as readonly string[]).includes(namespace);

/** Decided by names alone, so that it is said even when nothing else can be read. */
const byName = (facts: GateFacts): Word | null => {
  const { namespace } = facts.request;
  if (isNever(namespace))
    return refuses(
      `${namespace} is never locked: it is the rollback mechanism itself`,
      "Lock the namespaces that run on it instead. No configuration and nobody's request changes this.",
      { lesson: 1 },
    );
  if (facts.campaign.outOfScope.includes(namespace))
    return refuses(
      `${namespace} is out of scope by configuration`,
      "Take it out of campaign.outOfScope in network-operator.yaml, if that is what its owner wants.",
      { lesson: 1 },
    );
  const carved = facts.campaign.carveOuts.find((c) => c.namespace === namespace);
  if (carved !== undefined)
    return refuses(
      `${namespace} is carved out: ${carved.reason}`,
      "Take it out of campaign.carveOuts in network-operator.yaml once the reason is gone.",
      { lesson: 21 },
    );
  return null;
};

/** A clusterwide policy can lock what nobody asked about. */
const locksTheUntouchable = (facts: GateFacts): Word | null => {
  const view = policyView(facts);
  if (view === null) return null;
  const hit = view.subjects.filter(
    ({ namespace, endpoint }) =>
      isNever(namespace) &&
      (["ingress", "egress"] as const).some(
        (d) => !view.sets.standing.defaultDeny(endpoint, d).value && view.sets.proposed.defaultDeny(endpoint, d).value,
      ),
  );
  if (hit.length === 0) return null;
  return refuses(
    `the change would put ${some(hit.map((s) => s.who))} under default-deny`,
    "Let its selector leave out flux-system and kube-system.",
    { lesson: 1 },
  );
};

/** Everything on the way of the change, and of the namespace's own policies, has to move. */
const atAStandstill = (facts: GateFacts): Word | null => {
  const { namespace } = facts.request;
  const view = renderedView(facts);
  const before = facts.inventory.before;
  if (!before.known) return refusesUnknown("What is suspended", before);
  const inventory = view?.after ?? before.value;
  const carriers = [
    ...carriersOf(view?.changes ?? []),
    ...policyCarriers(before.value, namespace),
    ...before.value.objects
      .filter((o) => o.kind === "Namespace" && o.name === namespace)
      .map((o) => o.owner)
      .filter((o) => o !== null),
  ];
  const inGit = standstillInGit(inventory, carriers);
  const all = facts.live.known ? [...inGit, ...standstillInCluster(facts.live.value, carriers)] : inGit;
  if (all.length === 0) return null;
  return refuses(
    `${some(all.map((s) => `${s.what} (in ${s.seenIn})`))} is suspended, so the change would not arrive or would arrive unasked`,
    `Resume it first (flux resume ...), or leave ${namespace} until its owner does.`,
    { lesson: 22 },
  );
};

/**
 * A fleet repair is no namespace's: it only loosens, which `one-namespace` holds it to, so no namespace needs to be in
 * scope for it. Where something is suspended it arrives with the resumption.
 */
const ofFleet = (facts: GateFacts): Word =>
  locksTheUntouchable(facts) ?? passes("A component's repair, for every namespace that uses it.");

export const scope = gate(
  "scope",
  {
    title: "a namespace that may be locked, and whose way from Git to the cluster is open",
    lessons: [1, 22],
    depth: "full",
    needs: ["request", "campaign", "inventory", "live"],
  },
  (facts) => {
    if (facts.changeset.kind === "fleet-repair") return ofFleet(facts);
    const named = byName(facts);
    if (named !== null) return named;
    const { namespace, lane } = facts.request;
    const { before, after } = facts.inventory;
    if (!before.known) return refusesUnknown("What the repository applies", before);
    if (!after.known) return refusesUnknown("What the repository would apply with the change", after);
    const here = before.value.namespaces.find((ns) => ns.name === namespace);
    const livesThere = facts.live.known && facts.live.value.namespaces.some((ns) => ns.name === namespace);
    if (here === undefined && !livesThere)
      return refuses(
        `there is no namespace ${namespace} in the repository or the cluster`,
        "Check the name: `network-operator status` lists all of them.",
        { lesson: 22 },
      );
    if (here?.dormant === true)
      return refuses(
        `${namespace} is dormant: no Kustomization leads to it`,
        "It joins the campaign when it is enabled again.",
        { lesson: 22 },
      );
    if (here?.suspended === true)
      return refuses(
        `the Flux Kustomization that carries ${namespace} is suspended in Git`,
        `Resume it first, or leave ${namespace} until its owner does.`,
        { lesson: 22 },
      );
    if (!facts.live.known && (facts.configured.cluster || NEEDS_CLUSTER.includes(lane)))
      return refusesUnknown("Live suspension", facts.live);
    const still = atAStandstill(facts) ?? locksTheUntouchable(facts);
    if (still !== null) return still;
    return facts.live.known ? passes() : passes("No cluster is configured: suspension was read from Git alone.");
  },
);
