import type { Peer } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { HOST, podPeer } from "../judge.ts";
import type { PodView } from "../pods.ts";
import { matches, readSelector } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { list, relatedRules } from "./shared.ts";

interface Resolver {
  readonly peer: Peer;
  readonly ports: readonly number[];
}

/** The DNS pods and the ports they open; by the cluster's facts where no manifest makes them. */
const resolverOf = (context: Context): Resolver => {
  const { dns } = context.facts;
  const wanted = readSelector({ matchLabels: dns.labels });
  const pod = context.podsIn(dns.namespace).find((p) => p.governed && matches(wanted, p) === "yes");
  const opened = (pod?.fact.containers ?? []).flatMap((c) =>
    c.ports.filter((p) => p.protocol === "UDP" && (p.port === dns.port || p.port % 100 === 53)).map((p) => p.port),
  );
  const endpoint = pod?.endpoint ?? context.judge.endpoint(dns.namespace, dns.labels);
  return { peer: podPeer(endpoint), ports: [...new Set([dns.port, ...opened])] };
};

const reaches = (context: Context, pod: PodView, resolver: Resolver, protocol: "UDP" | "TCP"): boolean =>
  resolver.ports.some((port) =>
    // A resolver on the node (node-local DNS) is the host.
    [resolver.peer, HOST].some((peer) => context.judge.egress(pod, peer, protocol, port).verdict !== "dropped"),
  );

export const dnsNotAllowed: Rule = {
  id: "dns-not-allowed",
  severity: "error",
  lesson: 27,
  about:
    "Under default deny these pods may not ask the resolver, so every name fails and nothing else they may do matters.",
  remedy: "Put the baseline into the namespace: egress to the DNS pods on the port they open, UDP and TCP.",
  *check(context) {
    const resolver = resolverOf(context);
    const locked = context.pods.filter(
      (p) => p.governed && !p.fact.suspended && context.judge.defaultDeny(p.endpoint, "egress").value,
    );
    for (const [namespace, pods] of Map.groupBy(locked, (p) => p.namespace)) {
      const deaf = pods.filter((p) => !reaches(context, p, resolver, "UDP"));
      const [first] = deaf;
      if (first !== undefined) {
        const by = context.judge.defaultDeny(first.endpoint, "egress").by.slice(0, 1);
        const [where] = relatedRules(context, by, "the default deny");
        const view = by[0] === undefined ? null : context.view(by[0].policy);
        yield {
          namespace,
          policy: view?.ref ?? null,
          sure: deaf.some((p) => p.sure === "certain" && p.complete) ? "certain" : "likely",
          origin:
            where === undefined
              ? (first.origin ?? { file: "", line: 1, column: 1 })
              : { file: where.file, line: where.line, column: 1 },
          message: `${list(deaf.map((p) => p.id))} may not ask the resolver (${context.facts.dns.namespace}, port ${resolver.ports.join(" or ")}/UDP): every name fails. Add the baseline's DNS rule to ${namespace}`,
          key: ["udp"],
          missing: deaf.map((pod) => ({
            pod,
            connection: {
              direction: "egress" as const,
              peer: resolver.peer,
              protocol: "UDP" as const,
              port: resolver.ports[0] ?? 53,
            },
          })),
        };
        continue;
      }
      const noTcp = pods.filter((p) => !reaches(context, p, resolver, "TCP"));
      if (noTcp.length > 0)
        yield {
          namespace,
          policy: null,
          severity: "info",
          origin: noTcp[0]?.origin ?? { file: "", line: 1, column: 1 },
          message: `${list(noTcp.map((p) => p.id))} may ask the resolver over UDP only; answers too long for UDP are asked again over TCP and fail. Add the port with protocol TCP`,
          key: ["tcp"],
        };
    }
  },
};
