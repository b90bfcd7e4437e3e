import { createHash } from "node:crypto";
import { podIdentityLabels } from "../../cilium/labels.ts";
import { compilePolicies } from "../../cilium/policy-set.ts";
import { policyId } from "../../facts/policy.ts";
import type { Undo, RollbackScene, Unlocking } from "../../facts/rollback.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { DIRECTIONS, type Direction, type Endpoint } from "../../facts/verdict.ts";
import { canonical } from "../json.ts";
import { fromCluster } from "../policy-documents.ts";
import type { HeldLock } from "./held.ts";
import { disarmed } from "./lock.ts";
import { moveOf } from "./move.ts";
import { rollbackSteps } from "./steps.ts";

const unlockingOf = (lock: HeldLock): Unlocking => ({
  ref: lock.ref,
  before: lock.live?.object ?? null,
  after: lock.live === null || lock.alone ? null : disarmed(lock.live.object),
  owner: lock.owner === null ? null : { id: lock.owner.id, alone: lock.alone },
});

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
  const rows = policies.map(({ ref, before, after, owner }) => [ref, said(before), said(after), owner]);
  return createHash("sha256")
    .update(canonical([namespace, rows]))
    .digest("hex");
};

/** What a rollback of one namespace would do now; without policies when there is nothing (left) to do. */
export const undoOf = (
  locks: readonly HeldLock[],
  scene: RollbackScene,
  settings: CiliumSettings,
  about: { readonly namespace: string; readonly now: number },
): Undo => {
  const { namespace, now } = about;
  const policies = locks.filter((lock) => moveOf(lock, now).kind !== "done").map(unlockingOf);
  const { locked, endpoints } = stillLocked(scene, policies, namespace, settings);
  return {
    digest: digestOf(namespace, policies),
    policies,
    stillLocked: locked,
    endpoints,
    steps: policies.flatMap(({ ref, owner }) =>
      rollbackSteps({ namespace, policy: ref.name, owner: owner?.id ?? null, alone: owner?.alone === true }),
    ),
  };
};
