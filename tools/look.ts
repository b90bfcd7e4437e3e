import type { Coverage } from "../src/facts/coverage.ts";
import type { Draft } from "../src/facts/draft.ts";
import type { Edge } from "../src/facts/edge.ts";
import type { Finding } from "../src/facts/finding.ts";
import type {
  AppliedPolicy,
  DeclaredEdge,
  InventoryProblem,
  NamespaceFact,
  RouteFact,
  ServiceFact,
  WorkloadFact,
} from "../src/facts/inventory.ts";
import type { Stage, WaitingFor } from "../src/facts/rollout.ts";
import type { Verdict } from "../src/facts/verdict.ts";

/** Where one namespace stands, computed when asked. */
export interface NamespaceStatus {
  readonly name: string;
  readonly stage: Stage;
  readonly waitingFor: WaitingFor | null;
  readonly pullRequest: { readonly number: number; readonly url: string; readonly branch: string } | null;
}

/** What manifests say exists in one namespace. */
export interface NamespaceView {
  readonly namespace: NamespaceFact;
  readonly workloads: readonly WorkloadFact[];
  readonly services: readonly ServiceFact[];
  readonly routes: readonly RouteFact[];
  readonly policies: readonly AppliedPolicy[];
  readonly declared: readonly DeclaredEdge[];
  readonly problems: readonly InventoryProblem[];
}

/** Recorded edges judged again under a set of policies. */
export interface ReplayView {
  readonly edges: readonly {
    readonly source: string;
    readonly destination: string;
    readonly port: number;
    readonly protocol: string;
    readonly flows: number;
    readonly verdict: Verdict;
    readonly why: string;
  }[];
  readonly summary: Readonly<Record<Verdict, number>>;
}

/**
 * What the operator may look at. Read only: nothing behind this port can write a ref, a record or a check. Every method
 * throws `OperatorError` when something outside cannot be reached.
 */
export interface Look {
  /** Every namespace that the repository knows. */
  status(): Promise<readonly NamespaceStatus[]>;
  /** Edges with this namespace at either end, and how much of the window was really seen. */
  edges(namespace: string): Promise<{ readonly edges: readonly Edge[]; readonly coverage: Coverage }>;
  inspect(namespace: string): Promise<NamespaceView>;
  draft(namespace: string): Promise<Draft>;
  /** Findings of the audit, for one namespace or the whole repository. */
  audit(namespace: string | null): Promise<readonly Finding[]>;
  replay(request: { readonly namespace: string; readonly withDefaultDeny: boolean }): Promise<ReplayView>;
}
