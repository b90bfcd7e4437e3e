import { overlaps } from "../../cilium/cidr.ts";
import type { Rule } from "../rule.ts";
import { cidrDefect, cidrs, onPort, says } from "./cidrs.ts";

/** Ports on which nothing but a node answers. */
export const NODE_PORTS: Readonly<Record<string, string>> = {
  "10250": "the kubelet",
  "10256": "kube-proxy",
  "10257": "the controller manager",
  "10259": "the scheduler",
  "2379": "etcd",
  "2380": "etcd",
  "2381": "etcd",
  "4240": "Cilium's health check",
  "4244": "Hubble's server",
};

export const nodeCidr: Rule = {
  id: "node-by-cidr",
  severity: "error",
  lesson: 14,
  about:
    "Nodes have the identities host and remote-node; a CIDR never matches them unless policy-cidr-match-mode says so.",
  remedy: "Write the entities `host` and `remote-node`, both, because where the pod runs decides which one it sees.",
  *check(context) {
    if (context.settings.cidrMatchesNodes) return;
    for (const found of cidrs(context)) {
      const node = context.addresses.nodes.find((r) => overlaps(found.prefix, r.prefix));
      const port = Object.keys(NODE_PORTS).find((p) => onPort(found.rule, Number(p)));
      const isExact = node !== undefined && found.prefix.bits >= 28;
      if (onPort(found.rule, context.facts.apiserverPort)) continue;
      if (!isExact && port === undefined) continue;
      const why =
        port === undefined
          ? "is a node's address"
          : `is asked on port ${port}, where ${NODE_PORTS[port] ?? "a node"} answers`;
      yield cidrDefect(
        found,
        `${found.peer.cidr} ${why}; nodes have the entities host and remote-node, and a CIDR never matches them. Write both entities on this port`,
        "node",
        { sure: isExact ? "certain" : "likely", related: node === undefined ? [] : says(node, "the node's address") },
      );
    }
  },
};
