import { contains } from "../../cilium/cidr.ts";
import type { Rule } from "../rule.ts";
import { cidrDefect, cidrs, onPort, says } from "./cidrs.ts";

export const apiserverCidr: Rule = {
  id: "apiserver-by-cidr",
  severity: "error",
  lesson: 14,
  about: "The API server on a cluster node has the identity kube-apiserver, and a CIDR never matches a node.",
  remedy: "Write the entity `kube-apiserver` with the API server's own port (commonly 6443).",
  *check(context) {
    if (context.settings.cidrMatchesNodes) return;
    for (const found of cidrs(context)) {
      const known = context.addresses.apiservers.find((r) => contains(found.prefix, r.prefix));
      const portSays = onPort(found.rule, context.facts.apiserverPort);
      if (!portSays && !(known !== undefined && (found.rule.ports === null || onPort(found.rule, 443)))) continue;
      if (!portSays && found.prefix.bits < 24) continue;
      yield cidrDefect(
        found,
        `${found.peer.cidr} is meant for the API server, which is a node of the cluster: it has the entity kube-apiserver, and a CIDR never matches it. Write the entity kube-apiserver on port ${context.facts.apiserverPort}`,
        "apiserver",
        {
          sure: known === undefined ? "likely" : "certain",
          related: known === undefined ? [] : says(known, "the API server's address"),
        },
      );
    }
  },
};
