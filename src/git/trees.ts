import { Kept } from "../facts/kept.ts";
import type { SourceTree } from "../facts/tree.ts";
import { isWhole, readSnapshot, treeOf, type Snapshot } from "./tree.ts";

export const COMMIT_ID = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

/** A few are kept: the base, and what is compared with it. */
const KEPT = 12;

interface Read {
  readonly snapshot: Snapshot;
  readonly tree: SourceTree;
}

/**
 * Trees by commit id, which names every byte, so that repositories in one process share them. What still needs its
 * repository, for a large blob was not read yet, is kept for that repository alone.
 */
const shared = new Kept<Read>(KEPT);

/** The trees of one repository: a commit never changes, so it is read once. */
export class Trees {
  readonly #dir: string;
  readonly #own = new Kept<Promise<Read>>(KEPT);

  constructor(dir: string) {
    this.#dir = dir;
  }

  async tree(commit: string): Promise<SourceTree> {
    return (await this.#of(commit)).tree;
  }

  async snapshot(commit: string): Promise<Snapshot> {
    return (await this.#of(commit)).snapshot;
  }

  /** What this process has just written need not be read. */
  keep(snapshot: Snapshot): void {
    const read = { snapshot, tree: treeOf(this.#dir, snapshot) };
    void this.#own.of(snapshot.commit, () => Promise.resolve(read));
    if (isWhole(snapshot)) shared.of(snapshot.commit, () => read);
  }

  #of(commit: string): Promise<Read> {
    if (!COMMIT_ID.test(commit)) return this.#read(commit);
    const read = this.#own.of(commit, () => this.#read(commit));
    read.catch(() => this.#own.forget(commit));
    return read;
  }

  async #read(commit: string): Promise<Read> {
    const known = shared.get(commit);
    if (known !== null) return known;
    const others = shared.values().map(({ snapshot }) => snapshot);
    const snapshot = await readSnapshot(this.#dir, commit, others);
    const read = { snapshot, tree: treeOf(this.#dir, snapshot) };
    return COMMIT_ID.test(commit) && isWhole(snapshot) ? shared.of(commit, () => read) : read;
  }
}
