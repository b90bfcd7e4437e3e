import { fill } from "../../model/prompts.ts";
import type { PullRequestInput } from "./body.ts";
import { code, codeCell, prose, table } from "./escape.ts";

const KIND = {
  allows: "allows",
  "default-deny": "default-deny",
  repair: "repair",
  "fleet-repair": "repair",
  rollback: "revert",
} as const;

/** What changes, and for whom: the pods that are concerned, and the files. */
export const changeSection = (input: PullRequestInput, rows: number): string => {
  const { changeset, inventory, stood } = input;
  const { namespace } = changeset;
  const opening = fill(`pull-request/${KIND[changeset.kind]}`, { namespace: code(namespace) });
  const workloads = (inventory?.workloads ?? []).filter((w) => w.namespace === namespace);
  const state = (w: (typeof workloads)[number]): string =>
    w.hostNetwork
      ? "host network: not governed by policy"
      : w.suspended
        ? "suspended: left out"
        : w.secondaryNetworks.length > 0
          ? "governed on its own interface, not on its further networks"
          : "governed";
  const pods = workloads.map((w) => [codeCell(`${w.kind}/${w.name}`), prose(state(w))]);
  const files = changeset.files.map(({ path, text }) => [
    codeCell(path, 200),
    text === null ? "removed" : stood(path) ? "changed" : "added",
  ]);
  const parts = [opening];
  parts.push(
    pods.length === 0
      ? "The repository shows no workloads in this namespace."
      : table(["Workload", "Under this change"], pods.slice(0, rows)),
  );
  if (pods.length > rows) parts.push(`And ${pods.length - rows} more workloads.`);
  parts.push(table(["File", "Change"], files.slice(0, rows)));
  if (files.length > rows) parts.push(`And ${files.length - rows} more files.`);
  if (input.edited.length > 0)
    parts.push(`Changed by hand or by a model over the draft: ${input.edited.map((p) => code(p)).join(", ")}.`);
  return parts.join("\n\n");
};
