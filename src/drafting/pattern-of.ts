import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Edge } from "../facts/edge.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import { type Landing, selects } from "../facts/landing.ts";
import type { Direction } from "../facts/verdict.ts";
import type { PeerKey } from "./need.ts";
import type { PatternId } from "./patterns.ts";

interface Around {
  readonly inventory: Pick<Inventory, "gateways">;
  readonly facts: ClusterFacts;
  readonly namespace: string;
}

const POSTGRES = 5432;

/** Which of the plan's patterns a connection between pods is. */
export const podsPattern = (
  peer: PeerKey & { readonly kind: "pods" },
  direction: Direction,
  field: Around,
  port: number,
): PatternId => {
  const labels = peer.workload?.podLabels ?? peer.labels;
  const { facts, inventory, namespace } = field;
  const is = (wanted: Readonly<Record<string, string>>): boolean =>
    Object.entries(wanted).every(([k, v]) => labels[k] === v);
  if (port === facts.dns.port) {
    const far = direction === "egress" ? is(facts.dns.labels) && peer.namespace === facts.dns.namespace : false;
    if (far || (direction === "ingress" && namespace === facts.dns.namespace)) return "dns";
  }
  if (direction === "ingress" && inventory.gateways.some((g) => g.podNamespace === peer.namespace && is(g.podLabels)))
    return "gateway";
  if (direction === "ingress" && peer.namespace === facts.monitoring.namespace && is(facts.monitoring.labels))
    return "monitoring";
  if (direction === "egress" && port === POSTGRES && labels["cnpg.io/cluster"] !== undefined) return "database";
  if (peer.namespace === namespace) return "peer";
  return "cross-namespace";
};

/** Monitoring asks everybody, and whom it asks says so better than that they are elsewhere. */
export const patternFor = (
  edge: Edge,
  subject: WorkloadFact,
  direction: Direction,
  pattern: PatternId,
  { facts }: Pick<Around, "facts">,
): PatternId => {
  if (edge.protocol.startsWith("ICMP")) return "icmp";
  const { namespace, labels } = facts.monitoring;
  const asks = direction === "egress" && subject.namespace === namespace && selects(labels, subject.podLabels);
  return asks && (pattern === "cross-namespace" || pattern === "node") ? "monitoring" : pattern;
};

const CONTROLLERS = new Set(["acme", "dns-provider", "secret-store"]);

/** What a declared connection is, by what declares it; `pattern`: what its far end alone would say. */
export const patternOf = (why: string, pattern: PatternId, landing: Landing): PatternId => {
  if (why === "issuer") return landing.kind === "pods" ? "login" : pattern;
  if (why === "scrape" || why === "probe") return pattern === "outside-any" ? pattern : "monitoring";
  if (why === "backup") return pattern === "outside-any" ? pattern : "backup";
  if (CONTROLLERS.has(why) && landing.kind === "outside") return "controller";
  if (why === "database" && landing.kind === "pods") return "database";
  const through = landing.kind === "pods" ? (landing.through ?? "") : "";
  return through.startsWith("Gateway ") && pattern === "cross-namespace" ? "balanced" : pattern;
};
