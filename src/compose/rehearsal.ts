import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { configSchema } from "../config/schema.ts";
import { HOUR, MINUTE } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { OwnedLock } from "../facts/rollback.ts";
import type { Answer } from "../graph/answer.ts";
import { repositoryOf } from "./rehearsal-repository.ts";
import { openRollbackDesk, type RollbackDesk } from "./rollback.ts";
import type { Stage } from "./place.ts";
import type { Setting } from "./setting.ts";

/** One rollback from the request to an interval after its revert, for one kind of owner. */
export interface Played {
  readonly kind: "own Kustomization" | "shared Kustomization";
  readonly steps: readonly string[];
}

/** Nobody looks at these steps: whoever asked says that it is being rehearsed. */
const SILENT: Setting["progress"] = { step: () => undefined, clear: () => undefined };

const failed = (what: string): OperatorError =>
  new OperatorError("outside", what, {
    where: "rehearsal",
    remedy:
      "Lock the namespace by a CiliumNetworkPolicy that selects every pod and does nothing else; where it is one, report this.",
  });

const rollBack = async (desk: RollbackDesk, namespace: string): Promise<Answer> => {
  const { agent } = desk;
  const thread = `rollback:${namespace}`;
  const asked = await agent.request({ kind: "request-rollback", namespace, thread });
  const pending = await agent.pending(thread);
  if (pending === null) return asked;
  return agent.confirm(desk.confirm({ namespace, digest: pending.digest }), pending.digest, thread);
};

const said = ({ refusals, answer, outcome }: Answer): string => refusals[0]?.reason ?? answer ?? outcome;

const stepsOf = ({ answer }: Answer): readonly string[] =>
  (answer ?? "").split("\n").flatMap((line) => (line.startsWith("- ") ? [line.slice(2)] : []));

/** Takes the lock off as a person would, with Hubble and the forge gone; then the forge is back for the revert. */
const playOn = async (
  desk: RollbackDesk,
  namespace: string,
  stage: Stage,
  turnForge: (on: boolean) => void,
): Promise<readonly string[]> => {
  const { world } = stage;
  const { desk: forge } = desk.agent.place;
  if (forge === null) throw failed("it has no forge");
  const isLocked = async (): Promise<boolean> => (await world.enforced()).has(namespace);
  const passes = async (span: number): Promise<void> => {
    await world.play(world.clock.now() + span);
  };
  const staysAway = async (when: string): Promise<string> => {
    await passes(HOUR + MINUTE);
    if (await isLocked()) throw failed(`Flux brought the lock back within an interval ${when}`);
    return `stayed away for an interval ${when}`;
  };
  const isOff = async (answer: Answer): Promise<readonly string[]> => {
    if (answer.outcome !== "rolled-back" || (await isLocked()))
      throw failed(`rolled back, ${namespace} would stay locked: ${said(answer)}`);
    return stepsOf(answer);
  };

  if (!(await isLocked())) throw failed("the policy locks no pod there");
  turnForge(false);
  const steps = [...(await isOff(await rollBack(desk, namespace))), await staysAway("without Hubble and the forge")];
  turnForge(true);
  const answer = await rollBack(desk, namespace);
  if (answer.pullRequest === null) throw failed(`no revert is brought: ${said(answer)}`);
  await forge.merge(answer.pullRequest.number);
  steps.push("merged the revert");
  await passes(6 * MINUTE);
  const last = await rollBack(desk, namespace);
  if (last.refusals.length > 0) throw failed(`after the revert it does not go on: ${said(last)}`);
  steps.push(...stepsOf(last), await staysAway("after the revert"));
  if ((await desk.agent.rollbacks(namespace)).length > 0) throw failed("something is left to roll back");
  return steps;
};

/**
 * The whole rollback of exactly this lock, played from the request to an interval after the revert, through the real
 * graph, gates, door and effect, against a small cluster of its own.
 *
 * @throws OperatorError `outside` when it does not end as it should
 */
export const playLock = async (lock: OwnedLock): Promise<readonly string[]> => {
  const folder = mkdtempSync(join(tmpdir(), "network-operator-rehearsal-"));
  try {
    const repository = join(folder, "repository");
    for (const [path, text] of Object.entries(repositoryOf(lock))) {
      mkdirSync(dirname(join(repository, path)), { recursive: true });
      writeFileSync(join(repository, path), text);
    }
    const state = join(folder, "state");
    const { openWorld } = await import("../world/world.ts");
    const world = await openWorld({ dir: state, repository, guests: [`${lock.namespace}/app`] });
    let isForgeOff = false;
    const stage: Stage = { world, isForgeOff: () => isForgeOff };
    const desk = await openRollbackDesk({ config: configSchema.parse({}), state, progress: SILENT }, {}, stage);
    try {
      return await playOn(desk, lock.namespace, stage, (on) => (isForgeOff = !on));
    } finally {
      await desk.agent.dispose();
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const remedy = "Look at the disk and at what the error names, then ask again.";
    throw new OperatorError("outside", `this machine cannot execute it: ${why}`, {
      where: folder,
      remedy,
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The lock that the agent itself draws. */
const lockIn = (namespace: string, owner: OwnedLock["owner"]): OwnedLock => ({
  namespace,
  owner,
  object: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "default-deny", namespace },
    spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
  },
});

/** Both kinds of owner, whatever stands or is proposed. */
export const playRollback = async (progress: Setting["progress"]): Promise<readonly Played[]> => {
  const own = lockIn("selfhosted", { id: "selfhosted/selfhosted-default-deny", alone: true });
  const shared = lockIn("media", { id: "flux-system/cluster-apps", alone: false });
  progress.step("playing the whole path for a lock with its own Kustomization");
  const first: Played = { kind: "own Kustomization", steps: await playLock(own) };
  progress.step("playing the whole path for a lock that shares its Kustomization");
  return [first, { kind: "shared Kustomization", steps: await playLock(shared) }];
};
