import type { Interval, PositiveControl } from "./coverage.ts";
import type { DropClass } from "./edge.ts";
import type { HubbleVerdict, WorkloadRef } from "./flow.ts";
import type { LabelSet } from "./labels.ts";
import type { PolicyRef } from "./policy.ts";
import type { Direction, Protocol } from "./verdict.ts";

/**
 * Evidence as it is kept: one record per hour of the flows' own time, reduced, mergeable in any order. Plain JSON. Reader
 * and collector make hours; the store keeps them and answers questions from them.
 */
export interface EvidenceHour {
  /** Start of the hour, milliseconds since the epoch. */
  readonly hour: number;
  readonly watch: WatchRecord;
  /** Edges by the pair of namespaces they join (`shardOf`), so that one namespace is read without the rest. */
  readonly shards: Readonly<Record<string, EvidenceShard>>;
}

/** How the hour was watched, and what belongs to no single edge. */
export interface WatchRecord {
  readonly nodes: Readonly<Record<string, NodeWatch>>;
  readonly names: readonly NameRecord[];
  readonly pods: readonly PodRecord[];
  readonly workloads: readonly WorkloadRecord[];
  /** Records that made no edge, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export interface NodeWatch {
  /** When the reader was connected and Relay held the node. */
  readonly up: readonly Interval[];
  /** `[minute of the hour, events seen, events lost]`, minutes with neither left out. */
  readonly minutes: readonly (readonly [number, number, number])[];
  /** What ended or broke the watch. */
  readonly breaks: readonly { readonly time: number; readonly why: string }[];
  /** Policy verdicts that named a policy: this agent does name them (C F.2.12). */
  readonly named: number;
  readonly controls: Partial<Readonly<Record<PositiveControl["kind"], readonly [flows: number, lastSeen: number]>>>;
}

/** A name that was asked and answered with an address. */
export interface NameRecord {
  readonly ip: string;
  readonly name: string;
  readonly lastSeen: number;
}

/** The first sight of a pod at an address by its own node. */
export interface PodRecord {
  readonly namespace: string;
  readonly pod: string;
  readonly workload: string;
  readonly ip: string;
  readonly node: string;
  readonly firstSeen: number;
}

/** What the node that hosts a pod says owns it; elsewhere only labels and the pod's name are known (C F.1). */
export interface WorkloadRecord {
  readonly namespace: string;
  readonly labels: LabelSet;
  /** Name derived from the pod's. */
  readonly derived: string;
  readonly workload: WorkloadRef;
}

export interface EvidenceShard {
  readonly ends: readonly EndRecord[];
  readonly edges: readonly EdgeRecord[];
}

export interface EndRecord {
  readonly labels: LabelSet;
  readonly namespace: string | null;
  /** A pod's workload as derived from its name and labels; null for what is no pod. */
  readonly derived: WorkloadRef | null;
  /** `reserved:X`, `cidr:X`, `fqdn:X`; empty for pods. */
  readonly id: string;
}

export interface EdgeRecord {
  /** Positions in `ends`. */
  readonly source: number;
  readonly destination: number;
  readonly protocol: Protocol;
  readonly port: number;
  /**
   * Zero, or the client's port where the record looks like a late reply (an ephemeral destination port asked from a lower
   * one, no SYN): it is one when the opposite edge exists, which only the whole window can tell.
   */
  readonly sourcePort: number;
  readonly flows: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly verdicts: Partial<Readonly<Record<HubbleVerdict, number>>>;
  readonly drops: readonly DropRecord[];
  readonly seenAt: readonly Direction[];
  readonly nodes: readonly string[];
  readonly named: readonly NamedRecord[];
  readonly unnamed: readonly UnnamedRecord[];
  /** The smallest few, so that merging in any order gives the same; `more` when some were left out. */
  readonly sourceIps: readonly string[];
  readonly destinationIps: readonly string[];
  readonly moreIps: boolean;
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  readonly l7: readonly string[];
}

/** One packet's drop is told twice, as a verdict and as a drop (C F.2.4): both are counted, the larger is the truth. */
export interface DropRecord {
  readonly class: DropClass;
  readonly reason: string;
  readonly direction: Direction | null;
  readonly asVerdict: number;
  readonly asDrop: number;
  readonly lastSeen: number;
}

export interface NamedRecord {
  readonly direction: Direction;
  readonly policy: PolicyRef;
  readonly flows: number;
  readonly lastSeen: number;
}

/** Passed by no policy that was named; evidence only where that node names policies in that hour. */
export interface UnnamedRecord {
  readonly direction: Direction;
  readonly node: string;
  readonly flows: number;
  readonly lastSeen: number;
}

/** Where a collector goes on after a restart; written in the same transaction as what was counted up to here. */
export interface CollectorPosition {
  /** Flow time of the newest record counted. */
  readonly time: number;
  /** Opaque: fingerprints of the records counted shortly before it, because Relay sends only nearly in order. */
  readonly recent: Uint8Array;
}

/** The evidence store as a collector sees it. One collector per source writes at a time, across processes. */
export interface EvidenceWriter {
  /**
   * Takes the source's lease.
   * @returns where the last collector stopped, or null when there was none
   * @throws OperatorError `busy` while another collector holds it
   */
  begin(source: string): Promise<CollectorPosition | null>;
  /** What this source has written of an hour. */
  load(source: string, hour: number): Promise<EvidenceHour | null>;
  /**
   * Replaces what the hours hold, `watch` and the given shards whole, and moves the position: all of it or nothing.
   * @throws OperatorError `busy` when the lease was lost meanwhile: nothing was written
   */
  commit(request: {
    readonly source: string;
    readonly hours: readonly EvidenceHour[];
    readonly position: CollectorPosition;
  }): Promise<void>;
  end(source: string): Promise<void>;
}

/** The two namespaces in order; `-` for an end without one (no namespace can be called that). */
export const shardOf = (a: string | null, b: string | null): string => {
  const [x, y] = [a ?? "-", b ?? "-"];
  return x <= y ? `${x} ${y}` : `${y} ${x}`;
};
