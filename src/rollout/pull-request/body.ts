import type { Changeset } from "../../facts/changeset.ts";
import type { Coverage } from "../../facts/coverage.ts";
import type { Draft } from "../../facts/draft.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { fill } from "../../model/prompts.ts";
import type { Replay } from "../../replay/replay.ts";
import type { Unexercised } from "../../replay/synthetic.ts";
import { code } from "./escape.ts";
import { carriedSection } from "./carried.ts";
import { changeSection } from "./change.ts";
import { evidenceSection } from "./evidence.ts";
import { pictureSection } from "./picture.ts";
import { replaySection } from "./replayed.ts";
import { riskSection } from "./risks.ts";
import { isName, rollbackSection } from "./rollback.ts";
import { rulesSection } from "./rules.ts";
import { unexercisedSection } from "./unexercised.ts";

/** Everything a pull request's text is made of. What is not known is null, and the text says so. */
export interface PullRequestInput {
  readonly changeset: Changeset;
  /** Whether a file stood there before the changeset. */
  readonly stood: (path: string) => boolean;
  /** Null where the bytes are not a draft of ours. */
  readonly draft: Draft | null;
  /** The repository with the changeset. */
  readonly inventory: Inventory | null;
  /** Recorded edges under the candidate set plus default-deny for this namespace. */
  readonly replay: Replay | null;
  readonly unexercised: Unexercised | null;
  readonly coverage: Coverage | null;
  /** Where suspension was read: Git alone does not show what was suspended by hand (lesson 22). */
  readonly suspensionFrom: "cluster" | "git";
  /** The rehearsed rollback, as a person could type it; null: worked out from the changeset. */
  readonly rollback: readonly string[] | null;
  /** Rows that a person or a model changed over the draft, by path. */
  readonly edited: readonly string[];
}

export interface PullRequestText {
  readonly title: string;
  readonly body: string;
  readonly commitMessage: string;
}

/** GitHub refuses a body of more than 65,536 characters; some room is left for what the forge's adapter adds. */
const MOST = 60_000;
const ROWS = [200, 80, 30, 10, 3] as const;

const TITLES = {
  allows: (namespace: string) => `netpol: allow what ${namespace} needs`,
  "default-deny": (namespace: string) => `netpol: default-deny for ${namespace}`,
  repair: (namespace: string) => `netpol: repair what ${namespace} lacks`,
  "fleet-repair": (namespace: string) => `netpol: repair a component that ${namespace} and others share`,
  rollback: (namespace: string) => `netpol: take the default-deny of ${namespace} back`,
} as const satisfies Record<Changeset["kind"], (namespace: string) => string>;

export const titleOf = (changeset: Pick<Changeset, "kind" | "namespace">): string =>
  TITLES[changeset.kind](changeset.namespace);

/** A revert is read by somebody in a hurry: what goes, and what comes after the merge. */
const renderRevert = (input: PullRequestInput, rows: number): string => {
  const { namespace } = input.changeset;
  const then = fill("pull-request/revert-then", { name: isName(namespace) ? namespace : "NAMESPACE" });
  return `${changeSection(input, rows)}\n\n${then}`;
};

const render = (input: PullRequestInput, rows: number): string =>
  [
    changeSection(input, rows),
    input.changeset.kind === "default-deny" ? carriedSection(input, rows) : rulesSection(input, rows),
    unexercisedSection(input, rows),
    replaySection(input, rows),
    evidenceSection(input, rows),
    riskSection(input, rows),
    rollbackSection(input),
    fill(`pull-request/checklist-${input.changeset.kind === "default-deny" ? "default-deny" : "allows"}`, {
      namespace: code(input.changeset.namespace),
      name: isName(input.changeset.namespace) ? input.changeset.namespace : "NAMESPACE",
    }),
    pictureSection(input, Math.min(rows, 40)),
  ]
    .filter((section) => section !== "")
    .join("\n\n");

/** Title and Markdown body, the same for the same facts. Tables are cut, and say so, where a forge would refuse the body. */
export const pullRequestText = (input: PullRequestInput): PullRequestText => {
  const title = titleOf(input.changeset);
  let body = "";
  for (const rows of ROWS) {
    body = input.changeset.kind === "rollback" ? renderRevert(input, rows) : render(input, rows);
    if (body.length <= MOST) break;
  }
  return { title, body: `${body}\n`, commitMessage: `${title}\n\nDigest ${input.changeset.digest}\n` };
};
