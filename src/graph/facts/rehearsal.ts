import { known, unknown } from "../../facts/known.ts";
import { policyId } from "../../facts/policy.ts";
import type { ClusterReader } from "../../facts/ports.ts";
import { asRecord } from "../../rollout/json.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { fromCluster, policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { disarmed, disarming } from "../../rollout/rollback/lock.ts";
import { rollbackSteps } from "../../rollout/rollback/steps.ts";
import type { LiveCluster } from "../../rollout/live.ts";
import type { Rehearsal } from "../gate.ts";
import { lookAtRollback, type RollbackFactsPorts } from "./rollback.ts";
import type { RenderedView } from "./views.ts";

const CILIUM = "cilium.io";
const FLUX = "kustomize.toolkit.fluxcd.io";

type Access = Rehearsal["access"][number];
type DryRun = Rehearsal["dryRuns"][number];

const objectOf = (deny: NamedPolicy): Readonly<Record<string, unknown>> => {
  const object = asRecord(deny.document.object);
  return { ...object, metadata: { ...asRecord(object["metadata"]), namespace: deny.ref.namespace } };
};

const reviews = async (cluster: ClusterReader, namespace: string, owner: string): Promise<readonly Access[]> => {
  const [flux = ""] = owner.split("/");
  const asked = [
    { verb: "patch", group: CILIUM, resource: "ciliumnetworkpolicies", namespace },
    { verb: "delete", group: CILIUM, resource: "ciliumnetworkpolicies", namespace },
    { verb: "patch", group: FLUX, resource: "kustomizations", namespace: flux },
  ];
  return Promise.all(
    asked.map(async (request) => ({
      verb: request.verb,
      resource: request.resource,
      namespace: request.namespace,
      allowed: await cluster.mayI(request),
    })),
  );
};

/**
 * What the server would say: to the lock, to the lock made inert, and to the patch that makes it so.
 *
 * A dry run of a create needs the right to create, which the rollback's identity has no business holding. Without it the
 * lock's bytes are tried in the place of another policy of the namespace, by a dry run of a patch: the same schema and the
 * same admission answer, and nothing is made. The allows come before the lock, so there is one; where there is none, that
 * is the refusal.
 */
const dryRuns = async (
  cluster: ClusterReader,
  live: Pick<LiveCluster, "policies">,
  namespace: string,
  deny: NamedPolicy,
): Promise<readonly DryRun[]> => {
  const { name } = deny.ref;
  const kind = "CiliumNetworkPolicy";
  const body = objectOf(deny);
  const runs: DryRun[] = [];
  const written = (object: typeof body): string => ["spec", "specs"].filter((key) => object[key] !== undefined).join();
  const itself = live.policies.find((p) => policyId(p.ref) === policyId(deny.ref));
  // The lock's bytes in the place of an allow say more than in their own.
  const there =
    live.policies.find(
      (p) =>
        p !== itself && p.ref.kind === kind && p.ref.namespace === namespace && written(p.object) === written(body),
    ) ?? itself;
  const mayCreate = await cluster.mayI({ verb: "create", group: CILIUM, resource: "ciliumnetworkpolicies", namespace });
  const create = async (what: string, sent: typeof body): Promise<void> => {
    if (mayCreate) {
      runs.push({
        what: `create ${what}`,
        refused: await cluster.dryRun({ verb: "create", kind, namespace, name, body: sent }),
      });
      return;
    }
    if (there === undefined) {
      const refused = `${namespace} has no CiliumNetworkPolicy in whose place it could be tried, and the rollback identity may not create one`;
      runs.push({ what: `create ${what}`, refused });
      return;
    }
    const on = there.ref.name;
    runs.push({
      what: `create ${what} (tried in the place of ${on})`,
      refused: await cluster.dryRun({ verb: "replace", kind, namespace, name: on, body: sent }),
    });
  };
  await create(`${namespace}/${name}`, body);
  await create(`${namespace}/${name}, made inert`, disarmed(body));
  const patched = itself ?? there;
  if (patched !== undefined) {
    const patch = disarming(patched.object);
    const refused = await cluster.dryRun({ verb: "patch", kind, namespace, name: patched.ref.name, body: patch });
    runs.push({ what: `patch ${namespace}/${patched.ref.name}`, refused });
  }
  return runs;
};

/** The rollback, tried as far as it can be tried while there is nothing to roll back. */
export const rehearse = async (options: {
  readonly cluster: ClusterReader;
  readonly live: LiveCluster;
  readonly namespace: string;
  readonly view: RenderedView;
}): Promise<Rehearsal> => {
  const { cluster, live, namespace, view } = options;
  const deny = policyChanges(view.changes)
    .map(({ after }) => after)
    .find((policy) => policy !== null && policy.ref.namespace === namespace && onlyTurnsDefaultDeny(policy));
  const carrier = view.after.kustomizations.find((k) => k.id === deny?.owner);
  if (deny === undefined || deny === null || carrier === undefined)
    return {
      owner: unknown("no Flux Kustomization carries a default-deny of the namespace", "a default-deny in the change"),
      access: [],
      dryRuns: [],
      steps: [],
    };
  return rehearseLock({
    cluster,
    live,
    namespace,
    deny,
    owner: { id: carrier.id, alone: carrier.objects.length === 1 },
  });
};

/** The same for a lock that stands: who owns it is read off its labels. */
export const rehearseLock = async (options: {
  readonly cluster: ClusterReader;
  readonly live: Pick<LiveCluster, "policies">;
  readonly namespace: string;
  readonly deny: NamedPolicy;
  readonly owner: { readonly id: string; readonly alone: boolean };
}): Promise<Rehearsal> => {
  const { cluster, live, namespace, deny, owner } = options;
  return {
    owner: known(owner),
    access: await reviews(cluster, namespace, owner.id),
    dryRuns: await dryRuns(cluster, live, namespace, deny),
    steps: rollbackSteps({ namespace, policy: deny.ref.name, owner: owner.id, alone: owner.alone }),
  };
};

/** Every lock there is, of one namespace or of all: owner, rights and dry runs, as the gate asks for before a lock is proposed. */
export const rehearseLocks = async (
  ports: RollbackFactsPorts & { readonly cluster: ClusterReader | null },
  namespace: string | null,
): Promise<readonly { readonly namespace: string; readonly policy: string; readonly rehearsal: Rehearsal }[]> => {
  const { cluster } = ports;
  if (cluster === null) return [];
  const { scene, locks } = await lookAtRollback(ports, namespace);
  const found = [];
  for (const { ref, live, owner, alone } of locks) {
    const [deny] = live === null ? [] : fromCluster([live]);
    if (deny === undefined || owner === null || ref.namespace === null) continue;
    const asked = { cluster, live: scene, namespace: ref.namespace, deny, owner: { id: owner.id, alone } };
    found.push({ namespace: ref.namespace, policy: ref.name, rehearsal: await rehearseLock(asked) });
  }
  return found;
};
