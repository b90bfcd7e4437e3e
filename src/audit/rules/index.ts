import type { Rule } from "../rule.ts";
import { allowLocksItsPods } from "./allow-locks-its-pods.ts";
import { apiserverCidr } from "./apiserver-cidr.ts";
import { auditAnnotation } from "./audit-annotation.ts";
import { auditMode } from "./audit-mode.ts";
import { clusterRangeCidr } from "./cluster-range-cidr.ts";
import { deadRule } from "./dead-rule.ts";
import { denyOverridesAllows } from "./deny-overrides-allows.ts";
import { dnsRuleNobodyNeeds } from "./dns-rule-nobody-needs.ts";
import { fqdnCannotMatch } from "./fqdn-cannot-match.ts";
import { fqdnWithoutDns } from "./fqdn-without-dns.ts";
import { halfOpenAllow } from "./half-open-allow.ts";
import { invalidPolicy } from "./invalid-policy.ts";
import { labelWithoutIdentity } from "./label-without-identity.ts";
import { lbAddressCidr } from "./lb-address-cidr.ts";
import { multicastNeedsWorld } from "./multicast-needs-world.ts";
import { nodeCidr } from "./node-cidr.ts";
import { orphanPolicy } from "./orphan-policy.ts";
import { ruleAllowsNothing } from "./rule-allows-nothing.ts";
import { ruleForEveryone } from "./rule-for-everyone.ts";
import { servicePortNotTargetPort } from "./service-port.ts";
import { subjectInAnotherNamespace } from "./subject-in-another-namespace.ts";
import { toServices } from "./to-services.ts";
import { tooWide } from "./too-wide.ts";
import { vanillaNetworkPolicy } from "./vanilla-network-policy.ts";

/** Every rule, in the order of the table that people read. */
export const RULES: readonly Rule[] = [
  invalidPolicy,
  denyOverridesAllows,
  ruleAllowsNothing,
  auditMode,
  auditAnnotation,
  allowLocksItsPods,
  halfOpenAllow,
  servicePortNotTargetPort,
  labelWithoutIdentity,
  subjectInAnotherNamespace,
  toServices,
  fqdnCannotMatch,
  fqdnWithoutDns,
  lbAddressCidr,
  clusterRangeCidr,
  apiserverCidr,
  nodeCidr,
  multicastNeedsWorld,
  tooWide,
  ruleForEveryone,
  deadRule,
  dnsRuleNobodyNeeds,
  vanillaNetworkPolicy,
  orphanPolicy,
];
