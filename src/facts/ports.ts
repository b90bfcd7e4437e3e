import type { FileChange } from "./changeset.ts";
import type { Coverage, Interval, WorkloadStart } from "./coverage.ts";
import type { Edge } from "./edge.ts";
import type { PolicyRef } from "./policy.ts";
import type { LabelSet } from "./labels.ts";
import type { Protocol } from "./verdict.ts";
import type { SourceTree } from "./tree.ts";

/** A pull request as the forge tells it. Titles, bodies and comments are data. */
export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly branch: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "merged" | "closed";
  readonly author: string;
  readonly head: string;
  /** The commit that main had right after the merge. */
  readonly mergeCommit: string | null;
  readonly createdAt: number;
  readonly mergedAt: number | null;
  readonly closedAt: number | null;
}

/** A way in which what the agent writes on a forge could reach the default branch without anybody else. */
export interface Loophole {
  readonly what: string;
  readonly said: string;
  readonly remedy: string;
}

export interface ForgeReader {
  readonly name: string;
  readonly defaultBranch: string;
  /** The default branch's commit. */
  head(): Promise<string>;
  tree(commit: string): Promise<SourceTree>;
  /** Throws `OperatorError("input")` for a head that shares no history with the default branch. */
  broughtBy(head: string): Promise<Brought>;
  branchHead(branch: string): Promise<string | null>;
  /** Newest first. */
  pullRequests(filter?: { branch?: string; state?: PullRequest["state"] }): Promise<readonly PullRequest[]>;
  /** Read anew each time; empty where somebody else has to approve. While there is one, nothing is written there. */
  loopholes(): Promise<readonly Loophole[]>;
  /** Commits of the default branch that touched a path, newest first, with their time. */
  history(path?: string): Promise<readonly { readonly commit: string; readonly time: number }[]>;
}

/** What a head brings on top of the commit at which it left the default branch. */
export interface Brought {
  /** That commit. */
  readonly fork: string;
  /** As they stand at the head, sorted by path; only text. */
  readonly files: readonly FileChange[];
  /** Changed files that are no UTF-8. */
  readonly unread: readonly string[];
}

/** Only `graph/effects/` may hold one. */
export interface ForgeWriter {
  /** Compare-and-swap: nothing is written when `base` is no longer main's head or the branch is not at `expected`. */
  writeBranch(request: {
    branch: string;
    base: string;
    expected: string | null;
    files: readonly FileChange[];
    message: string;
  }): Promise<{ readonly done: true; readonly commit: string } | { readonly done: false; readonly why: string }>;
  openPullRequest(request: { branch: string; title: string; body: string }): Promise<PullRequest>;
  updatePullRequest(request: { number: number; title: string; body: string }): Promise<PullRequest>;
}

/** What the check on a pull request's head says. */
export interface CheckState {
  readonly state: "success" | "failure" | "pending";
  readonly summary: string;
}

/** Red and pending: notices, written by a module that can write neither refs nor green. */
export interface NoticeWriter {
  notice(request: {
    readonly head: string;
    readonly state: "failure" | "pending";
    readonly summary: string;
    /** Markdown, for where the forge shows more than a line. */
    readonly text: string;
  }): Promise<void>;
}

/** Green is an effect: only `graph/effects/` may hold one. */
export interface GreenWriter {
  green(request: { readonly head: string; readonly summary: string; readonly text: string }): Promise<void>;
}

export interface CheckReader {
  /** The newest word of our own check on this commit, or null. */
  check(head: string): Promise<CheckState | null>;
}

export interface EdgeFilter {
  /** Edges with this namespace at either end. */
  readonly namespace?: string;
  readonly window?: Interval;
}

/** The evidence store, read only. Every judgement takes edges and coverage together. */
export interface EvidenceReader {
  edges(filter: EdgeFilter): Promise<readonly Edge[]>;
  /** `nodes`: those that host the namespace's pods; `null` asks for all nodes known. */
  coverage(request: Interval & { namespace: string | null; nodes: readonly string[] | null }): Promise<Coverage>;
  starts(request: Interval & { namespace: string }): Promise<readonly WorkloadStart[]>;
  /** Names that were asked and answered with this address, newest first. */
  namesOf(ip: string): Promise<readonly string[]>;
  /** The span for which there is any evidence at all. */
  span(): Promise<Interval | null>;
}

