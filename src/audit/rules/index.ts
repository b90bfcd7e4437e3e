import type { Rule } from "../rule.ts";
import { allowLocksItsPods } from "./allow-locks-its-pods.ts";
import { apiserverCidr } from "./apiserver-by-cidr.ts";
import { apiserverNotAllowed } from "./apiserver-not-allowed.ts";
import { auditAnnotation } from "./audit-annotation-has-no-effect.ts";
import { auditMode } from "./audit-mode-disables-enforcement.ts";
import { chartNetworkPolicy } from "./chart-ships-network-policy.ts";
import { clusterRangeCidr } from "./cluster-range-by-cidr.ts";
import { deadRule } from "./dead-rule.ts";
import { declaredDependency } from "./declared-dependency-dropped.ts";
import { defaultDenyDependsOn } from "./default-deny-before-allows.ts";
import { denyOverridesAllows } from "./deny-overrides-allows.ts";
import { unownedDependency } from "./dependency-without-any-egress.ts";
import { dnsNotAllowed } from "./dns-not-allowed.ts";
import { dnsRuleNobodyNeeds } from "./dns-rule-nobody-needs.ts";
import { featureNotSetUp } from "./feature-not-set-up.ts";
import { fqdnCannotMatch } from "./fqdn-rule-cannot-match.ts";
import { wildcardFqdn } from "./fqdn-wildcard-misses-in-cluster.ts";
import { fqdnWithoutDns } from "./fqdn-without-dns-rule.ts";
import { gatewayBackend } from "./gateway-backend-not-world.ts";
import { gatewayWithoutEgress } from "./gateway-without-egress.ts";
import { halfOpenAllow } from "./half-open-allow.ts";
import { httpOnOtherProtocol } from "./http-rule-on-other-protocol.ts";
import { http3 } from "./http3-without-udp.ts";
import { invalidPolicy } from "./invalid-policy.ts";
import { labelWithoutIdentity } from "./label-without-identity.ts";
import { lanHost } from "./lan-host-is-world.ts";
import { lbAddressCidr } from "./lb-address-cidr-never-matches.ts";
import { lbIngress } from "./lb-ingress-without-world.ts";
import { notUnderstood } from "./manifest-not-understood.ts";
import { multicastNeedsWorld } from "./multicast-needs-world.ts";
import { nodeCidr } from "./node-by-cidr.ts";
import { operatorJobs } from "./operator-jobs-unselected.ts";
import { peerIsHostNetwork } from "./peer-is-host-network.ts";
import { pingNeedsIcmps } from "./ping-needs-icmps.ts";
import { orphanPolicy } from "./policy-file-unreached.ts";
import { policyWrittenTwice } from "./policy-written-twice.ts";
import { portNameUnknown } from "./port-name-unknown.ts";
import { routeBackend } from "./route-backend-without-ingress.ts";
import { ruleAllowsNothing } from "./rule-allows-nothing.ts";
import { ruleForEveryone } from "./rule-for-everyone.ts";
import { selectorIsHostNetwork } from "./selector-is-host-network.ts";
import { selectorMatchesNothing } from "./selector-matches-nothing.ts";
import { servicePortNotTargetPort } from "./service-port-not-target-port.ts";
import { subjectInAnotherNamespace } from "./subject-in-another-namespace.ts";
import { toServices } from "./to-services-never-matches.ts";
import { tooWide } from "./too-wide.ts";
import { tunnelLocked } from "./tunnel-under-default-deny.ts";
import { unselectedWorkload } from "./unselected-workload.ts";
import { vanillaNetworkPolicy } from "./vanilla-network-policy.ts";
import { webhookWithoutApiserver } from "./webhook-without-apiserver.ts";

/** Every rule, in the order of the table that people read. */
export const RULES: readonly Rule[] = [
  invalidPolicy,
  denyOverridesAllows,
  ruleAllowsNothing,
  httpOnOtherProtocol,
  featureNotSetUp,
  auditMode,
  auditAnnotation,
  allowLocksItsPods,
  dnsNotAllowed,
  apiserverNotAllowed,
  halfOpenAllow,
  declaredDependency,
  unownedDependency,
  servicePortNotTargetPort,
  portNameUnknown,
  selectorMatchesNothing,
  unselectedWorkload,
  operatorJobs,
  labelWithoutIdentity,
  subjectInAnotherNamespace,
  selectorIsHostNetwork,
  peerIsHostNetwork,
  toServices,
  routeBackend,
  gatewayWithoutEgress,
  webhookWithoutApiserver,
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
  tunnelLocked,
  tooWide,
  ruleForEveryone,
  deadRule,
  dnsRuleNobodyNeeds,
  vanillaNetworkPolicy,
  chartNetworkPolicy,
  defaultDenyDependsOn,
  orphanPolicy,
  policyWrittenTwice,
  notUnderstood,
];
