/** Half-open, milliseconds since the epoch. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface NodeCoverage {
  readonly node: string;
  readonly minutes: number;
  /** Minutes in which the reader was connected throughout and lost at most the permitted share of events. */
  readonly coveredMinutes: number;
  readonly holes: readonly (Interval & { readonly why: string })[];
  readonly seen: number;
  readonly lost: number;
}

/** The proof that the tap is alive: a flow that must be there, was. */
export interface PositiveControl {
  readonly kind: "kubelet-probe" | "scrape" | "dns" | "node-traffic";
  readonly node: string;
  readonly flows: number;
  readonly lastSeen: number;
}

/** How much of a window was really seen; silence in a hole is not peace. */
export interface Coverage extends Interval {
  readonly nodes: readonly NodeCoverage[];
  /** Covered share over the nodes that count, 0 to 1; 1 when no node hosts the namespace (vacuous). */
  readonly completeness: number;
  /** True when the namespace has no pods, so that there was nothing to see. */
  readonly vacuous: boolean;
  /** For each hour of the day (UTC), whether it was covered at least once on every counting node. */
  readonly hoursOfDay: readonly boolean[];
  /** Null: the tap may be dead. */
  readonly control: PositiveControl | null;
}

/** A start of a workload's pod, seen while the tap was alive. */
export interface WorkloadStart {
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly node: string;
  readonly firstSeen: number;
}
