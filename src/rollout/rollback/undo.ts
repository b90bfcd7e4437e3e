import { createHash } from "node:crypto";
import { podIdentityLabels } from "../../cilium/labels.ts";
import { compilePolicies } from "../../cilium/policy-set.ts";
import { policyId } from "../../facts/policy.ts";
import type { Undo, RollbackScene, Unlocking } from "../../facts/rollback.ts";
import type { WaitingFor } from "../../facts/rollout.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { DIRECTIONS, type Direction, type Endpoint } from "../../facts/verdict.ts";
import { canonical } from "../../facts/json.ts";
import { fromCluster } from "../policy-documents.ts";
import type { HeldLock } from "./held.ts";
import { disarmed } from "./lock.ts";
import { moveOf, nextMove, type Move, type NextMove } from "./move.ts";
import { rollbackSteps } from "./steps.ts";

const unlockingOf = (lock: HeldLock, move: Move): Unlocking => ({
  ref: lock.ref,
  before: lock.live?.object ?? null,
  // What is inert and taken out of Git has nothing left to be inert for.
  after: lock.live === null || lock.alone || move.kind === "remove" ? null : disarmed(lock.live.object),
  owner: lock.owner === null ? null : { id: lock.owner.id, alone: lock.alone },
  next: wordsOf(lock, move),
});

const wordsOf = (lock: HeldLock, move: Move): string => {
  const id = policyId(lock.ref);
  switch (move.kind) {
    case "suspend":
      return lock.effect === "gone"
        ? `${move.owner} is suspended before it brings ${id}, and a pull request takes ${id} out of Git`
        : `${move.owner}, which carries nothing else, is suspended, and ${id} is deleted; a pull request takes it out of Git`;
    case "settle":
      return `once the reconcile of ${move.owner} in flight has ended, ${id} is deleted`;
    case "disarm":
      return `${id} is taken from Flux and made inert (${lock.owner === null ? "its labels name no owner" : `${lock.owner.id} carries more than this`}); a pull request takes it out of Git`;
    case "remove":
      return lock.effect === "inert" ? `${id}, inert already and out of Git, is deleted` : `${id} is deleted`;
    case "resume":
      return `${move.owner} is resumed: what Flux has fetched holds no ${id} any more`;
    case "revert":
      return `${id} is off in the cluster already; a pull request takes it out of Git`;
    case "wait":
      return `${id} is off; this waits for ${move.for.detail}`;
    case "stop":
      return `${id} is off; whether Git still asks for it cannot be known (${move.why})`;
    case "done":
      break;
  }
  return `${id} is gone`;
};

const waitOf = (next: NextMove | null, revert: WaitingFor | null): WaitingFor | null => {
  if (next?.move.kind === "wait") return next.move.for;
  if (next?.move.kind === "stop")
    return { what: "person", detail: `${wordsOf(next.lock, next.move)}. ${next.move.wouldHelp}`, until: null };
  return next?.move.kind === "revert" ? revert : null;
};

interface Named {
  readonly who: string;
  readonly endpoint: Endpoint;
}

/** Pods of the namespace as the agents know them, and one that could come: a Job's that does not run now is locked alike. */
const endpointsOf = (scene: RollbackScene, namespace: string, settings: CiliumSettings): readonly Named[] => {
  const namespaceLabels = scene.namespaces.find((ns) => ns.name === namespace)?.labels ?? {};
  const any = podIdentityLabels({ podLabels: {}, namespace, namespaceLabels, cluster: settings.clusterName });
  return [
    ...scene.endpoints
      .filter((e) => e.namespace === namespace && e.labels !== null)
      .map((e) => ({ who: `${namespace}/${e.name}`, endpoint: { labels: e.labels ?? [] } })),
    { who: `${namespace}: a pod without labels`, endpoint: { labels: any } },
  ];
};

/** Who stays under default-deny once the locks are gone, and by what, as the kernel says (C A.5). */
export const stillLocked = (
  scene: RollbackScene,
  undone: readonly Unlocking[],
  namespace: string,
  settings: CiliumSettings,
): { readonly locked: readonly string[]; readonly endpoints: number } => {
  const after = new Map(undone.map((u) => [policyId(u.ref), u.after]));
  const documents = fromCluster(scene.policies).flatMap(({ ref, document }) => {
    const then = after.get(policyId(ref));
    if (then === undefined) return [document];
    return then === null ? [] : [{ ...document, object: then }];
  });
  const set = compilePolicies(documents, settings, {}, { refusedBy: "agent" });
  const subjects = endpointsOf(scene, namespace, settings);
  const by = (endpoint: Endpoint, direction: Direction): string => {
    const names = set.defaultDeny(endpoint, direction).by.map((rule) => policyId(rule.policy));
    return names.length === 0 ? `enable-policy=${settings.enablePolicy}` : [...new Set(names)].join(", ");
  };
  const locked = subjects.flatMap(({ who, endpoint }) =>
    DIRECTIONS.filter((d) => set.defaultDeny(endpoint, d).value).map((d) => `${who} (${d}): ${by(endpoint, d)}`),
  );
  return { locked, endpoints: subjects.length };
};

const digestOf = (namespace: string, policies: readonly Unlocking[]): string => {
  const said = (object: Unlocking["before"]): unknown =>
    object === null ? null : [object["spec"] ?? null, object["specs"] ?? null];
  const rows = policies.map(({ ref, before, after, owner, next }) => [ref, said(before), said(after), owner, next]);
  return createHash("sha256")
    .update(canonical([namespace, rows]))
    .digest("hex");
};

/** What a rollback of one namespace would do now; without policies when there is nothing (left) to do. */
export const undoOf = (
  locks: readonly HeldLock[],
  scene: RollbackScene,
  settings: CiliumSettings,
  about: {
    readonly namespace: string;
    /** An open pull request that reverts. */ readonly revert: WaitingFor | null;
  },
): Undo => {
  const { namespace, revert } = about;
  const policies = locks
    .map((lock) => ({ lock, move: moveOf(lock) }))
    .filter(({ move }) => move.kind !== "done")
    .map(({ lock, move }) => unlockingOf(lock, move));
  const { locked, endpoints } = stillLocked(scene, policies, namespace, settings);
  return {
    digest: digestOf(namespace, policies),
    policies,
    waitingFor: waitOf(nextMove(locks), revert),
    stillLocked: locked,
    endpoints,
    steps: policies.flatMap(({ ref, owner }) =>
      rollbackSteps({ namespace, policy: ref.name, owner: owner?.id ?? null, alone: owner?.alone === true }),
    ),
  };
};
