import type { Attestation } from "../facts/attestation.ts";
import type { CampaignSettings, Decision } from "../facts/campaign.ts";
import type { ChangeKind, Changeset } from "../facts/changeset.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Coverage, WorkloadStart } from "../facts/coverage.ts";
import type { Draft } from "../facts/draft.ts";
import type { Edge } from "../facts/edge.ts";
import type { Finding } from "../facts/finding.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { Known } from "../facts/known.ts";
import type { Loophole, PullRequest } from "../facts/ports.ts";
import type { Confirmation, Undo } from "../facts/rollback.ts";
import type { GateDecision, GateId, LaneId, Stage } from "../facts/rollout.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { SourceTree } from "../facts/tree.ts";
import type { LiveCluster } from "../rollout/live.ts";
import type { SoakFacts } from "../rollout/soak-facts.ts";

/** A file that a model, a person or an incident wants to stand differently from the draft; `text: null` removes it. */
export interface Edit {
  readonly path: string;
  readonly text: string | null;
}

/**
 * What a lane is asked for: names and wishes, never facts. It is all that travels through the graph's state, and
 * nothing in it has authority: a reader turns it into facts, gates judge those.
 */
export interface LaneRequest {
  /** Whose gates judge it, as computed from the rendered change. The changeset's kind follows from this. */
  readonly lane: LaneId;
  /** What the deterministic draft draws before edits are laid over it; null draws nothing. */
  readonly draft: ChangeKind | null;
  readonly namespace: string;
  /** Laid over the deterministic draft. */
  readonly edits: readonly Edit[];
  /** Id of the stored attestation or confirmation that a resume brought; null before a pause. */
  readonly answer: string | null;
  /** The pull request whose bytes are judged, whoever wrote them; on the lanes of the check alone. */
  readonly pullRequest?: number | undefined;
}

/** A pull request as it stands on the forge: what merging its head would change on main. */
export interface Reported {
  readonly pullRequest: PullRequest;
  /** The commit that is judged, and that the check is written on. */
  readonly head: string;
  /** Files that main has changed as well since the branch left it: what a merge would make of them nobody can tell. */
  readonly disputed: readonly string[];
  /** Changed files that are no text. */
  readonly unread: readonly string[];
}

export type { Confirmation, LiveCluster, SoakFacts, Undo };

/** What the evidence store holds for the window that the lane looks at. */
export interface EvidenceFacts {
  /** All edges of the window, so that both ends and later namespaces can be judged. */
  readonly edges: readonly Edge[];
  readonly coverage: Coverage;
  readonly starts: readonly WorkloadStart[];
}

/** Where a line of a file is wrong, and why. */
export interface LintProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** What the linters said of the changeset; kustomize is the real binary. */
export interface LintFacts {
  readonly yaml: readonly LintProblem[];
  readonly markdown: readonly LintProblem[];
  /** Each Kustomization whose input bytes the changeset changes; `problem: null` when it builds. */
  readonly builds: readonly { readonly path: string; readonly problem: string | null }[];
}

/** The rollback, tried as far as it can be tried before there is anything to roll back. */
export interface Rehearsal {
  /** The Flux Kustomization that will own the default-deny, and whether it carries nothing else. */
  readonly owner: Known<{ readonly id: string; readonly alone: boolean }>;
  /** Access reviews for the identity that would roll back. */
  readonly access: readonly {
    readonly verb: string;
    readonly resource: string;
    readonly namespace: string | null;
    readonly allowed: boolean;
  }[];
  /** Server dry runs; `refused: null` when the server would accept. */
  readonly dryRuns: readonly { readonly what: string; readonly refused: string | null }[];
  /** The steps, as a person could type them. */
  readonly steps: readonly string[];
  /** What was done when the whole path was executed in a world of its own, with this lock and this kind of owner. */
  readonly played: Known<readonly string[]>;
}

/** Where a namespace of the campaign stands, as computed in the same pass. */
export interface Standing {
  readonly name: string;
  readonly stage: Stage;
  /** Position in the campaign's order; null when it has none (out of scope, carved out). */
  readonly order: number | null;
  /** Position and name of its phase; namespaces of a later phase wait for all of an earlier one. */
  readonly phase: { readonly order: number; readonly name: string } | null;
}

