import { drift } from "../cluster/drift.ts";
import { iso } from "../facts/clock.ts";
import type { StatusReport } from "../facts/status.ts";
import { dropReport, type DropWatch } from "./drop-watch.ts";
import type { Survey } from "./survey.ts";

/** The `status` contract, from what was surveyed. */
export const statusReport = (
  { now, placed, inventory, written, live }: Survey,
  drops: readonly DropWatch[] | null,
): StatusReport => ({
  version: 1,
  clock: iso(now),
  namespaces: placed.map(({ namespace, stage, waitingFor, pullRequest }) => ({
    name: namespace,
    stage,
    policies: inventory.policies
      .filter((policy) => policy.ref.namespace === namespace)
      .map(({ ref, origin }) => ({
        kind: ref.kind,
        name: ref.name,
        file: origin?.file ?? "",
        line: origin?.line ?? 0,
      })),
    waitingFor,
    pullRequest:
      pullRequest === null ? null : { number: pullRequest.number, url: pullRequest.url, branch: pullRequest.branch },
  })),
  ...(drops === null ? {} : { drops: drops.map(dropReport) }),
  ...(live.known
    ? {
        drift: drift(written, live.value).map(({ kind, namespace, what, origin }) => ({
          kind,
          namespace,
          what,
          file: origin?.file ?? null,
          line: origin?.line ?? null,
        })),
      }
    : {}),
});
