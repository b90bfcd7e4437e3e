/** Something we may or may not know. Unknown never counts as green and says what would make it known. */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly why: string; readonly wouldHelp: string };

/** How sure the inventory is of a fact: read from a manifest or the live cluster, implied by convention, or guessed. */
export type Certainty = "certain" | "likely" | "guess";

export const known = <T>(value: T): Known<T> => ({ known: true, value });
export const unknown = <T = never>(why: string, wouldHelp: string): Known<T> => ({ known: false, why, wouldHelp });
