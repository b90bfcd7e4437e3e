import { dig, list } from "../facts/json.ts";
import { specsOf } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";

const SECTIONS = ["ingress", "egress", "ingressDeny", "egressDeny"] as const;

/** `{}` selects no traffic, allow or deny: all it does is to ask for default-deny (C A.6.1). */
const isEmptyRule = (rule: unknown): boolean =>
  typeof rule === "object" && rule !== null && !Array.isArray(rule) && Object.keys(rule).length === 0;

/** A policy whose only effect is to put what it selects under default-deny: it allows nothing and denies nothing. */
export const onlyTurnsDefaultDeny = (policy: NamedPolicy): boolean => {
  const specs = specsOf(policy);
  if (specs.length === 0) return false;
  if (policy.ref.kind === "NetworkPolicy")
    return specs.every((spec) => list(dig(spec, "ingress")).length === 0 && list(dig(spec, "egress")).length === 0);
  return specs.every((spec) => SECTIONS.every((section) => list(dig(spec, section)).every(isEmptyRule)));
};