export interface LivePod {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly ip: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Identity-relevant labels as Cilium prints them, where CiliumEndpoints can be read. */
  readonly identity: LabelSet | null;
  readonly workload: { readonly kind: string; readonly name: string } | null;
  readonly hostNetwork: boolean;
  readonly startedAt: number | null;
  readonly ports: readonly { readonly name: string | null; readonly port: number; readonly protocol: Protocol }[];
  /** Container ports, by number or name, that the kubelet probes. */
  readonly probePorts?: readonly (number | string)[];
  readonly serviceAccount?: string | null;
  /** Networks beyond the pod's own (Multus). */
  readonly secondaryNetworks?: readonly string[];
}

export interface LivePolicy {
  readonly ref: PolicyRef;
  readonly object: Readonly<Record<string, unknown>>;
  /** The operator's `Valid` condition; null when it has not said. */
  readonly valid: boolean | null;
  readonly message: string | null;
  /** `ns/name` of the owning Flux Kustomization, from its labels. */
  readonly owner: string | null;
}

export interface LiveKustomization {
  readonly id: string;
  readonly suspended: boolean;
  readonly ready: boolean | null;
  readonly message: string | null;
  readonly appliedRevision: string | null;
  readonly path: string;
  readonly source: string;
  readonly dependsOn: readonly string[];
  readonly owner: string | null;
}

export interface LiveSource {
  readonly id: string;
  readonly suspended: boolean;
  readonly fetchedRevision: string | null;
}

export interface LiveService {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly selector: Readonly<Record<string, string>> | null;
  readonly clusterIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  readonly ports: readonly {
    readonly name: string | null;
    readonly port: number;
    readonly targetPort: number | string;
    readonly protocol: Protocol;
  }[];
  readonly externalTrafficPolicy: string | null;
}

/** One EndpointSlice of a Service. */
export interface LiveEndpoints {
  readonly namespace: string;
  readonly service: string;
  readonly ports: readonly { readonly name: string | null; readonly port: number; readonly protocol: Protocol }[];
  /** `pod`: the pod of the same namespace that has the address, where it is one. */
  readonly endpoints: readonly { readonly address: string; readonly pod: string | null }[];
}

/** The live cluster, read only. A method throws `OperatorError("outside")` when it cannot be reached. */
export interface ClusterReader {
  readonly name: string;
  pods(): Promise<readonly LivePod[]>;
  services(): Promise<readonly LiveService[]>;
  /** Absent, or empty, where they may not be read. */
  endpoints?(): Promise<readonly LiveEndpoints[]>;
  policies(): Promise<readonly LivePolicy[]>;
  kustomizations(): Promise<readonly LiveKustomization[]>;
  sources(): Promise<readonly LiveSource[]>;
  namespaces(): Promise<readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]>;
  nodes(): Promise<readonly { readonly name: string; readonly addresses: readonly string[] }[]>;
  /** Server-side access review for the identity that would roll back. */
  mayI(request: { verb: string; group: string; resource: string; namespace: string | null }): Promise<boolean>;
  /**
   * Server dry run; the answer is the server's refusal, or null when it would accept. `replace`: these bytes in the place of
   * another object's, which asks the same schema and the same admission with no more than the right to patch.
   */
  dryRun(request: {
    verb: "create" | "patch" | "replace";
    kind: string;
    namespace: string;
    name: string;
    body: Readonly<Record<string, unknown>>;
  }): Promise<string | null>;
}

export interface LedgerEntry {
  readonly seq: number;
  readonly time: number;
  readonly kind: string;
  readonly thread: string | null;
  readonly namespace: string | null;
  readonly body: Readonly<Record<string, unknown>>;
  readonly previous: string;
  readonly hash: string;
}

/** Append-only and hash-chained. No gate reads it. */
export interface Ledger {
  append(entry: {
    kind: string;
    thread: string | null;
    namespace: string | null;
    body: Readonly<Record<string, unknown>>;
  }): Promise<LedgerEntry>;
}

/** Held while something is done to one thread or one rollout, across processes; gone when the process that held it dies. */
export interface Locks {
  /**
   * @param wait how long to wait for the present holder, in milliseconds
   * @throws OperatorError `busy`, naming the holder
   */
  acquire(name: string, wait: number): Promise<{ release(): void }>;
}
