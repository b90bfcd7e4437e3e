import type { Json } from "./json.ts";
import type { Known } from "./known.ts";
import type { LabelSet } from "./labels.ts";
import type { LivePolicy, LiveSource } from "./ports.ts";
import type { PolicyRef } from "./policy.ts";
import type { WaitingFor } from "./rollout.ts";

/** One policy that a rollback takes back: as it is enforced now, and as it will stand. */
export interface Unlocking {
  readonly ref: PolicyRef;
  /** Null: it is not in the cluster (any more); what is left is to keep it away and let Flux go on. */
  readonly before: Json | null;
  /** Null removes it. */
  readonly after: Json | null;
  /** The Flux Kustomization that carries it; null: its labels name none. */
  readonly owner: { readonly id: string; /** It carries nothing else. */ readonly alone: boolean } | null;
  /** What is done to it next, in words. */
  readonly next: string;
}

/** What a rollback takes back, and nothing that it leaves alone. */
export interface Undo {
  /** Digest of exactly these changes: what a person confirms. */
  readonly digest: string;
  readonly policies: readonly Unlocking[];
  /** Set when nothing can be done now but to wait: then nobody is asked. */
  readonly waitingFor: WaitingFor | null;
  /** Endpoints (`who (direction): by what`) that stay under default-deny without them; empty: all are default-allow. */
  readonly stillLocked: readonly string[];
  /** How many endpoints that was asked of. */
  readonly endpoints: number;
  /** The same, as a person could type it. */
  readonly steps: readonly string[];
}

/** A person's word on a rollback, as read from where the terminal stored it. Times in ms. */
export interface Confirmation {
  readonly id: string;
  readonly namespace: string;
  /** The digest of exactly what is to be undone. */
  readonly digest: string;
  readonly by: string;
  readonly at: number;
  readonly expiresAt: number;
  readonly used: boolean;
  /** Worked out on every read: `valid` was written by the operator's terminal on this machine, byte for byte. */
  readonly seal: { readonly state: "valid" } | { readonly state: "invalid"; readonly why: string };
}

/** A Flux Kustomization as a rollback has to know it. */
export interface OwnerState {
  /** `namespace/name`. */
  readonly id: string;
  readonly suspended: boolean;
  /** A reconcile is in flight, and would finish though the Kustomization is suspended now. */
  readonly reconciling: boolean;
  readonly ready: boolean | null;
  readonly appliedRevision: string | null;
  /** As LiveSource names it. */
  readonly source: string;
  /** What it applied last, as `namespace_name_group_Kind`; null: it has not said. */
  readonly carries: readonly string[] | null;
  /** How often it looks at Git; milliseconds. */
  readonly interval: number | null;
}

/** What Cilium's agents say of one endpoint; null where they do not say. */
export interface EndpointState {
  readonly namespace: string;
  readonly name: string;
  readonly labels: LabelSet | null;
  readonly enforcing: { readonly ingress: boolean | null; readonly egress: boolean | null };
}

/** Everything that a rollback reads, in one pass over the API server and nothing else. */
export interface RollbackScene {
  readonly namespaces: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly policies: readonly LivePolicy[];
  readonly owners: readonly OwnerState[];
  readonly sources: readonly LiveSource[];
  readonly endpoints: readonly EndpointState[];
}

/** Throws `OperatorError("outside")` when the API server cannot be reached. */
export interface RollbackReader {
  scene(): Promise<RollbackScene>;
}

/** What a rehearsal is of: a lock as it would stand or stands, and who owns it. */
export interface OwnedLock {
  readonly namespace: string;
  readonly object: Json;
  readonly owner: { /** `namespace/name` of a Flux Kustomization. */ readonly id: string; readonly alone: boolean };
}

/**
 * Executes the whole rollback of exactly this lock in a world of its own, from the request to an interval after its
 * revert, and says what was done. Throws `OperatorError` with why it does not end as it should.
 */
export type PlayRollback = (lock: OwnedLock) => Promise<readonly string[]>;

/** `moved`: somebody changed the object since it was read, nothing was written. */
export type Written = { readonly done: true } | { readonly done: false; readonly why: string };

/** The rollback's own identity. Only `graph/effects/` may hold one. Each write is bound to the object as it was read. */
export interface RollbackWriter {
  suspend(kustomization: string, suspended: boolean): Promise<Written>;
  /** Takes the object from Flux and switches its default-deny off both ways, in one patch. */
  disarm(policy: LivePolicy): Promise<Written>;
  remove(policy: LivePolicy): Promise<Written>;
}

/** Where confirmations are read and spent. Nothing in it can confirm. */
export interface ConfirmationRecords {
  /** Spends it; false when it was spent before. */
  spend(id: string): boolean;
}

/** Flows at a namespace's pods since a moment, as Hubble saw them. */
export interface SeenFlows {
  readonly forwarded: number;
  readonly dropped: number;
}

export type SeeFlows = (namespace: string, since: number) => Promise<Known<SeenFlows>>;
