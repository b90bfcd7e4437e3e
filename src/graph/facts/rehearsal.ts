import { known, unknown } from "../../facts/known.ts";
import type { ClusterReader } from "../../facts/ports.ts";
import { asRecord } from "../../rollout/json.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { rollbackSteps } from "../../rollout/rollback/steps.ts";
import type { LiveCluster } from "../../rollout/live.ts";
import type { Rehearsal } from "../gate.ts";
import type { RenderedView } from "./views.ts";

const CILIUM = "cilium.io";
const FLUX = "kustomize.toolkit.fluxcd.io";

type Access = Rehearsal["access"][number];
type DryRun = Rehearsal["dryRuns"][number];

/** The lock as a rollback would leave it: there, and inert (C A.6). */
const inert = (object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...object,
  spec: { ...asRecord(object["spec"]), enableDefaultDeny: { ingress: false, egress: false } },
});

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

/** What the server would say: to the lock, to the lock made inert, and to the patch on an object that is there already. */
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
  const run = async (verb: "create" | "patch", what: string, on: string, sent: typeof body): Promise<void> => {
    const refused = await cluster.dryRun({ verb, kind, namespace, name: on, body: sent });
    runs.push({ what: `${verb} ${what}`, refused });
  };
  await run("create", `${namespace}/${name}`, name, body);
  await run("create", `${namespace}/${name}, made inert`, name, inert(body));
  const there = live.policies.find((p) => p.ref.kind === kind && p.ref.namespace === namespace);
  if (there !== undefined)
    await run("patch", `${namespace}/${there.ref.name}`, there.ref.name, {
      metadata: { annotations: { [`${FLUX}/reconcile`]: "disabled" } },
      spec: { enableDefaultDeny: { ingress: false, egress: false } },
    });
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
