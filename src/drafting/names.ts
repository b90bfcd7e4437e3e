import type { ClusterFacts } from "../facts/cluster-facts.ts";
import { hasVariable, isAddress } from "../facts/landing.ts";

/**
 * Whether a toFQDNs rule for this name can be relied on (lesson 12): a whole public name, asked as it stands. Names of
 * the cluster, expansions of a search domain, bare words and variables are none (C B.4.3, B.4.4, B.4.5).
 */
export const isSafeName = (name: string, facts: ClusterFacts): boolean => {
  const plain = name.toLowerCase().replace(/\.$/, "");
  if (facts.autopath || hasVariable(plain) || isAddress(plain)) return false;
  if (plain.length > 253 || !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$/.test(plain))
    return false;
  if (plain.endsWith(".local") || plain.endsWith(".internal") || plain.endsWith(".arpa")) return false;
  if (plain === facts.clusterDomain || plain.endsWith(`.${facts.clusterDomain}`)) return false;
  return !/\.svc(\.|$)/.test(plain);
};
