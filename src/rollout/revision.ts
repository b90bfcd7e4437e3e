/** Flux writes revisions as `main@sha1:<commit>`, earlier `main/<commit>`; the commit is its 40 hex digits. */
export const commitOf = (revision: string | null): string | null =>
  /(?:^|[@:/])([0-9a-f]{40})$/.exec(revision ?? "")?.[1] ?? null;

export type Containment = "contains" | "behind" | "unknown";

/**
 * Whether a revision of the default branch holds a commit. `history` is newest first, first parents and merged commits
 * alike: what stands behind a commit in it is older.
 */
export const contains = (
  revision: string | null,
  commit: string,
  history: readonly { readonly commit: string }[],
): Containment => {
  const applied = commitOf(revision);
  if (applied === null) return "unknown";
  if (applied === commit) return "contains";
  const at = history.findIndex((h) => h.commit === applied);
  const wanted = history.findIndex((h) => h.commit === commit);
  if (at < 0 || wanted < 0) return "unknown";
  return at <= wanted ? "contains" : "behind";
};
