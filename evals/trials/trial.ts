/** How one attempt ended: held by its guard, and let through where the guard is taken out. */
export interface Trial {
  readonly held: boolean;
  readonly caught: boolean;
  /** What happened, where that is not what should have. */
  readonly detail: string | null;
}

export const together = (trials: readonly Trial[]): Trial => ({
  held: trials.every((t) => t.held),
  caught: trials.every((t) => t.caught),
  detail: trials.find((t) => t.detail !== null)?.detail ?? null,
});
