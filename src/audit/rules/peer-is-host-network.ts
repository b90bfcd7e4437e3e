import { portText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { podTerms } from "../selector.ts";
import { inRule, list } from "./shared.ts";

export const peerIsHostNetwork: Rule = {
  id: "peer-is-host-network",
  severity: "error",
  lesson: 35,
  about:
    "A peer on the host network is seen as host or remote-node, never by its pod labels, so the rule matches nothing.",
  remedy: "Write the entities `host` and `remote-node` with the port; the pod may run on any node.",
  *check(context) {
    for (const rule of context.rules)
      for (const peer of rule.peers) {
        if (rule.deny || peer.kind !== "endpoints" || podTerms(peer.selector).length === 0) continue;
        const picked = context.peers(peer).filter((p) => p.match === "yes");
        if (picked.length === 0 || picked.some(({ pod }) => pod.governed)) continue;
        const entities = rule.policy.specs
          .flatMap((s) => s.rules)
          .filter((r) => r.direction === rule.direction && r.spec === rule.spec)
          .flatMap((r) => r.peers.flatMap((p) => (p.kind === "entity" ? [p.entity] : [])));
        const has = entities.includes("all") || entities.includes("cluster") || entities.includes("remote-node");
        yield inRule(rule, {
          path: peer.path,
          severity: has ? "info" : "error",
          sure: picked.some(({ pod }) => pod.sure === "certain") ? "certain" : "likely",
          message: `${list(picked.map(({ pod }) => pod.id))} runs on the host network; policy sees it as host or remote-node, never by these labels. Write the entities host and remote-node on ${portText(rule.ports)}`,
          key: [peer.selector.text, portText(rule.ports)],
          related: picked.slice(0, 3).flatMap(({ pod }) => relatedAt(pod.origin, "on the host network")),
        });
      }
  },
};
