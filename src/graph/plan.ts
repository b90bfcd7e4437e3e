import type { ChangeKind } from "../facts/changeset.ts";
import type { LaneId, Stage, WaitingFor } from "../facts/rollout.ts";
import type { NamespaceStatus } from "../../tools/look.ts";
import type { Wish } from "./state.ts";

/** What a wish means for a namespace that stands where it stands. */
export type Plan =
  | { readonly kind: "propose"; readonly lane: LaneId; readonly draft: ChangeKind | null }
  | { readonly kind: "waiting"; readonly waitingFor: WaitingFor }
  | { readonly kind: "settled"; readonly note: string };

const ALLOWS = { kind: "propose", lane: "propose-allows", draft: "allows" } as const;
const DEFAULT_DENY = { kind: "propose", lane: "propose-default-deny", draft: "default-deny" } as const;
const SIGN_OFF = { kind: "propose", lane: "request-sign-off", draft: null } as const;
const REPAIR = { kind: "propose", lane: "propose-repair", draft: "repair" } as const;

/**
 * The next thing to propose, by stage. Where a stage is no reason to wait it is no reason to refuse either: whether a
 * namespace is in scope or has its turn is for the gates to say, with their lesson.
 */
const NEXT: Readonly<Record<Stage, Plan>> = {
  surveyed: ALLOWS,
  "allows-proposed": ALLOWS,
  "allows-merged": DEFAULT_DENY,
  soaking: DEFAULT_DENY,
  "default-deny-proposed": DEFAULT_DENY,
  enforced: SIGN_OFF,
  "signed-off": { kind: "settled", note: "It is locked: enforced and signed off." },
  adopted: {
    kind: "settled",
    note: "It was found enforced and is adopted; a person can walk the path and sign for it.",
  },
  "rolled-back": ALLOWS,
  "carved-out": ALLOWS,
  "out-of-scope": ALLOWS,
  suspended: ALLOWS,
  waiting: ALLOWS,
};

/** Where a wait is for time, Flux or a person; an open pull request of ours is looked at again rather than waited for. */
const WAITS: readonly Stage[] = ["allows-merged", "soaking", "default-deny-proposed"];

const asLane = (lane: LaneId): Plan => {
  if (lane === "propose-allows") return ALLOWS;
  if (lane === "propose-default-deny") return DEFAULT_DENY;
  if (lane === "propose-repair") return REPAIR;
  return { kind: "propose", lane, draft: null };
};

const isLane = (kind: Wish["kind"]): kind is Exclude<Wish["kind"], "propose"> => kind !== "propose";

/**
 * A lane that is named is taken, and its gates answer. `propose` means whatever comes next.
 *
 * @param canSignOff whether there is a place where a person could sign
 */
export const planFor = (wish: Wish, { stage, waitingFor }: NamespaceStatus, canSignOff: boolean): Plan => {
  if (isLane(wish.kind)) return asLane(wish.kind);
  const next = NEXT[stage];
  // Whoever brings bytes wants them judged, whatever the draft would have done.
  if (wish.edits.length > 0) return next.kind === "propose" && next.draft !== null ? next : REPAIR;
  if (waitingFor === null) return next;
  const waits = WAITS.includes(stage) && waitingFor.what !== "merge";
  return waits || (stage === "enforced" && !canSignOff) ? { kind: "waiting", waitingFor } : next;
};
