/** What the configuration says of the campaign. Hours are hours of soak; shares are between 0 and 1. */
export interface CampaignSettings {
  /** In order; empty: worked out from the inventory. */
  readonly phases: readonly {
    readonly name: string;
    readonly namespaces: readonly string[];
    readonly soakHours: number | null;
  }[];
  readonly soakHours: number;
  /** Never locked, beside `flux-system` and `kube-system`. */
  readonly outOfScope: readonly string[];
  readonly carveOuts: readonly { readonly namespace: string; readonly reason: string }[];
  /** Share of events that a covered minute may lose. */
  readonly maxLoss: number;
}

export const defaultCampaign: CampaignSettings = {
  phases: [],
  soakHours: 24,
  outOfScope: [],
  carveOuts: [],
  maxLoss: 0.01,
};

/** The rollback mechanism itself: never locked, whatever anybody configures (lesson 1). */
export const NEVER_LOCKED = ["flux-system", "kube-system"] as const;

interface DecisionBase {
  readonly namespace: string;
  readonly reason: string;
  readonly by: string;
  /** Where it is written. */
  readonly at: string;
}

/**
 * What a person decided, written in `network-operator.decisions.yaml` on the default branch: it is read from the base
 * commit and never from a changeset, so that no pull request can carry its own permission.
 */
export type Decision =
  /** An open audit error that does not hold the campaign until it expires. */
  | (DecisionBase & { readonly kind: "waiver"; readonly fingerprint: string; readonly expires: number })
  /** A person answers for an edge that nothing here can judge. `edge` as the gate prints it. */
  | (DecisionBase & { readonly kind: "explanation"; readonly edge: string; readonly expires: number })
  /** The turn is open again after the rollback that happened at or before `until`. */
  | (DecisionBase & { readonly kind: "release"; readonly until: number });

export const DECISIONS_FILE = "network-operator.decisions.yaml";
