import { known, unknown } from "../../facts/known.ts";
import type { ClusterReader } from "../../facts/ports.ts";
import { asRecord } from "../../rollout/json.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { disarmed, disarming } from "../../rollout/rollback/lock.ts";
import { rollbackSteps } from "../../rollout/rollback/steps.ts";
import type { LiveCluster } from "../../rollout/live.ts";
import type { Rehearsal } from "../gate.ts";
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
  live: LiveCluster,
  namespace: string,
  deny: NamedPolicy,
): Promise<readonly DryRun[]> => {
  const { name } = deny.ref;
  const kind = "CiliumNetworkPolicy";
  const body = objectOf(deny);
  const runs: DryRun[] = [];
  const written = (object: typeof body): string => ["spec", "specs"].filter((key) => object[key] !== undefined).join();
  const there = live.policies.find(
    (p) => p.ref.kind === kind && p.ref.namespace === namespace && written(p.object) === written(body),
  );
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
  if (there !== undefined) {
    const patch = disarming(there.object);
    const refused = await cluster.dryRun({ verb: "patch", kind, namespace, name: there.ref.name, body: patch });
    runs.push({ what: `patch ${namespace}/${there.ref.name}`, refused });
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
  const alone = carrier.objects.length === 1;
  return {
    owner: known({ id: carrier.id, alone }),
    access: await reviews(cluster, namespace, carrier.id),
    dryRuns: await dryRuns(cluster, live, namespace, deny),
    steps: rollbackSteps({ namespace, policy: deny.ref.name, owner: carrier.id, alone }),
  };
};
