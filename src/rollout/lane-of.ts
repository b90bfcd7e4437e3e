import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { LaneId } from "../facts/rollout.ts";
import { canonical, dig, list, record } from "../facts/json.ts";
import { policyChanges, specsOf } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import type { RenderedChange } from "./rendered-diff.ts";
import type { Turned } from "./locks.ts";

/** What a rendered change amounts to: computed, never taken from whoever brings it. */
export type Amounts =
  | { readonly kind: "no-policy"; readonly why: string }
  /** It takes enforcement away and nothing else: never held back. */
  | { readonly kind: "unlocks"; readonly why: string }
  | { readonly kind: "lane"; readonly lane: LaneId; readonly why: string };

export interface AmountsInput {
  readonly changes: readonly RenderedChange[];
  readonly turned: readonly Turned[];
  readonly isEnforced: (namespace: string) => boolean;
  /** An endpoint that this policy selects stays under default-deny in a direction in which the policy allows something. */
  readonly isMissed: (policy: NamedPolicy) => boolean;
  /** Namespaces whose rollout has begun and is not signed off. */
  readonly inFlight: readonly string[];
}

const SECTIONS = ["ingress", "egress"] as const;
const PEERS = ["fromEndpoints", "toEndpoints"] as const;

const rulesOf = (policy: NamedPolicy): readonly unknown[] =>
  specsOf(policy).flatMap((spec) => SECTIONS.flatMap((section) => list(dig(spec, section))));

const denies = (policy: NamedPolicy): readonly unknown[] =>
  specsOf(policy).flatMap((spec) => [...list(dig(spec, "ingressDeny")), ...list(dig(spec, "egressDeny"))]);

const namespacesNamed = (peer: unknown): readonly string[] =>
  Object.entries(record(dig(peer, "matchLabels")))
    .filter(([key]) => key === NAMESPACE_LABEL || key === `k8s:${NAMESPACE_LABEL}` || key === `any:${NAMESPACE_LABEL}`)
    .map(([, value]) => String(value));

/** Every peer of the rule is pods of one of these namespaces, and says so by label. */
const speaksOnlyTo = (rule: unknown, namespaces: readonly string[]): boolean => {
  const fields = Object.keys(record(rule)).filter((key) => key !== "toPorts" && key !== "icmps");
  const peers = PEERS.flatMap((key) => list(dig(rule, key)));
  if (peers.length === 0 || fields.some((key) => !(PEERS as readonly string[]).includes(key))) return false;
  return peers.every((peer) => {
    const named = namespacesNamed(peer);
    return named.length > 0 && named.every((ns) => namespaces.includes(ns));
  });
};

/** It adds rules and leaves every rule that stands as it is. */
export const onlyAdds = ({ before, after }: { before: NamedPolicy | null; after: NamedPolicy | null }): boolean => {
  if (after === null || denies(after).length > (before === null ? 0 : denies(before).length)) return false;
  if (before === null) return true;
  const kept = new Set(rulesOf(after).map(canonical));
  return rulesOf(before).every((rule) => kept.has(canonical(rule)));
};

const addedRules = ({
  before,
  after,
}: {
  before: NamedPolicy | null;
  after: NamedPolicy | null;
}): readonly unknown[] => {
  const old = new Set(before === null ? [] : rulesOf(before).map(canonical));
  return after === null ? [] : rulesOf(after).filter((rule) => !old.has(canonical(rule)));
};

const bare = (policy: NamedPolicy): string =>
  canonical(
    specsOf(policy).map((spec) => {
      const { enableDefaultDeny: _, ...rest } = record(spec);
      return rest;
    }),
  );

const isSoft = (policy: NamedPolicy): boolean =>
  specsOf(policy).every(
    (spec) => dig(spec, "enableDefaultDeny", "ingress") === false && dig(spec, "enableDefaultDeny", "egress") === false,
  );

/**
 * A policy goes whose allows nobody misses, because whom it selects is under default-deny no longer; or one is switched to
 * additive: nothing can be dropped by it.
 */
const unlocks = (
  { before, after }: { before: NamedPolicy | null; after: NamedPolicy | null },
  isMissed: AmountsInput["isMissed"],
): boolean => {
  if (before === null) return false;
  const isEmpty = (rule: unknown): boolean => Object.keys(record(rule)).length === 0;
  // In a NetworkPolicy an empty rule allows everything; here it only asks for default-deny (C A.6).
  const locksOnly = before.ref.kind === "NetworkPolicy" ? rulesOf(before).length === 0 : rulesOf(before).every(isEmpty);
  if (after === null) return (locksOnly && denies(before).every(isEmpty)) || !isMissed(before);
  return bare(before) === bare(after) && isSoft(after);
};

/**
 * It turns any endpoint and direction default-deny: propose-default-deny. It only adds the other end of an edge of the
 * rollout in flight, or every namespace it changes is enforced: propose-repair. Else propose-allows.
 */
export const amountsTo = (input: AmountsInput): Amounts => {
  const policies = policyChanges(input.changes);
  const [first] = input.turned;
  if (first !== undefined)
    return {
      kind: "lane",
      lane: "propose-default-deny",
      why: `${first.subject.who} would be locked (${first.direction})`,
    };
  if (policies.length === 0) return { kind: "no-policy", why: "no policy object changes" };
  // With the last lock gone its allows may go too; allows that go alone are another change.
  const enforced = policies.some(({ before }) => before !== null && !isSoft(before));
  if (enforced && policies.every((change) => unlocks(change, input.isMissed)))
    return { kind: "unlocks", why: "it only removes enforcement" };
  const namespaces = [...new Set(input.changes.flatMap((change) => change.namespaces))];
  const clusterwide = input.changes.some((change) => change.namespaces.length === 0);
  if (!clusterwide && namespaces.length > 0 && namespaces.every(input.isEnforced))
    return { kind: "lane", lane: "propose-repair", why: `${namespaces.join(", ")} is enforced already` };
  const others = input.inFlight.filter((ns) => !namespaces.includes(ns));
  const otherEnd =
    others.length > 0 &&
    policies.every((change) => {
      const added = addedRules(change);
      return onlyAdds(change) && added.length > 0 && added.every((rule) => speaksOnlyTo(rule, others));
    });
  if (otherEnd)
    return {
      kind: "lane",
      lane: "propose-repair",
      why: `it only adds the other end of what ${others.join(", ")} needs`,
    };
  return { kind: "lane", lane: "propose-allows", why: "it locks nothing that is not locked" };
};
