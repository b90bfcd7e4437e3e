import { DAY } from "../../facts/clock.ts";
import { branchOf } from "../../facts/rollout.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { carrierArrived, namedByCilium, policyArrived } from "../../rollout/arrival.ts";
import type { Arrival } from "../../rollout/arrival.ts";
import { ancestorsOf, standstillInCluster } from "../../rollout/carriers.ts";
import { dig } from "../../facts/json.ts";
import { isFluxKustomization, objectsIn } from "../../rollout/rendered-diff.ts";
import type { FluxKustomization } from "../../facts/inventory.ts";
import { renderedView } from "../facts/views.ts";
import type { RenderedView } from "../facts/views.ts";
import { fromInventory, policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import type { GateFacts } from "../gate.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";
import type { Word } from "./kit.ts";

const distinct = (owners: readonly (string | null)[]): readonly string[] => [
  ...new Set(owners.filter((owner) => owner !== null)),
];

/** A parent that waits for its children would wait for ever for one that depends on it; and it applies first anyway. */
const waitsForChild = (view: RenderedView, owner: string, child: FluxKustomization): boolean => {
  const above = new Set(ancestorsOf(view.after, child.id).map((k) => k.id));
  const object = objectsIn(view.after).find(
    (o) => isFluxKustomization(o) && `${o.namespace ?? ""}/${o.name}` === owner,
  );
  const waits =
    dig(object?.object, "spec", "wait") === true || dig(object?.object, "spec", "healthChecks") !== undefined;
  return above.has(owner) && waits;
};

/** Default-deny ships as its own Flux Kustomization that waits for every one that carries the namespace's allows. */
const shipsAlone = (view: RenderedView, allows: readonly NamedPolicy[]): Word | null => {
  const denies = policyChanges(view.changes)
    .map(({ after }) => after)
    .filter((policy) => policy !== null)
    .filter(onlyTurnsDefaultDeny);
  for (const deny of denies) {
    const carrier = view.after.kustomizations.find((k) => k.id === deny.owner);
    if (carrier === undefined)
      return refuses(
        `no Flux Kustomization carries ${deny.ref.name}`,
        "Give default-deny a Flux Kustomization of its own that dependsOn those with the namespace's allows.",
      );
    const company = carrier.objects.filter((o) => o.name !== deny.ref.name || o.kind !== deny.ref.kind);
    if (company.length > 0)
      return refuses(
        `${deny.ref.name} ships in Kustomization ${carrier.id} together with ${company.length} other objects: one refused object would fail them all, and the lock could not be suspended alone`,
        "Give default-deny a Flux Kustomization of its own.",
      );
    const waits = new Set(carrier.dependsOn);
    const unwaited = distinct(allows.map((a) => a.owner)).filter(
      (owner) => !waits.has(owner) && !waitsForChild(view, owner, carrier),
    );
    if (unwaited.length > 0)
      return refuses(
        `Kustomization ${carrier.id} does not depend on ${some(unwaited)}, which carries allows of the namespace: the lock could land first`,
        `Add ${some(unwaited)} to its dependsOn.`,
      );
  }
  return null;
};

const firstMissing = (facts: GateFacts, view: RenderedView, allows: readonly NamedPolicy[]): Word | null => {
  if (!facts.live.known) return refusesUnknown("What the cluster runs", facts.live);
  if (!facts.history.known) return refusesUnknown("Which commits the cluster holds", facts.history);
  if (!facts.pullRequests.known) return refusesUnknown("Which pull requests were merged", facts.pullRequests);
  const { namespace } = facts.request;
  const live = facts.live.value;
  const history = facts.history.value;
  const open = facts.pullRequests.value.find((p) => p.branch === branchOf(namespace) && p.state === "open");
  if (open !== undefined)
    return refuses(
      `pull request #${open.number} with allows of ${namespace} is still open`,
      "Merge or close it first.",
      {
        waitingFor: { what: "merge", detail: `pull request #${open.number}`, until: null },
      },
    );
  const merges = facts.pullRequests.value
    .filter((p) => p.branch === branchOf(namespace) && p.mergeCommit !== null)
    .map((p) => p.mergeCommit)
    .filter((commit) => commit !== null);
  const latest = merges.slice(0, 1);
  const carriers = distinct(allows.map((a) => a.owner));
  const still = standstillInCluster(live, carriers);
  if (still.length > 0)
    return refuses(
      `${some(still.map((s) => s.what))} is suspended: the allows in the cluster may not be those in Git`,
      "Resume it, and let it reconcile.",
      { lesson: 22 },
    );
  const orphans = allows.filter((a) => a.owner === null || !view.before.kustomizations.some((k) => k.id === a.owner));
  if (orphans.length > 0)
    return refuses(
      `no Flux Kustomization is known to apply ${some(orphans.map((o) => o.ref.name))}`,
      "Bring it under a Flux Kustomization, so that it can be told when it is live.",
    );
  const named = namedByCilium(
    facts.evidence.known ? facts.evidence.value.edges : [],
    facts.soak.known ? facts.soak.value.coverage.from : facts.now - DAY,
  );
  const arrivals: readonly Arrival[] = [
    ...carriers.map((owner) => carrierArrived(owner, latest, live, history)),
    ...allows.map((policy) => policyArrived(policy, live, named)),
  ];
  const gone = arrivals.filter((a) => !a.arrived);
  if (gone.length === 0) return null;
  const why = some(gone.map((g) => g.why));
  return refuses(
    `allows that are merged are not yet allows that are live: ${why}`,
    gone.every((g) => g.waits)
      ? "Wait for Flux to apply them, or reconcile it by hand."
      : "Repair what is refused first.",
    gone.every((g) => g.waits) ? { waitingFor: { what: "apply", detail: why, until: null } } : { lesson: 18 },
  );
};

export const allowsLive = gate(
  "allows-live",
  {
    title: "every allow of the namespace is applied, valid and taken by the agents",
    lessons: [32, 18, 22],
    depth: "full",
    needs: ["request", "inventory", "live", "pullRequests", "history", "evidence"],
  },
  (facts) => {
    const view = renderedView(facts);
    if (view === null)
      return refuses(
        "which allows the namespace has cannot be told: it does not build",
        "Make the repository build first.",
      );
    const { namespace } = facts.request;
    const allows = fromInventory(view.before).filter(
      (policy) => policy.ref.namespace === namespace && !onlyTurnsDefaultDeny(policy),
    );
    if (allows.length === 0)
      return refuses(`${namespace} has no allows on the default branch yet`, "Propose and merge its allows first.", {
        lesson: 4,
        waitingFor: { what: "merge", detail: `the allows of ${namespace}`, until: null },
      });
    return firstMissing(facts, view, allows) ?? shipsAlone(view, allows) ?? passes(`${allows.length} allows are live.`);
  },
);
