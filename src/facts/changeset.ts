import { createHash } from "node:crypto";

export type ChangeKind = "allows" | "default-deny" | "repair" | "fleet-repair" | "rollback";

export type FileMode = "100644" | "100755" | "120000";

/** One file as it will stand after the pull request; `text: null` removes it. */
export interface FileChange {
  readonly path: string;
  readonly mode: FileMode;
  readonly text: string | null;
}

/** The exact files of one pull request. */
export interface Changeset {
  readonly namespace: string;
  readonly kind: ChangeKind;
  /** Sorted by path. */
  readonly files: readonly FileChange[];
  readonly digest: string;
}

export const ZERO_BLOB = "0".repeat(40);

/** The object id git gives a file's bytes. */
export const blobId = (text: string | Uint8Array): string => {
  const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : text;
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
};

/** SHA-256 over namespace, kind of change and the sorted (path, mode, blob id): no base commit, no time. */
export const changesetDigest = (namespace: string, kind: ChangeKind, files: readonly FileChange[]): string => {
  const rows = files.map((f) => [f.path, f.mode, f.text === null ? ZERO_BLOB : blobId(f.text)] as const);
  rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return createHash("sha256")
    .update(JSON.stringify([namespace, kind, rows]))
    .digest("hex");
};

export const changeset = (namespace: string, kind: ChangeKind, files: readonly FileChange[]): Changeset => {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { namespace, kind, files: sorted, digest: changesetDigest(namespace, kind, sorted) };
};

/** A path as git stores it: inside the tree, not git's own, and the same to every reader. */
export const isStorable = (path: string): boolean =>
  path !== "" &&
  path.isWellFormed() &&
  // eslint-disable-next-line no-control-regex
  !/[\0-\x1f\x7f\\]/.test(path) &&
  path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git");
