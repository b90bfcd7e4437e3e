import type { Context } from "../context.ts";
import { landingsOf, sourcesOf, targetText } from "../declared.ts";
import { HOST, REMOTE_NODE } from "../judge.ts";
import { portText, subjectText } from "../policy-view.ts";
import type { PortView, RuleView } from "../policy-view.ts";
import type { Defect, Rule } from "../rule.ts";
import { matches, podTerms } from "../selector.ts";
import { placesToRepair } from "./declared-dependency-dropped.ts";
import { NODE_PORTS } from "./node-by-cidr.ts";
import { inRule } from "./shared.ts";

/** An address that a manifest names, a machine outside the cluster, which only rules for nodes would cover. */
function* fromSettings(context: Context): Generator<Defect> {
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
        };
      }
    }
  }
}

/** Ports on which something of the nodes answers: their own services, and pods on the host network. */
const nodePorts = (context: Context): ReadonlySet<number> => {
  const ports = new Set([22, 53, 111, 123, 179, 2049, 7472, 9100, ...range(9878, 9965), context.facts.apiserverPort]);
  for (const port of Object.keys(NODE_PORTS)) ports.add(Number(port));
  for (const pod of context.pods)
    if (!pod.governed) for (const c of pod.fact.containers) for (const p of c.ports) ports.add(p.port);
  for (const s of context.inventory.services)
    if (context.backends(s).some(({ pod }) => !pod.governed))
      for (const p of s.ports) if (p.containerPort !== null) ports.add(p.containerPort);
  return ports;
};

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const isNodesOnly = (rule: RuleView): boolean =>
  rule.direction === "egress" &&
  !rule.deny &&
  podTerms(rule.spec.subject).length > 0 &&
  rule.peers.length > 0 &&
  rule.peers.every((p) => p.kind === "entity" && (p.entity === "host" || p.entity === "remote-node"));

const isStrange = (port: PortView, known: ReadonlySet<number>): boolean =>
  port.number !== null && port.number > 0 && port.endPort === null && !known.has(port.number);

/** Whether a manifest names the very machine that a rule means; then the finding about it says more. */
const isNamed = (context: Context, rule: RuleView): boolean =>
  context.inventory.declared.some(
    (d) =>
      d.target.kind === "address" &&
      (rule.ports ?? []).some((p) => p.number === d.port) &&
      sourcesOf(context, d).some((pod) => matches(rule.spec.subject, pod) === "yes"),
  );

/** One app sent to the nodes on a port that nothing of the nodes is known to open. */
function* fromRules(context: Context): Generator<Defect> {
  const known = nodePorts(context);
  for (const rule of context.rules) {
    if (!isNodesOnly(rule) || rule.ports === null || rule.ports.length === 0) continue;
    if (!rule.ports.every((p) => isStrange(p, known)) || isNamed(context, rule)) continue;
    yield inRule(rule, {
      sure: "likely",
      message: `${subjectText(rule.spec)} may reach the cluster's own nodes on ${portText(rule.ports)}, and nothing there is known to answer on it. A machine on the LAN is world: write toCIDR with its address`,
      key: ["nodes only", portText(rule.ports)],
    });
  }
}

export const lanHost: Rule = {
  id: "lan-host-is-world",
  severity: "warning",
  lesson: 15,
  about:
    "A machine on the LAN is world (or its CIDR), never `host` or `remote-node`: those are the cluster's own nodes.",
  remedy: "Write toCIDR with the machine's address, on the port.",
  *check(context) {
    yield* fromSettings(context);
    yield* fromRules(context);
  },
};
