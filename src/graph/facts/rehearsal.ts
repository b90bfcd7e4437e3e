import { known, unknown } from "../../facts/known.ts";
import { policyId } from "../../facts/policy.ts";
import type { ClusterReader } from "../../facts/ports.ts";
import type { OwnedLock, PlayRollback } from "../../facts/rollback.ts";
import { record } from "../../facts/json.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { fromCluster, policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { disarmed, disarming } from "../../rollout/rollback/lock.ts";
import { rollbackSteps } from "../../rollout/rollback/steps.ts";
import { attempt, type LiveCluster } from "../../rollout/live.ts";
import type { Rehearsal } from "../gate.ts";
import { preparationFault } from "../gates/rollback-rehearsed.ts";
import { lookAtRollback, type RollbackFactsPorts } from "./rollback.ts";
import type { RenderedView } from "./views.ts";

const CILIUM = "cilium.io";
const FLUX = "kustomize.toolkit.fluxcd.io";

type Access = Rehearsal["access"][number];
type DryRun = Rehearsal["dryRuns"][number];

const objectOf = (deny: NamedPolicy): Readonly<Record<string, unknown>> => {
  const object = record(deny.document.object);
  return { ...object, metadata: { ...record(object["metadata"]), namespace: deny.ref.namespace } };
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

const NOT_TRIED = unknown(
  "what comes before it is not in order",
  "an owner, its rights and the server's consent: the whole path is executed once they are there",
);

interface Tried extends OwnedLock {
  readonly deny: NamedPolicy;
}

/** Each lock is executed for a second, and a pull request can bring any number of them. */
const MOST = 4;

/** Several locks in one change, each in order, are one rehearsal. */
const together = (all: readonly Rehearsal[]): Rehearsal => ({
  owner: all[0]?.owner ?? NO_LOCK.owner,
  access: all.flatMap(({ access }) => access),
  dryRuns: all.flatMap(({ dryRuns: runs }) => runs),
  steps: all.flatMap(({ steps }) => steps),
  played: known(all.flatMap(({ played }) => (played.known ? played.value : []))),
});

const NO_LOCK: Rehearsal = {
  owner: unknown("no Flux Kustomization carries a default-deny of the namespace", "a default-deny in the change"),
  access: [],
  dryRuns: [],
  steps: [],
  played: NOT_TRIED,
};

/** The rollback, tried while there is nothing to roll back: on the server as far as that goes, and to its end elsewhere. */
export const rehearse = async (options: {
  readonly cluster: ClusterReader;
  readonly live: LiveCluster;
  readonly play: PlayRollback;
  readonly namespace: string;
  readonly view: RenderedView;
}): Promise<Rehearsal> => {
  const { cluster, live, play, namespace, view } = options;
  const denies = policyChanges(view.changes).flatMap(({ after }) =>
    after !== null && after.ref.namespace === namespace && onlyTurnsDefaultDeny(after) ? [after] : [],
  );
  if (denies.length > MOST) {
    const why = `the change brings ${denies.length} policies that do nothing but lock ${namespace}`;
    return { ...NO_LOCK, owner: unknown(why, "one default-deny: it locks every pod that there is") };
  }
  const rehearsals: Rehearsal[] = [];
  for (const deny of denies) {
    const carrier = view.after.kustomizations.find((k) => k.id === deny.owner);
    if (carrier === undefined) return NO_LOCK;
    const owner = { id: carrier.id, alone: carrier.objects.length === 1 };
    const rehearsal = await rehearseLock({ cluster, live, play }, { namespace, deny, owner, object: objectOf(deny) });
    // One that does not come off is answer enough.
    if (!rehearsal.played.known) return rehearsal;
    rehearsals.push(rehearsal);
  }
  return rehearsals.length === 0 ? NO_LOCK : together(rehearsals);
};

interface Ports {
  readonly cluster: ClusterReader;
  readonly live: Pick<LiveCluster, "policies">;
  readonly play: PlayRollback;
}

/** The same for a lock that stands: who owns it is read off its labels. */
const rehearseLock = async ({ cluster, live, play }: Ports, lock: Tried): Promise<Rehearsal> => {
  const { namespace, deny, owner, object } = lock;
  const tried: Rehearsal = {
    owner: known(owner),
    access: await reviews(cluster, namespace, owner.id),
    dryRuns: await dryRuns(cluster, live, namespace, deny),
    steps: rollbackSteps({ namespace, policy: deny.ref.name, owner: owner.id, alone: owner.alone }),
    played: NOT_TRIED,
  };
  // It takes a second or so: only where nothing else stands in the way already.
  if (preparationFault(tried) !== null) return tried;
  return { ...tried, played: await attempt(() => play({ namespace, object, owner })) };
};

export interface RehearsalPorts extends RollbackFactsPorts {
  readonly cluster: ClusterReader | null;
  readonly play: PlayRollback;
}

/** Every lock that stands, of one namespace or of all, as the gate asks for before a lock is proposed. */
export const rehearseLocks = async (
  ports: RehearsalPorts,
  namespace: string | null,
): Promise<readonly { readonly namespace: string; readonly policy: string; readonly rehearsal: Rehearsal }[]> => {
  const { cluster, play } = ports;
  if (cluster === null) return [];
  const { scene, locks } = await lookAtRollback(ports, namespace);
  const found = [];
  for (const { ref, live, owner, alone, effect } of locks) {
    const [deny] = live === null || effect !== "enforcing" ? [] : fromCluster([live]);
    if (deny === undefined || owner === null || ref.namespace === null) continue;
    const lock = { namespace: ref.namespace, deny, owner: { id: owner.id, alone }, object: objectOf(deny) };
    const rehearsal = await rehearseLock({ cluster, live: scene, play }, lock);
    found.push({ namespace: ref.namespace, policy: ref.name, rehearsal });
  }
  return found;
};
