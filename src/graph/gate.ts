import type { Changeset } from "../facts/changeset.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Coverage, WorkloadStart } from "../facts/coverage.ts";
import type { Draft } from "../facts/draft.ts";
import type { Edge } from "../facts/edge.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { Known } from "../facts/known.ts";
import type { LiveKustomization, LivePod, LivePolicy, LiveService, LiveSource, PullRequest } from "../facts/ports.ts";
import type { GateDecision, GateId, LaneId, Stage } from "../facts/rollout.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { SourceTree } from "../facts/tree.ts";

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
  readonly lane: LaneId;
  readonly namespace: string;
  /** Laid over the deterministic draft. */
  readonly edits: readonly Edit[];
  /** Id of the stored attestation or confirmation that a resume brought; null before a pause. */
  readonly answer: string | null;
}

/** What the live cluster said, in one pass. */
export interface LiveCluster {
  readonly pods: readonly LivePod[];
  readonly services: readonly LiveService[];
  readonly policies: readonly LivePolicy[];
  readonly kustomizations: readonly LiveKustomization[];
  readonly sources: readonly LiveSource[];
}

/** What the evidence store holds for the window that the lane looks at. */
export interface EvidenceFacts {
  /** All edges of the window, so that both ends and later namespaces can be judged. */
  readonly edges: readonly Edge[];
  readonly coverage: Coverage;
  readonly starts: readonly WorkloadStart[];
}

/** Where a namespace of the campaign stands, as computed in the same pass. */
export interface Standing {
  readonly name: string;
  readonly stage: Stage;
  /** Position in the campaign's order; null when it has none (out of scope, carved out). */
  readonly order: number | null;
}

/**
 * Everything that gates judge, read in one pass for one request. `Known` marks what may be out of reach: on a lane that
 * restricts traffic, unknown refuses. Readers live in `facts/`; nothing here ever enters the graph's state. A gate that
 * needs more adds a field here.
 */
export interface GateFacts {
  readonly request: LaneRequest;
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
  readonly live: Known<LiveCluster>;
  readonly evidence: Known<EvidenceFacts>;
  readonly standings: Known<readonly Standing[]>;
}

/** The one way from a request to facts. Every call reads anew; a result keyed by the bytes it judged may be reused. */
export interface FactsReader {
  /** Throws `OperatorError("outside")` only when not even Git can be read; `"input"` when nothing can be drafted. */
  read(request: LaneRequest): Promise<GateFacts>;
}

/** The lane that a rendered change amounts to, with the reason in one line; unknown when it cannot be told. */
export type LaneOf = (facts: GateFacts) => Known<{ readonly lane: LaneId; readonly why: string }>;

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
