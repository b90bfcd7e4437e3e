import type { Defect, Rule } from "../rule.ts";
import { landingsOf, sourcesOf, targetText } from "../declared.ts";
import { HOST, REMOTE_NODE } from "../judge.ts";
import { placesToRepair } from "./declared-dependency.ts";

export const lanHost: Rule = {
  id: "lan-host-is-world",
  severity: "error",
  lesson: 15,
  about:
    "A machine on the LAN is world (or its CIDR), never `host` or `remote-node`: those are the cluster's own nodes.",
  remedy: "Write toCIDR with the machine's address, on the port.",
  *check(context) {
    const seen = new Set<string>();
    for (const edge of context.inventory.declared) {
      if (edge.target.kind !== "address") continue;
      for (const source of sourcesOf(context, edge)) {
        if (!source.governed || source.fact.suspended) continue;
        for (const landing of landingsOf(context, edge)) {
          if (landing.kind !== "outside") continue;
          const verdict = (peer: typeof HOST): string =>
            context.judge.egress(source, peer, edge.protocol, edge.port).verdict;
          if (verdict(landing.peer) !== "dropped") continue;
          if (verdict(HOST) !== "allowed" && verdict(REMOTE_NODE) !== "allowed") continue;
          const key = [edge.source.workload, targetText(edge), edge.protocol];
          const id = JSON.stringify([source.namespace, ...key]);
          if (seen.has(id)) continue;
          seen.add(id);
          yield {
            namespace: source.namespace,
            policy: null,
            sure: source.sure,
            severity: "warning",
            origin: edge.origin,
            message: `${edge.key} (${edge.why}) makes ${source.id} connect to ${targetText(edge)}, a machine outside the cluster; its egress allows only the cluster's nodes on ${edge.port}. Write toCIDR ${landing.text}/32, unless that address is a node`,
            key,
            related: placesToRepair(context, source, "egress"),
          } satisfies Defect;
        }
      }
    }
  },
};
