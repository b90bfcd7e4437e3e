import type { Stage } from "../facts/rollout.ts";

/** Begun and not yet signed off: the next waits for it. `adopted` was enforced before the agent came, and is not in the way. */
export const IN_FLIGHT: readonly Stage[] = [
  "allows-proposed",
  "allows-merged",
  "soaking",
  "default-deny-proposed",
  "enforced",
  "rolled-back",
];

/** Not begun, though it could be. */
export const AHEAD: readonly Stage[] = ["surveyed", "waiting"];
