import { createHash } from "node:crypto";
import type { PolicySet } from "../cilium/policy-set.ts";
import { policyId } from "../facts/policy.ts";
import { canonical, dig } from "../facts/json.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import type { Subject } from "./subjects.ts";

/** Everything that can select a namespace's pods: its own policies, and each clusterwide one that selects any of them. */
export const policiesOver = (
  namespace: string,
  policies: readonly NamedPolicy[],
  set: PolicySet,
  subjects: readonly Subject[],
): readonly NamedPolicy[] => {
  const here = subjects.filter((s) => s.namespace === namespace);
  const selecting = new Set(here.flatMap((s) => set.selecting(s.endpoint).map(policyId)));
  return policies.filter(
    ({ ref }) => ref.namespace === namespace || (ref.namespace === null && selecting.has(policyId(ref))),
  );
};

/**
 * SHA-256 over the name and the saying of each policy, sorted by name. What the API server, Flux and kubectl write into
 * an object is no part of it, so that the same policies give the same digest wherever they were read.
 */
export const appliedDigest = (policies: readonly NamedPolicy[]): string => {
  const rows = policies.map(({ ref, document: { object } }) => ({
    id: policyId(ref),
    spec: dig(object, "spec") ?? null,
    specs: dig(object, "specs") ?? null,
  }));
  rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  return createHash("sha256").update(canonical(rows)).digest("hex");
};
