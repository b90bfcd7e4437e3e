import { parseCidr } from "../../cilium/cidr.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import { portText, subjectText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

/** Share of all IPv4 addresses that CIDRs cover together; two halves of the world are the world. */
const shareOfIpv4 = (peers: readonly PeerView[]): number => {
  let share = 0;
  for (const peer of peers) {
    if (peer.kind !== "cidr") continue;
    const prefix = parseCidr(peer.cidr);
    if (prefix === null || prefix.bytes.length !== 4) continue;
    share += 2 ** -prefix.bits;
  }
  return Math.min(1, share);
};

interface Reach {
  readonly everyone: boolean;
  readonly world: boolean;
}

const reachOf = (rule: RuleView): Reach => {
  const entities = rule.peers.flatMap((p) => (p.kind === "entity" ? [p.entity] : []));
  const world =
    entities.includes("world") ||
    shareOfIpv4(rule.peers) >= 0.5 ||
    rule.peers.some((p) => p.kind === "fqdn" && p.name === "*");
  const everyone = rule.everyone || entities.includes("all") || (world && entities.includes("cluster"));
  return { everyone, world: world || everyone };
};

const allPorts = (rule: RuleView): boolean =>
  rule.ports === null ||
  rule.ports.some((p) => p.number === 0 || (p.number !== null && p.endPort !== null && p.endPort - p.number > 30_000));

export const tooWide: Rule = {
  id: "too-wide",
  severity: "warning",
  lesson: 14,
  about:
    "The rule opens more than anybody means to: everyone on every port, the whole world inwards, the world cut into CIDR halves.",
  remedy:
    "Name the peers and the container ports; use entities for nodes and the API server; say in a comment why `world` is meant.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny || rule.bare) continue;
      const { everyone, world } = reachOf(rule);
      if (!world) continue;
      const every = allPorts(rule);
      const who = everyone ? "everyone, inside and outside the cluster," : "the whole world";
      const what = every ? "every port" : portText(rule.ports);
      // `ingress: [{}]` is how a NetworkPolicy says that everyone is meant.
      const isSaid = rule.policy.ref.kind === "NetworkPolicy" && rule.everyone && rule.ports === null;
      const isOpenDoor = every && rule.direction === "ingress" && !isSaid;
      yield inRule(rule, {
        severity: isOpenDoor ? "warning" : "info",
        message: `${subjectText(rule.spec)} ${rule.direction === "ingress" ? "can be reached by" : "may reach"} ${who} on ${what}. ${
          every ? "Name the ports" : "Name the peers"
        }, or keep it with a comment that says why`,
        key: [everyone ? "everyone" : "world", what],
      });
    }
  },
};
