import type { FileChange } from "./changeset.ts";
import type { Edge, EdgeSource } from "./edge.ts";
import type { DeclaredEdge } from "./inventory.ts";
import type { PolicyRef } from "./policy.ts";

/** Why one rule of the draft is there. Counts and times stand here and in the pull request, never in the YAML. */
export interface RuleEvidence {
  readonly policy: PolicyRef;
  /** JSON pointer into the policy object. */
  readonly rule: string;
  /** One line for people. */
  readonly summary: string;
  readonly source: EdgeSource;
  readonly edges: readonly Edge[];
  readonly declared: readonly DeclaredEdge[];
  readonly requirement: string | null;
  readonly lesson: number | null;
  /** Declared or required, but never observed: somebody has to exercise it before sign-off. */
  readonly unexercised: boolean;
}

/** The other end of an edge lies in another namespace and does not allow it yet. */
export interface NeededElsewhere {
  readonly namespace: string;
  readonly summary: string;
}

export interface Draft {
  readonly namespace: string;
  readonly kind: "allows" | "default-deny";
  readonly files: readonly FileChange[];
  readonly rules: readonly RuleEvidence[];
  readonly neededElsewhere: readonly NeededElsewhere[];
  /** Flows and declarations that became no rule, each with its reason. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  readonly notes: readonly string[];
}
