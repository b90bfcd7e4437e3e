import { within } from "../addresses.ts";
import type { Rule } from "../rule.ts";
import { cidrDefect, cidrs, says } from "./cidrs.ts";
import { list } from "./shared.ts";

export const lbAddressCidr: Rule = {
  id: "lb-address-cidr-never-matches",
  severity: "error",
  lesson: 11,
  about:
    "A pod's connection to a load-balancer address is translated to the pod behind it before policy, so a CIDR on that address never matches.",
  remedy: "Write toEndpoints with the labels of the pods behind the Service, and their container port.",
  *check(context) {
    for (const found of cidrs(context)) {
      if (found.rule.direction !== "egress" || found.rule.deny) continue;
      const pool = within(context.addresses.pools, found.prefix);
      const services = context.addresses.loadBalancersIn(found.prefix);
      const gateways = context.addresses.gatewaysIn(found.prefix);
      const behind = [
        ...services.filter((s) => context.backends(s).length > 0).map((s) => `${s.namespace}/${s.name}`),
        ...gateways.map((g) => `${g.namespace}/${g.name}`),
      ];
      // An address whose Service has no endpoints of ours, or selects nobody, is an address like any other (C D.2).
      const unselected = services.length > 0 && behind.length === 0;
      const exact = found.prefix.bits === 32 || found.prefix.bits === 128;
      if (unselected || (pool === null && !(exact && behind.length > 0))) continue;
      const who = behind.length === 0 ? "the pod behind the Service that has it" : `the pods of ${list(behind)}`;
      yield cidrDefect(
        found,
        `${found.peer.cidr} holds load-balancer addresses; a pod that connects there is translated to ${who} before policy, so this never matches. Write toEndpoints with those pods' labels and their container port`,
        "load balancer",
        { related: pool === null ? [] : says(pool, "the pool of load-balancer addresses") },
      );
    }
  },
};
