import type { Rule } from "../rule.ts";
import { allowLocksItsPods } from "./allow-locks-its-pods.ts";
import { apiserverCidr } from "./apiserver-cidr.ts";
import { auditAnnotation } from "./audit-annotation.ts";
import { auditMode } from "./audit-mode.ts";
import { chartNetworkPolicy } from "./chart-network-policy.ts";
import { clusterRangeCidr } from "./cluster-range-cidr.ts";
import { deadRule } from "./dead-rule.ts";
import { declaredDependency } from "./declared-dependency.ts";
import { defaultDenyDependsOn } from "./default-deny-depends-on.ts";
import { denyOverridesAllows } from "./deny-overrides-allows.ts";
import { dnsNotAllowed } from "./dns-not-allowed.ts";
import { dnsRuleNobodyNeeds } from "./dns-rule-nobody-needs.ts";
import { fqdnCannotMatch } from "./fqdn-cannot-match.ts";
import { fqdnWithoutDns } from "./fqdn-without-dns.ts";
import { gatewayBackend } from "./gateway-backend.ts";
import { halfOpenAllow } from "./half-open-allow.ts";
import { peerIsHostNetwork, selectorIsHostNetwork } from "./host-network.ts";
import { http3 } from "./http3.ts";
import { invalidPolicy } from "./invalid-policy.ts";
import { labelWithoutIdentity } from "./label-without-identity.ts";
import { lanHost } from "./lan-host.ts";
import { lbAddressCidr } from "./lb-address-cidr.ts";
import { lbIngress } from "./lb-ingress.ts";
import { multicastNeedsWorld } from "./multicast-needs-world.ts";
import { nodeCidr } from "./node-cidr.ts";
import { notUnderstood } from "./not-understood.ts";
import { operatorJobs } from "./operator-jobs.ts";
import { orphanPolicy } from "./orphan-policy.ts";
import { pingNeedsIcmps } from "./ping-needs-icmps.ts";
import { routeBackend } from "./route-backend.ts";
import { ruleAllowsNothing } from "./rule-allows-nothing.ts";
import { ruleForEveryone } from "./rule-for-everyone.ts";
import { selectorMatchesNothing } from "./selector-matches-nothing.ts";
import { servicePortNotTargetPort } from "./service-port.ts";
import { subjectInAnotherNamespace } from "./subject-in-another-namespace.ts";
import { toServices } from "./to-services.ts";
import { tooWide } from "./too-wide.ts";
import { unselectedWorkload } from "./unselected-workload.ts";
import { unownedDependency } from "./unowned-dependency.ts";
import { vanillaNetworkPolicy } from "./vanilla-network-policy.ts";
import { wildcardFqdn } from "./wildcard-fqdn.ts";

/** Every rule, in the order of the table that people read. */
export const RULES: readonly Rule[] = [
  invalidPolicy,
  denyOverridesAllows,
  ruleAllowsNothing,
  auditMode,
  auditAnnotation,
  allowLocksItsPods,
  dnsNotAllowed,
  halfOpenAllow,
  declaredDependency,
  unownedDependency,
  servicePortNotTargetPort,
  selectorMatchesNothing,
  unselectedWorkload,
  operatorJobs,
  labelWithoutIdentity,
  subjectInAnotherNamespace,
  selectorIsHostNetwork,
  peerIsHostNetwork,
  toServices,
  routeBackend,
  gatewayBackend,
  lbIngress,
  http3,
  lanHost,
  fqdnCannotMatch,
  fqdnWithoutDns,
  wildcardFqdn,
  lbAddressCidr,
  clusterRangeCidr,
  apiserverCidr,
  nodeCidr,
  multicastNeedsWorld,
  pingNeedsIcmps,
  tooWide,
  ruleForEveryone,
  deadRule,
  dnsRuleNobodyNeeds,
  vanillaNetworkPolicy,
  chartNetworkPolicy,
  defaultDenyDependsOn,
  orphanPolicy,
  notUnderstood,
];
