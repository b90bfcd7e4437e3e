import type { Context } from "../context.ts";
import { strings } from "../json.ts";
import { REMOTE_NODE, WORLD } from "../judge.ts";
import type { PodView } from "../pods.ts";
import { ask, isGoverned, peerEnds, subjectEnds } from "../ends.ts";
import { peerText, type RuleView } from "../policy-view.ts";
import type { Defect, Rule } from "../rule.ts";
import { inRule } from "./shared.ts";
import { placesToRepair } from "./declared-dependency-dropped.ts";

/** `ping -c1 10.0.0.1`, as a script or a probe writes it. */
const PING = /(?:^|[\s;&|(!])(?:f?ping6?)\s+(?:-[A-Za-z]+\s*[\d.]*\s+)*([\w.${}-]+)/m;

const ECHO_REQUEST = 8;

/** What is run, as it would be typed: each argument by itself, and a list of them as one line. */
function* commandLines(value: unknown): Generator<string> {
  const lists = new Map<string, string[]>();
  for (const { path, text } of strings(value)) {
    if (!path.some((step) => step === "command" || step === "args" || step === "exec")) continue;
    yield text;
    if (typeof path.at(-1) !== "number") continue;
    const list = JSON.stringify(path.slice(0, -1));
    lists.set(list, [...(lists.get(list) ?? []), text]);
  }
  for (const items of lists.values()) yield items.join(" ");
}

const pings = (context: Context, pod: PodView): string | null => {
  const object = context.inventory.objects.find(
    (o) => o.namespace === pod.namespace && o.kind === pod.fact.kind && o.name === pod.fact.name,
  );
  const release = context.inventory.objects.find(
    (o) => o.kind === "HelmRelease" && o.namespace === pod.namespace && o.name === pod.fact.from.name,
  );
  for (const one of [object, release])
    for (const text of commandLines(one?.object)) {
      const match = PING.exec(` ${text}`);
      if (match?.[1] !== undefined) return match[1];
    }
  return null;
};

const isTunnel = (rule: RuleView): boolean =>
  rule.direction === "egress" &&
  !rule.deny &&
  (rule.ports ?? []).some((p) => p.protocol !== "TCP" && (p.number === 4789 || p.number === 8472));

/** The client of a pod-gateway waits for its gateway to answer a ping before it opens the tunnel. */
function* beforeTunnels(context: Context): Generator<Defect> {
  for (const rule of context.rules.filter(isTunnel)) {
    const [client] = subjectEnds(context, rule.spec).filter(
      (end) => isGoverned(end) && context.judge.defaultDeny(end.endpoint, "egress").value,
    );
    if (client === undefined) continue;
    for (const peer of rule.peers) {
      const [gateway] = peerEnds(context, peer);
      if (
        gateway === undefined ||
        ask(context, "egress", client, gateway, "ICMPv4", ECHO_REQUEST).verdict !== "dropped"
      )
        continue;
      yield inRule(rule, {
        path: peer.path,
        severity: "warning",
        sure: "likely",
        message: `${client.id} opens a tunnel to ${gateway.id}, and pod-gateway's client pings its gateway first: a rule with ports never allows that. Add \`icmps\` with EchoRequest to the same peer`,
        key: ["tunnel", peerText(peer)],
      });
    }
  }
}

export const pingNeedsIcmps: Rule = {
  id: "ping-needs-icmps",
  severity: "warning",
  lesson: 35,
  about:
    "A script or probe waits for a ping, and no rule with `icmps` allows it: ports never cover ICMP, so the pod waits for ever.",
  remedy:
    "Add an egress rule with `icmps: [{fields: [{family: IPv4, type: EchoRequest}]}]` to that peer, or test a TCP port.",
  *check(context) {
    yield* beforeTunnels(context);
    for (const pod of context.pods) {
      if (!pod.governed || pod.fact.suspended || !context.judge.defaultDeny(pod.endpoint, "egress").value) continue;
      const target = pings(context, pod);
      if (target === null) continue;
      const may = [WORLD, REMOTE_NODE].some(
        (p) => context.judge.egress(pod, p, "ICMPv4", ECHO_REQUEST).verdict !== "dropped",
      );
      if (may) continue;
      yield {
        namespace: pod.namespace,
        policy: null,
        sure: pod.sure === "certain" ? "certain" : "likely",
        origin: pod.origin ?? { file: "", line: 1, column: 1 },
        message: `${pod.id} pings ${target}, and nothing allows it ICMP: a rule with ports never does. Add \`icmps\` with EchoRequest, or test a TCP port`,
        key: [pod.fact.kind, pod.fact.name, target],
        related: placesToRepair(context, pod, "egress"),
      };
    }
  },
};
