import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { configSchema } from "../config/schema.ts";
import { HOUR, MINUTE } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import { openRollbackDesk, type RollbackDesk } from "./rollback.ts";
import type { Setting } from "./setting.ts";

const HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
const flux = (name: string, namespace: string, path: string): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  interval: 1h
  path: ./${path}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
  targetNamespace: ${namespace === "flux-system" ? '""' : namespace}
`;
const app = (namespace: string, name: string): Readonly<Record<string, string>> => ({
  [`kubernetes/apps/${namespace}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${namespace}\n`,
  [`kubernetes/apps/${namespace}/${name}/ks.yaml`]: flux(name, namespace, `kubernetes/apps/${namespace}/${name}/app`),
  [`kubernetes/apps/${namespace}/${name}/app/kustomization.yaml`]: `${HEAD}resources:\n  - ./app.yaml\n`,
  [`kubernetes/apps/${namespace}/${name}/app/app.yaml`]:
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata: {}\n",
});

const OWNED = "selfhosted";
const SHARED = "media";
const LOCK = "kubernetes/components/default-deny";

/** Two locked namespaces of the sample cluster, and as little else as Flux allows: one lock of each kind of owner. */
const REPOSITORY: Readonly<Record<string, string>> = {
  "kubernetes/flux/cluster/kustomization.yaml": `${HEAD}resources:\n  - ./apps.yaml\n`,
  "kubernetes/flux/cluster/apps.yaml": flux("cluster-apps", "flux-system", "kubernetes/apps"),
  "kubernetes/apps/kustomization.yaml": `${HEAD}resources:\n  - ./${OWNED}\n  - ./${SHARED}\n`,
  ...app(OWNED, "webhook"),
  ...app(SHARED, "player"),
  [`kubernetes/apps/${OWNED}/kustomization.yaml`]: `${HEAD}resources:\n  - ./namespace.yaml\n  - ./default-deny/ks.yaml\n  - ./webhook/ks.yaml\n`,
  [`kubernetes/apps/${OWNED}/default-deny/ks.yaml`]: flux(
    "default-deny",
    OWNED,
    `kubernetes/apps/${OWNED}/default-deny/app`,
  ),
  [`kubernetes/apps/${OWNED}/default-deny/app/kustomization.yaml`]: `${HEAD}components:\n  - ../../../../components/default-deny\n`,
  [`kubernetes/apps/${SHARED}/kustomization.yaml`]: `${HEAD}namespace: ${SHARED}\ncomponents:\n  - ../../components/default-deny\nresources:\n  - ./namespace.yaml\n  - ./player/ks.yaml\n`,
  [`${LOCK}/kustomization.yaml`]:
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n  - ./default-deny.yaml\n",
  [`${LOCK}/default-deny.yaml`]:
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: default-deny\nspec:\n  endpointSelector: {}\n  ingress:\n    - {}\n  egress:\n    - {}\n",
};

/** One rollback from the request to an interval after its revert, for one kind of owner. */
export interface Played {
  readonly kind: "own Kustomization" | "shared Kustomization";
  readonly steps: readonly string[];
}

const failed = (what: string): OperatorError =>
  new OperatorError("outside", `the rollback does not work on this machine: ${what}`, {
    where: "rehearsal",
    remedy: "Report this; until it is mended, rely on the printed lines.",
  });

const rollBack = async (desk: RollbackDesk, namespace: string) => {
  const { agent } = desk;
  const thread = `rollback:${namespace}`;
  const asked = await agent.request({ kind: "request-rollback", namespace, thread });
  const pending = await agent.pending(thread);
  if (pending === null) return asked;
  return agent.confirm(desk.confirm({ namespace, digest: pending.digest }), pending.digest, thread);
};

/** Takes one lock off as a person would, merges the revert, lets Flux have it, and looks an interval later. */
const playOne = async (desk: RollbackDesk, namespace: string): Promise<Played> => {
  const { world, desk: forge } = desk.agent.place;
  if (world === null || forge === null) throw failed("it has no world to be played in");
  const turn = (by: number): Promise<void> => world.play(world.clock.now() + by);
  const steps: string[] = [];
  const off = await rollBack(desk, namespace);
  if (off.outcome !== "rolled-back" || off.pullRequest === null)
    throw failed(`${namespace}: ${off.refusals[0]?.reason ?? off.answer ?? off.outcome}`);
  steps.push(...(off.answer ?? "").split("\n").flatMap((line) => (line.startsWith("- ") ? [line.slice(2)] : [])));
  await turn(HOUR + MINUTE);
  await forge.merge(off.pullRequest.number);
  steps.push("stayed away for an interval, then the revert was merged");
  await turn(6 * MINUTE);
  await rollBack(desk, namespace);
  await turn(HOUR + MINUTE);
  const left = await desk.agent.rollbacks(namespace);
  if (left.length > 0) throw failed(`${namespace} is locked again after the revert`);
  steps.push("stayed away for an interval after the revert");
  return { kind: namespace === OWNED ? "own Kustomization" : "shared Kustomization", steps };
};

/**
 * The whole rollback, played from the request to an interval after the revert, through the real graph, gates, door and
 * effect, against a sample cluster of its own: once for each kind of owner.
 *
 * @throws OperatorError `outside` when it does not end as it should
 */
export const playRollback = async (progress: Setting["progress"]): Promise<readonly Played[]> => {
  const folder = mkdtempSync(join(tmpdir(), "network-operator-rehearsal-"));
  try {
    const repository = join(folder, "repository");
    for (const [path, text] of Object.entries(REPOSITORY)) {
      mkdirSync(dirname(join(repository, path)), { recursive: true });
      writeFileSync(join(repository, path), text);
    }
    const state = join(folder, "state");
    mkdirSync(state);
    const { openWorld } = await import("../world/world.ts");
    (await openWorld({ dir: state, repository })).dispose();
    const desk = await openRollbackDesk({ config: configSchema.parse({}), state, progress });
    try {
      return [await playOne(desk, OWNED), await playOne(desk, SHARED)];
    } finally {
      await desk.agent.dispose();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
