import type { Clearance } from "../clearance.ts";
import { makeDoor, type Passage } from "../door.ts";
import type { EffectOutcome } from "../effects/outcome.ts";
import type { LaneRequest } from "../gate.ts";
import type { Locks } from "../../facts/ports.ts";
import { gatesOf, type Lane } from "../lanes.ts";
import type { NodePorts } from "../ports.ts";
import type { GraphState, Result } from "../state.ts";
import { progress, threadOf, type Node } from "./kit.ts";

export type Effect = (clearance: Clearance) => Promise<EffectOutcome>;

/** Two processes on one rollout take turns; the second then finds the first one's work. */
const WAIT = 20_000;

/** Whose turn it is holds for all rollouts at once: two that ask together must not both find the field empty. */
const locksOf = (lane: Lane, { namespace, pullRequest }: LaneRequest): readonly string[] =>
  pullRequest !== undefined
    ? [`check:${pullRequest}`]
    : [...(gatesOf(lane).includes("turn") ? ["campaign"] : []), `rollout:${namespace}`];

type Lock = Awaited<ReturnType<Locks["acquire"]>>;

const acquireAll = async (locks: Locks, names: readonly string[]): Promise<readonly Lock[]> => {
  const held: Lock[] = [];
  try {
    for (const name of names) held.push(await locks.acquire(name, WAIT));
    return held;
  } catch (error) {
    for (const lock of held) lock.release();
    throw error;
  }
};

const resultOf = (outcome: EffectOutcome): Result => {
  if (outcome.kind === "rolled-back") return { ...outcome, steps: [...outcome.steps], notes: [...outcome.notes] };
  if (outcome.kind !== "refused") return outcome;
  const waitingFor = outcome.refusals.find((refusal) => refusal.waitingFor !== undefined)?.waitingFor ?? null;
  const refusals = outcome.refusals.map(({ gate, reason, lesson, remedy }) => ({ gate, reason, lesson, remedy }));
  return { kind: "refused", refusals, waitingFor };
};

/** In dry run, what would have been written is shown in full. */
const refusedBy = ({ refusals, dryRun }: Passage & { open: false }): Result => {
  const result = resultOf({ kind: "refused", refusals });
  if (dryRun === undefined || result.kind !== "refused") return result;
  return { ...result, shown: dryRun.files.map(({ path, text }) => ({ path, text })) };
};

/** The door and the effect in one call: a clearance is made here, spent here, and never leaves. */
export const effectNode = (lane: Lane, effect: Effect, ports: NodePorts): Node => {
  const door = makeDoor(lane, ports);
  return async ({ proposal, run }, config) => {
    if (proposal === null)
      return {
        result: {
          kind: "refused",
          refusals: [{ gate: "door", reason: "there is no proposal", lesson: null, remedy: "Ask again." }],
          waitingFor: null,
        },
      };
    const request: LaneRequest = proposal;
    const record = async (kind: string, body: Record<string, unknown>): Promise<void> => {
      const namespace = request.namespace === "" ? null : request.namespace;
      await ports.ledger.append({
        kind,
        thread: threadOf(config),
        namespace,
        body: { run: run?.id ?? null, lane: lane.id, ...body },
      });
    };
    progress(config, "all gates once more, on the exact bytes");
    const held = await acquireAll(ports.locks, locksOf(lane, request));
    try {
      const passage = await door(request);
      await record("door", { ...passage, clearance: undefined, dryRun: undefined });
      if (!passage.open) return { result: refusedBy(passage) };
      progress(config, lane.effect.replaceAll("-", " "));
      const outcome = await effect(passage.clearance);
      await record("effect", { effect: lane.effect, ...outcome });
      return { result: resultOf(outcome) };
    } finally {
      for (const lock of held) lock.release();
    }
  };
};

export const EFFECT_LABELS = ["done", "adopted", "again", "refused"] as const;

export const afterEffect = ({ result }: GraphState): (typeof EFFECT_LABELS)[number] => {
  if (
    result?.kind === "done" ||
    result?.kind === "signed" ||
    result?.kind === "green" ||
    result?.kind === "rolled-back"
  )
    return result.adopted ? "adopted" : "done";
  return result?.kind === "again" ? "again" : "refused";
};
