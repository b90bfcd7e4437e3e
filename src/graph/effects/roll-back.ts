import { policyId } from "../../facts/policy.ts";
import type { Undo, Written } from "../../facts/rollback.ts";
import type { WaitingFor } from "../../facts/rollout.ts";
import { confirmationOf, type Confirmed } from "../../rollout/rollback/confirm.ts";
import type { HeldLock } from "../../rollout/rollback/held.ts";
import { sayingOf } from "../../rollout/rollback/lock.ts";
import { nextMove, type Move } from "../../rollout/rollback/move.ts";
import { spend, type Clearance, type Cleared } from "../clearance.ts";
import type { RollbackView } from "../facts/rollback.ts";
import type { RollbackHands } from "../ports.ts";
import type { EffectOutcome } from "./outcome.ts";
import { writePullRequest, type PullRequestPorts } from "./open-pull-request.ts";

const SECOND = 1_000;
/** A reconcile in flight and an endpoint's regeneration are both a matter of seconds; this is for a bad day. */
const PATIENCE = 120;
/** How often one write may have to be made again. */
const REPEATS = 3;
/** Writes that met somebody else's write before they give up. */
const CLASHES = 8;

const refused = (reason: string, remedy: string): EffectOutcome => ({
  kind: "refused",
  refusals: [{ gate: "door", reason, lesson: 25, remedy }],
});

const AGAIN = (namespace: string): string =>
  `Run network-operator rollback ${namespace} again: it goes on from what it finds.`;

/** One rollback on its way. What it knows of its own past is for telling; what it does next is read off the cluster. */
interface Course {
  readonly steps: string[];
  readonly notes: string[];
  confirmed: Confirmed | null;
  freedAt: number | null;
  revert: Awaited<ReturnType<typeof writePullRequest>> | null;
  /** Resumed by this run: what Flux does next shows whether something else brings the lock back. */
  watched: { readonly owner: string; readonly until: number } | null;
  clashes: number;
  waits: number;
}

type Turn = { readonly go: true } | { readonly go: false; readonly outcome: EffectOutcome };
const GO: Turn = { go: true };

/**
 * Takes a namespace's locks back, in the order that keeps Flux from bringing them back (lessons.md, Rollback). Each step
 * is read off the cluster and Git as they are, so that whatever kills this, the next run goes on from there; each write is
 * bound to the object that was read, and only to what a person confirmed.
 */
export const rollBack = async (
  clearance: Clearance,
  hands: RollbackHands | null,
  pullRequests: PullRequestPorts,
): Promise<EffectOutcome> => {
  const cleared = spend(clearance);
  const { facts, namespace } = cleared;
  const { answer } = facts.request;
  if (hands === null)
    return refused("no identity for a rollback is configured (rollback.context)", "Configure one, or type the steps.");
  if (!facts.undo.known || answer === null) return refused("nobody confirmed this", "Ask again.");
  if (!hands.confirmations.spend(answer)) return refused("the confirmation was used already", "Ask again.");
  const undo = facts.undo.value;
  const course: Course = {
    steps: [],
    notes: [],
    confirmed: null,
    freedAt: null,
    revert: null,
    watched: null,
    clashes: 0,
    waits: 0,
  };
  for (;;) {
    const view = await hands.look(namespace);
    const turn = await step(view, course, { undo, cleared, hands, pullRequests });
    if (!turn.go) return turn.outcome;
  }
};

interface Given {
  readonly undo: Undo;
  readonly cleared: Cleared;
  readonly hands: RollbackHands;
  readonly pullRequests: PullRequestPorts;
}

/** What stands is not what was confirmed: somebody else's change is never undone on this word. */
const strayed = (lock: HeldLock, undo: Undo): boolean => {
  const meant = undo.policies.find(({ ref }) => policyId(ref) === policyId(lock.ref));
  if (meant === undefined) return true;
  if (lock.effect !== "enforcing" || lock.live === null) return false;
  return meant.before === null || sayingOf(meant.before) !== sayingOf(lock.live.object);
};

const step = async (view: RollbackView, course: Course, given: Given): Promise<Turn> => {
  const { undo, cleared } = given;
  const { namespace } = cleared;
  const mine = new Set(undo.policies.map(({ ref }) => policyId(ref)));
  const locks = view.locks.filter((lock) => mine.has(policyId(lock.ref)));
  const stray = locks.find((lock) => strayed(lock, undo));
  if (stray !== undefined)
    return end(refused(`${policyId(stray.ref)} is not what was confirmed any more`, `Look at it: ${AGAIN(namespace)}`));
  const next = nextMove(locks);
  if (course.confirmed === null && !locks.some((lock) => lock.effect === "enforcing"))
    return confirm(view, course, given);
  if (next === null) return finish(course, null);
  return perform(next.move, course, given);
};

/** Waits a moment; false when that has been enough, or when no time passes here (the sample's clock stands still). */
const patient = async (course: Course, hands: RollbackHands): Promise<boolean> => {
  const before = hands.clock.now();
  course.waits += 1;
  if (course.waits > PATIENCE) return false;
  await hands.rest(SECOND);
  return hands.clock.now() !== before;
};

const end = (outcome: EffectOutcome): Turn => ({ go: false, outcome });

