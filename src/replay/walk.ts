import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Edge } from "../facts/edge.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Protocol } from "../facts/verdict.ts";
import { cast, type Cast } from "./cast.ts";
import { exerciseFor, isEdgeOf, type Reading, type SyntheticFlow, syntheticFlows } from "./synthetic.ts";

/** A connection that is configured, and what Hubble saw of it. Times in milliseconds since the epoch. */
export interface ExpectedFlow {
  /** `ns/Kind/name`, `reserved:X`, `cidr:X` or `fqdn:X`, as everywhere. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** The route, configuration key or requirement that asks for it. */
  readonly reason: string;
  /** What it is for: of several ways through several gateways, a walk takes one. */
  readonly purpose: string;
  /** `walk`: a person in front of the app causes it; `other`: it takes something else, which `exercise` names. */
  readonly by: "walk" | "other";
  readonly exercise: string;
  /** The newest sight of it, and whether that was a drop; null: never seen. */
  readonly seen: { readonly at: number; readonly dropped: boolean } | null;
}

const causedBy = ({ publicName, declared }: SyntheticFlow): ExpectedFlow["by"] =>
  publicName !== undefined || declared?.why === "issuer" ? "walk" : "other";

/** The two ends of one dropped connection are told by two nodes, whose clocks differ. */
const TOLD_WITHIN = 2_000;

/** A drop at the far end leaves a passed packet at the near one: the later of the two is what became of it. */
const newestOf = (edges: readonly Edge[]): ExpectedFlow["seen"] => {
  const drops = edges.flatMap((edge) => edge.drops.map((drop) => drop.lastSeen));
  const all = [...edges.filter((edge) => edge.flows > 0).map((edge) => edge.lastSeen), ...drops];
  if (all.length === 0) return null;
  const at = Math.max(...all);
  return { at, dropped: drops.some((time) => time + TOLD_WITHIN >= at) };
};

/** Every gateway of a route, or of the provider's name, is a way to the same end. */
const purposeOf = ({ publicName, source, destination, reason }: SyntheticFlow): string =>
  publicName === undefined ? `${source.id}: ${reason}` : `${reason.split(" through ")[0]}: ${destination.id}`;

const expected = (flow: SyntheticFlow, edges: readonly Edge[], who: Cast): ExpectedFlow => ({
  source: flow.source.id,
  destination: flow.destination.id,
  protocol: flow.protocol,
  port: flow.port,
  reason: flow.reason,
  purpose: purposeOf(flow),
  by: causedBy(flow),
  exercise: exerciseFor(flow),
  seen: newestOf(edges.filter((edge) => isEdgeOf(flow, edge, who))),
});

/**
 * What a person's walk of a namespace must make happen, and what else is configured there, each with when it was last
 * seen to pass or to be dropped. It judges nothing: what is beyond the evidence is beyond this.
 */
export const walkFlows = (request: {
  readonly inventory: Reading;
  readonly edges: readonly Edge[];
  readonly settings: CiliumSettings;
  readonly facts: ClusterFacts;
  readonly namespace: string;
}): readonly ExpectedFlow[] => {
  const { inventory, edges, settings, facts, namespace } = request;
  const who = cast(inventory, settings, edges);
  const byName = new Map<string, ExpectedFlow>();
  for (const flow of syntheticFlows(inventory, facts, namespace, who).flows) {
    const one = expected(flow, edges, who);
    const name = `${one.source} ${one.destination} ${one.port}/${one.protocol}`;
    // Two keys that ask for one connection are one line; the one that a walk causes says more.
    if (byName.get(name)?.by !== "walk") byName.set(name, one);
  }
  return [...byName.values()];
};