/**
 * Everything that gates judge, read in one pass for one request. `Known` marks what may be out of reach: on a lane that
 * restricts traffic, unknown refuses. Readers live in `facts/`; nothing here ever enters the graph's state. A gate that
 * needs more adds a field here.
 */
export interface GateFacts {
  /** As the gates judge it: on a lane of the check, `lane` is the lane of changes that the pull request amounts to. */
  readonly request: LaneRequest;
  /** The pull request that is judged; null where the agent judges its own proposal. */
  readonly reported: Reported | null;
  /** The clock at the start of the pass, milliseconds since the epoch. */
  readonly now: number;
  /** The default branch's commit at which everything from Git was read: the base of the compare-and-swap. */
  readonly base: string;
  /** The exact bytes: the draft overlaid by the request's edits. */
  readonly changeset: Changeset;
  /** What the deterministic draft said, before edits; null on lanes that draft nothing. */
  readonly draft: Draft | null;
  readonly tree: { readonly before: SourceTree; readonly after: SourceTree };
  /** Rendered objects. Unknown when the repository, or the repository with the changeset, does not build. */
  readonly inventory: { readonly before: Known<Inventory>; readonly after: Known<Inventory> };
  readonly settings: CiliumSettings;
  readonly cluster: ClusterFacts;
  readonly pullRequests: Known<readonly PullRequest[]>;
  /** Where there is one, or nobody can tell, effects on the forge stay in dry run: the door's to refuse. */
  readonly loopholes: Known<readonly Loophole[]>;
  readonly live: Known<LiveCluster>;
  readonly evidence: Known<EvidenceFacts>;
  readonly standings: Known<readonly Standing[]>;
  /** What the configuration names at all: what is not configured is absent, what is configured and silent refuses. */
  readonly configured: { readonly cluster: boolean; readonly evidence: boolean };
  readonly campaign: CampaignSettings;
  /** Read from the base commit, never from the changeset. */
  readonly decisions: Known<readonly Decision[]>;
  /** Commits of the default branch, newest first; enough to tell whether a revision contains a merge. */
  readonly history: Known<readonly { readonly commit: string; readonly time: number }[]>;
  readonly soak: Known<SoakFacts>;
  readonly lint: Known<LintFacts>;
  /** Audit of the whole repository at the base and with the changeset. */
  readonly findings: Known<{ readonly before: readonly Finding[]; readonly after: readonly Finding[] }>;
  readonly rehearsal: Known<Rehearsal>;
  readonly attestations: Known<readonly Attestation[]>;
  readonly confirmation: Known<Confirmation>;
  readonly undo: Known<Undo>;
}

/** The one way from a request to facts. Every call reads anew; a result keyed by the bytes it judged may be reused. */
export interface FactsReader {
  /** Throws `OperatorError("outside")` only when not even Git can be read; `"input"` when nothing can be drafted. */
  read(request: LaneRequest): Promise<GateFacts>;
}

/**
 * The lane that a rendered change amounts to, with the reason in one line; unknown when it cannot be told. `namespace`: the
 * one that a pull request is about, where nobody named one; empty where it is about none.
 */
export type LaneOf = (
  facts: GateFacts,
) => Known<{ readonly lane: LaneId; readonly why: string; readonly namespace?: string }>;

/** A lesson as code. One file each in `gates/`. */
export interface Gate {
  readonly id: GateId;
  /** What passing means, in a few words; for the diagram and the docs. */
  readonly title: string;
  /** Numbers of `docs/` lessons, the first being the one a refusal names unless it says otherwise. */
  readonly lessons: readonly number[];
  /** `partial`: refuses what it cannot judge yet. */
  readonly depth: "full" | "partial";
  /** Names of the facts it looks at; recorded beside each decision. */
  readonly needs: readonly (keyof GateFacts)[];
  /** Pure and synchronous: the same facts give the same word. A throw counts as a refusal. */
  readonly judge: (facts: GateFacts) => GateDecision;
}

/** Every gate that exists, by id. A lane that names one that does not exist does not compile. */
export type GateCatalog = Partial<Readonly<Record<GateId, Gate>>>;
