import type { Known } from "../../facts/known.ts";
import type { LivePolicy } from "../../facts/ports.ts";
import type { WaitingFor } from "../../facts/rollout.ts";
import type { HeldLock } from "./held.ts";

/** What comes next for one lock. Each is read off the world as it is now: killed anywhere, the next run goes on from there. */
export type Move =
  | { readonly kind: "suspend"; readonly owner: string }
  /** A reconcile in flight would bring back what is deleted under it. */
  | { readonly kind: "settle"; readonly owner: string }
  | { readonly kind: "disarm"; readonly policy: LivePolicy }
  | { readonly kind: "remove"; readonly policy: LivePolicy }
  | {
      readonly kind: "resume";
      readonly owner: string;
      /** How often it looks at Git; ms. */ readonly interval: number | null;
    }
  /** Git still asks for it. */
  | { readonly kind: "revert" }
  | { readonly kind: "wait"; readonly for: WaitingFor }
  /** Nobody can tell whether Git still asks for it. */
  | { readonly kind: "stop"; readonly why: string; readonly wouldHelp: string }
  | { readonly kind: "done" };

const apply = (detail: string): Move => ({ kind: "wait", for: { what: "apply", detail, until: null } });

const stop = (fact: Known<boolean> & { readonly known: false }): Move => ({
  kind: "stop",
  why: fact.why,
  wouldHelp: fact.wouldHelp,
});

/** It has its own Kustomization: that one is held while the lock is gone and Git still has it. */
const moveOfOwned = (lock: HeldLock, owner: NonNullable<HeldLock["owner"]>): Move => {
  const { effect, live, inMain, inFetched } = lock;
  const wanted = inMain.known && inMain.value;
  if (!owner.suspended && (effect !== "gone" || wanted)) return { kind: "suspend", owner: owner.id };
  if (owner.suspended && owner.reconciling) return { kind: "settle", owner: owner.id };
  if (live !== null && effect !== "gone") return { kind: "remove", policy: live };
  if (!inMain.known) return owner.suspended ? stop(inMain) : { kind: "done" };
  if (inMain.value) return { kind: "revert" };
  if (!inFetched.known) return stop(inFetched);
  if (inFetched.value) return apply(`${owner.source} to fetch the revert`);
  return owner.suspended ? { kind: "resume", owner: owner.id, interval: owner.interval } : { kind: "done" };
};

/** It shares its Kustomization, or none carries it: the object itself is taken from Flux and made inert. */
const moveOfShared = (lock: HeldLock): Move => {
  const { effect, live, owner, inMain, inApplied } = lock;
  if (live !== null && effect === "enforcing") return { kind: "disarm", policy: live };
  if (!inMain.known) return live === null ? { kind: "done" } : stop(inMain);
  if (inMain.value) return { kind: "revert" };
  if (live === null) return { kind: "done" };
  // Nobody applies it: nobody makes it again.
  if (owner === null) return { kind: "remove", policy: live };
  if (!inApplied.known) return stop(inApplied);
  return inApplied.value ? apply(`${owner.id} to apply the revert`) : { kind: "remove", policy: live };
};

export const moveOf = (lock: HeldLock): Move =>
  lock.alone && lock.owner !== null ? moveOfOwned(lock, lock.owner) : moveOfShared(lock);

/** What frees pods comes before what tidies up, whichever lock it belongs to. */
const URGENCY: Readonly<Record<Move["kind"], number>> = {
  disarm: 0,
  suspend: 0,
  settle: 1,
  remove: 2,
  revert: 3,
  resume: 4,
  stop: 5,
  wait: 6,
  done: 7,
};

export interface NextMove {
  readonly lock: HeldLock;
  readonly move: Move;
}

export const nextMove = (locks: readonly HeldLock[]): NextMove | null => {
  const moves = locks.map((lock) => ({ lock, move: moveOf(lock) }));
  moves.sort((a, b) => URGENCY[a.move.kind] - URGENCY[b.move.kind]);
  return moves[0] ?? null;
};
