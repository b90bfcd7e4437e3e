import type { ChangeKind, Changeset } from "../../facts/changeset.ts";
import type { ForgeReader, ForgeWriter, PullRequest } from "../../facts/ports.ts";
import { branchOf, defaultDenyBranchOf, fleetBranchOf, repairBranchOf, rollbackBranchOf } from "../../facts/rollout.ts";
import type { SourceTree } from "../../facts/tree.ts";
import type { PullRequestCard } from "../answer.ts";
import { spend, type Clearance, type Cleared } from "../clearance.ts";
import { soleComponent } from "../facts/files.ts";
import type { PullRequestText } from "../ports.ts";
import type { EffectOutcome } from "./outcome.ts";

/** Each kind of change stands on a branch of its own, so that none takes another's place. */
const BRANCH: Readonly<Record<Exclude<ChangeKind, "fleet-repair">, (namespace: string) => string>> = {
  allows: branchOf,
  repair: repairBranchOf,
  "default-deny": defaultDenyBranchOf,
  rollback: rollbackBranchOf,
};

/** A component is nobody's alone: its repair has one branch, whoever asked for it. */
const branchFor = ({ changeset: { kind, namespace, files }, facts }: Cleared): string =>
  kind === "fleet-repair"
    ? fleetBranchOf(soleComponent(facts.tree.before, files) ?? namespace)
    : BRANCH[kind](namespace);

/**
 * What this agent last wrote, at the end of the pull request's own text; what stands further up may be anybody's words. It
 * decides only whether a branch may be moved that somebody could have pushed to: a forged one can at most give away the
 * forger's own commit, since nothing is adopted on its word alone.
 */
const MARK = /<!-- network-operator digest=([0-9a-f]{64}) base=([0-9a-f]{40,64}) commit=([0-9a-f]{40,64}) -->/g;
interface Mark {
  readonly digest: string;
  readonly base: string;
  readonly commit: string;
}
const mark = ({ digest, base, commit }: Mark): string =>
  `<!-- network-operator digest=${digest} base=${base} commit=${commit} -->`;

const markOf = (pull: PullRequest): Mark | null => {
  const [, digest, base, commit] = [...pull.body.matchAll(MARK)].at(-1) ?? [];
  return digest === undefined || base === undefined || commit === undefined ? null : { digest, base, commit };
};

const cardOf = ({ changeset, facts }: Cleared, { number, url, branch }: PullRequest): PullRequestCard => ({
  number,
  url,
  branch,
  digest: changeset.digest,
  files: changeset.files.map(({ path, text }) => ({
    path,
    change: text === null ? "removed" : facts.tree.before.read(path) === null ? "added" : "changed",
  })),
});

const holds = (tree: SourceTree, { files }: Changeset): boolean =>
  files.every(({ path, text, mode }) => tree.read(path) === text && (text === null || tree.mode(path) === mode));

/** A commit of the default branch with exactly the judged bytes on top and nothing else. */
const isExactly = (tree: SourceTree, base: SourceTree, changeset: Changeset): boolean => {
  const ours = new Set(changeset.files.map(({ path }) => path));
  const paths = new Set([...tree.paths(), ...base.paths()]);
  for (const path of paths)
    if (!ours.has(path) && (tree.read(path) !== base.read(path) || tree.mode(path) !== base.mode(path))) return false;
  return holds(tree, changeset);
};

const taken = (branch: string, why: string, remedy: string): PullRequestOutcome => ({
  kind: "refused",
  refusals: [{ gate: "door", reason: `${branch} ${why}`, lesson: null, remedy }],
});

/**
 * One branch and one pull request for the cleared bytes, however often it is asked. Looks first: its own finished work is
 * adopted, its own older work is brought up to date, a stranger's is left alone. The branch moves by compare-and-swap on
 * the base that the door read and on the head that was seen, so that a lost race writes nothing and says `again`.
 */
export const openPullRequest = (clearance: Clearance, ports: PullRequestPorts): Promise<PullRequestOutcome> =>
  writePullRequest(spend(clearance), ports);

export interface PullRequestPorts {
  readonly forge: ForgeReader & ForgeWriter;
  readonly text: (cleared: Cleared) => PullRequestText;
}

export type PullRequestOutcome = Extract<EffectOutcome, { kind: "done" | "again" | "refused" }>;

/** For an effect that has spent its clearance and brings a pull request along. */
export const writePullRequest = async (
  cleared: Cleared,
  { forge, text }: PullRequestPorts,
): Promise<PullRequestOutcome> => {
  const { changeset, base } = cleared;
  const branch = branchFor(cleared);
  const pulls = await forge.pullRequests({ branch });
  const open = pulls.find(({ state }) => state === "open") ?? null;
  const head = await forge.branchHead(branch);
  const said = open === null ? null : markOf(open);

  if (open !== null && head !== null && said?.digest === changeset.digest && said.commit === head) {
    if (await isWhole(forge, cleared, said))
      return { kind: "done", adopted: true, pullRequest: cardOf(cleared, open), note: "found open, with these bytes" };
  }
  if (open !== null && head !== null && said?.commit !== head && !(await writtenByUs(forge, cleared, head)))
    return taken(
      branch,
      `carries commits that are not this agent's (pull request #${open.number})`,
      `Merge or close #${open.number}, then ask again.`,
    );
  const leftOver = head !== null && pulls.some((pull) => pull.state !== "open" && pull.head === head);
  if (open === null && head !== null && !leftOver && !(await writtenByUs(forge, cleared, head)))
    return taken(
      branch,
      "exists already and no pull request explains it",
      `Delete the branch ${branch}, then ask again.`,
    );

  const { title, body, commitMessage } = text(cleared);
  const written = await forge.writeBranch({
    branch,
    base,
    expected: head,
    files: changeset.files,
    message: commitMessage,
  });
  if (!written.done) return { kind: "again", why: written.why };
  const { digest } = changeset;
  const marked = `${body.trimEnd()}\n\n${mark({ digest, base, commit: written.commit })}\n`;
  if (open !== null) {
    const updated = await forge.updatePullRequest({ number: open.number, title, body: marked });
    return { kind: "done", adopted: false, pullRequest: cardOf(cleared, updated), note: "brought up to date" };
  }
  const opened = await forge.openPullRequest({ branch, title, body: marked });
  return { kind: "done", adopted: false, pullRequest: cardOf(cleared, opened), note: "opened" };
};

/** What was written earlier still stands alone on what it was written on, however far the default branch has moved on. */
const isWhole = async (forge: ForgeReader, { base, changeset, facts }: Cleared, said: Mark): Promise<boolean> => {
  const onMain = said.base === base || (await forge.history()).some(({ commit }) => commit === said.base);
  if (!onMain) return false;
  const below = said.base === base ? facts.tree.before : await forge.tree(said.base);
  return isExactly(await forge.tree(said.commit), below, changeset);
};

/** Killed between branch and pull request: the branch holds exactly these bytes on this base, and is ours to finish. */
const writtenByUs = async (forge: ForgeReader, cleared: Cleared, head: string): Promise<boolean> =>
  isExactly(await forge.tree(head), cleared.facts.tree.before, cleared.changeset);
