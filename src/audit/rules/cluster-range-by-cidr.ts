import { holding, within } from "../addresses.ts";
import type { Context } from "../context.ts";
import { besides, portsCover } from "../coverage.ts";
import type { Rule } from "../rule.ts";
import type { CidrPeer } from "./cidrs.ts";
import { cidrDefect, cidrs, says } from "./cidrs.ts";

/** Everything inside the cluster is open to these pods on the same ports anyway, so the CIDR opens and hides nothing. */
const isOpenInside = (context: Context, { rule }: CidrPeer): boolean =>
  [rule, ...besides(context, rule)].some(
    (r) =>
      portsCover(r.ports, rule.ports) &&
      r.peers.some((p) => p.kind === "entity" && ["cluster", "all"].includes(p.entity)),
  );

export const clusterRangeCidr: Rule = {
  id: "cluster-range-by-cidr",
  severity: "warning",
  lesson: 14,
  about:
    "A CIDR on the Service range or the pod range never matches: Services are translated before policy, and pods have identities, not addresses.",
  remedy: "Write toEndpoints or fromEndpoints with the pods' labels and their container port.",
  *check(context) {
    const { services, usualServices, pods, usualPods, clusterIps } = context.addresses;
    for (const found of cidrs(context)) {
      const inServices = within(services, found.prefix);
      const inPods = within(pods, found.prefix);
      const conventional = within([...usualServices, ...usualPods], found.prefix);
      const range = inServices ?? inPods ?? conventional;
      if (range === null) continue;
      const isService = inServices !== null || (inPods === null && within(usualServices, found.prefix) !== null);
      if (found.rule.direction === "ingress" && isService) continue;
      const [ip] = holding(found.prefix, clusterIps);
      const masked = isOpenInside(context, found);
      yield cidrDefect(
        found,
        isService
          ? `${found.peer.cidr} lies in the Service range; a Service's address is translated to a pod before policy, so this never matches. Write toEndpoints with the pods' labels and their container port`
          : `${found.peer.cidr} lies in the pod range; pods are known by identity, never by address, so this never matches. Write ${found.rule.direction === "egress" ? "toEndpoints" : "fromEndpoints"} with their labels`,
        isService ? "services" : "pods",
        {
          severity: masked ? "info" : "warning",
          sure: (inServices ?? inPods) ? "certain" : "guess",
          related: says(ip ?? range, "an address of this range"),
        },
      );
    }
  },
};