const finish = (course: Course, left: WaitingFor | null): Turn => {
  const { steps, notes, confirmed, revert, watched } = course;
  const detail = `one interval of ${watched?.owner ?? ""}, then a look whether the lock stayed away`;
  const waitingFor = left ?? (watched === null ? null : { what: "apply", detail, until: watched.until });
  const card = revert?.kind === "done" ? revert.pullRequest : null;
  return end({
    kind: "rolled-back",
    adopted: steps.length === 0,
    steps,
    notes: [...(confirmed === null ? [] : [confirmed.said]), ...notes],
    pullRequest: card,
    waitingFor,
  });
};

const wrote = (course: Course, namespace: string, written: Written, said: string): Turn => {
  if (written.done) {
    course.steps.push(said);
    // A finalizer, an admission webhook or another controller: whoever it is, repeating it is no way out.
    const times = course.steps.filter((step) => step === said).length;
    if (times <= REPEATS) return GO;
    return end(refused(`${said}, ${times} times, and it does not stay so: something undoes it`, AGAIN(namespace)));
  }
  course.clashes += 1;
  if (course.clashes <= CLASHES) return GO;
  return end(refused(`somebody else keeps changing it: ${written.why}`, AGAIN(namespace)));
};

const perform = async (move: Move, course: Course, given: Given): Promise<Turn> => {
  const { cleared, hands, undo } = given;
  const { namespace } = cleared;
  const { writer, clock } = hands;
  switch (move.kind) {
    case "suspend":
      return wrote(course, namespace, await writer.suspend(move.owner, true), `suspended ${move.owner}`);
    case "resume": {
      const written = await writer.suspend(move.owner, false);
      if (written.done) course.watched = { owner: move.owner, until: clock.now() + (move.interval ?? 0) };
      return wrote(course, namespace, written, `resumed ${move.owner}`);
    }
    case "disarm": {
      course.freedAt ??= clock.now();
      const said = `took ${policyId(move.policy.ref)} from Flux and made it inert`;
      return wrote(course, namespace, await writer.disarm(move.policy), said);
    }
    case "remove":
      course.freedAt ??= clock.now();
      return wrote(course, namespace, await writer.remove(move.policy), `deleted ${policyId(move.policy.ref)}`);
    case "settle":
      if (await patient(course, hands)) return GO;
      return end(
        refused(
          `a reconcile of ${move.owner} is in flight, and would bring the lock back`,
          `Let it end. ${AGAIN(namespace)}`,
        ),
      );
    case "revert":
      return revert(course, given);
    case "wait":
      return finish(course, move.for);
    case "stop":
      course.notes.push(
        `whether Git still asks for it cannot be known (${move.why}); ${undo.policies.some(({ owner }) => owner?.alone) ? "its Kustomization stays suspended" : "the inert object stays"}`,
      );
      return finish(course, { what: "person", detail: `${move.wouldHelp} ${AGAIN(namespace)}`, until: null });
    case "done":
      break;
  }
  return finish(course, null);
};

/** The lock is off in the cluster; Git is asked to forget it, and nobody waits for that here. */
const revert = async (course: Course, { cleared, pullRequests }: Given): Promise<Turn> => {
  const { changeset, namespace } = cleared;
  const then = `then network-operator rollback ${namespace} once more`;
  if (changeset.files.length === 0) {
    course.notes.push("no revert could be drafted that takes the lock out of Git and nothing else: write it by hand");
    return finish(course, { what: "merge", detail: `a revert by hand, ${then}`, until: null });
  }
  try {
    course.revert = await writePullRequest(cleared, pullRequests);
  } catch (error) {
    // The forge may die at any moment; the lock is off all the same.
    course.notes.push(`the revert could not be opened: ${error instanceof Error ? error.message : String(error)}`);
    return finish(course, { what: "merge", detail: `a revert by hand, ${then}`, until: null });
  }
  if (course.revert.kind === "done") {
    const { number } = course.revert.pullRequest;
    return finish(course, { what: "merge", detail: `pull request #${number}, ${then}`, until: null });
  }
  const why = course.revert.kind === "again" ? course.revert.why : course.revert.refusals[0]?.reason;
  course.notes.push(`the revert could not be opened: ${why ?? "no reason given"}`);
  return finish(course, {
    what: "merge",
    detail: `the revert; network-operator rollback ${namespace} tries again`,
    until: null,
  });
};

/** By what the agents and Hubble say; where neither does, by what the API server holds, and then it says so. */
const confirm = async (view: RollbackView, course: Course, given: Given): Promise<Turn> => {
  const { hands, cleared } = given;
  const { namespace, facts } = cleared;
  const confirmed = confirmationOf(view.scene, namespace, facts.settings);
  if (confirmed.state === "not-yet" && (await patient(course, hands))) return GO;
  // Some flows have to have tried before Hubble can say anything.
  if (hands.see !== null) await hands.rest(2 * SECOND);
  const seen = hands.see === null ? null : await hands.see(namespace, course.freedAt ?? hands.clock.now());
  const flows =
    seen?.known === true && seen.value.forwarded + seen.value.dropped > 0
      ? `; Hubble saw ${seen.value.forwarded} flows pass and ${seen.value.dropped} dropped since`
      : "";
  course.confirmed = { ...confirmed, said: `${confirmed.said}${flows}` };
  return GO;
};
