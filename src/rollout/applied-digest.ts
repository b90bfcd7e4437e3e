import { createHash } from "node:crypto";
import type { PolicySet } from "../cilium/policy-set.ts";
import { policyId } from "../facts/policy.ts";
import { canonical, dig } from "./json.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import type { Subject } from "./subjects.ts";

/** The policies that select any of these endpoints, by name. */
export const selectingAny = (
  policies: readonly NamedPolicy[],
  set: PolicySet,
  subjects: readonly Subject[],
): readonly NamedPolicy[] => {
  const ids = new Set(subjects.flatMap((s) => set.selecting(s.endpoint).map(policyId)));
  return policies.filter((policy) => ids.has(policyId(policy.ref)));
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
