import { contains, parseCidr } from "../../cilium/cidr.ts";
import type { PeerView, PortView, RuleView } from "../policy-view.ts";
import { subjectText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { besides } from "../coverage.ts";
import { inRule } from "./shared.ts";

/** Discovery over multicast: a pod's own announcement leaves as world (C D.11). */
const GROUPS: Readonly<Record<string, { readonly what: string; readonly group: string }>> = {
  "1900": { what: "SSDP", group: "239.255.255.250/32" },
  "5353": { what: "mDNS", group: "224.0.0.251/32" },
  "3702": { what: "WS-Discovery", group: "239.255.255.250/32" },
  "5355": { what: "LLMNR", group: "224.0.0.252/32" },
};

const reaches = (peer: PeerView, group: string): boolean => {
  if (peer.kind === "entity") return peer.entity === "world" || peer.entity === "all";
  if (peer.kind !== "cidr") return false;
  const [wide, narrow] = [parseCidr(peer.cidr), parseCidr(group)];
  return wide !== null && narrow !== null && contains(wide, narrow);
};

const covers = (rule: RuleView, port: PortView, group: string): boolean =>
  (rule.ports === null ||
    rule.ports.some((p) => p.port === port.port && (p.protocol === "UDP" || p.protocol === "ANY"))) &&
  (rule.everyone || rule.peers.some((p) => reaches(p, group)));

const isResolver = (peer: PeerView): boolean =>
  peer.kind === "endpoints" && peer.selector.terms.some((t) => t.values.some((v) => /dns/i.test(v)));

export const multicastNeedsWorld: Rule = {
  id: "multicast-needs-world",
  severity: "warning",
  lesson: 35,
  about:
    "Multicast discovery (mDNS, SSDP, WS-Discovery) leaves a pod as world, so a rule to pods, nodes or a LAN prefix never covers it.",
  remedy: "Allow the multicast group as CIDR (224.0.0.251/32, 239.255.255.250/32), or world, on that UDP port.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.direction !== "egress" || rule.deny || rule.everyone || rule.peers.length === 0) continue;
      if (rule.peers.some(isResolver)) continue;
      for (const port of rule.ports ?? []) {
        const discovery = GROUPS[port.port];
        if (discovery === undefined || port.protocol === "TCP" || port.dns) continue;
        if ([rule, ...besides(context, rule)].some((r) => covers(r, port, discovery.group))) continue;
        yield inRule(rule, {
          path: port.path,
          message: `UDP ${port.port} is ${discovery.what}, which ${subjectText(rule.spec)} sends to a multicast group; that is world, and no rule of these pods allows it. Add toCIDR ${discovery.group} on this port`,
          key: [discovery.what, port.port],
        });
      }
    }
  },
};
