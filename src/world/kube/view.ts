import type { Admission } from "../cluster/admission.ts";
import type { ClusterState } from "../cluster/flux.ts";
import type { Pod } from "../cluster/pods.ts";

/** What stands in the cluster at the clock's time. */
export interface KubeView {
  readonly now: number;
  /** Grows whenever anything changed. */
  readonly version: number;
  readonly cluster: ClusterState;
  readonly pods: readonly Pod[];
  readonly admit: Admission;
  /** Whether the rollback's identity still holds its role. */
  readonly rollbackGranted: boolean;
}
