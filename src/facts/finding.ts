import type { Origin, PolicyRef } from "./policy.ts";

export type Severity = "error" | "warning" | "info";

/** One defect in one place. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly namespace: string | null;
  readonly policy: PolicyRef | null;
  readonly message: string;
  readonly origin: Origin;
  readonly related: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  /** Survives moved lines and unrelated edits; goes when this defect goes. */
  readonly fingerprint: string;
  /** The one setting or manifest place that several findings share. */
  readonly cause: { readonly rule: string; readonly at: string } | null;
  readonly lesson: number | null;
  readonly fix: string | null;
}
