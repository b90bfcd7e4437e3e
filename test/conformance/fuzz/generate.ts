import type { CiliumVersion } from "../../../src/facts/settings.ts";
import { generatePeers } from "./peers.ts";
import { generatePorts } from "./ports.ts";
import type { Random } from "./random.ts";
import { generateNetworkPolicy } from "./network-policy.ts";
import { generateSelector } from "./selectors.ts";
import { IDENTITIES, NAMED_PORTS, SUBJECTS } from "./world.ts";

/** A scenario in the generated format, without verdicts. */
export interface GeneratedScenario {
  readonly id: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly policies: readonly unknown[];
  readonly flows: readonly (readonly [string, string, string, string, number])[];
}

export const HEADER = {
  header: "generated scenarios",
  clusterName: "default",
  identities: IDENTITIES,
  namedPortsOfEverySubject: NAMED_PORTS,
} as const;

const PEERS = Object.keys(IDENTITIES);

/** Protocol and port of everything that the policies mention: half of the flows aim there. */
const mentioned = (value: unknown): readonly (readonly [protocol: string, port: number])[] => {
  if (Array.isArray(value)) return value.flatMap(mentioned);
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(mentioned);
  if (!("port" in value)) return inside;
  const written = String(value.port).toLowerCase();
  const named: Readonly<Record<string, number>> = NAMED_PORTS;
  const port = named[written] ?? Number(written);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return inside;
  const protocol = "protocol" in value && typeof value.protocol === "string" ? value.protocol : "ANY";
  const known = ["TCP", "UDP", "SCTP"].includes(protocol) ? protocol : "TCP";
  return [...inside, [known, port]];
};

const generateFlow = (
  r: Random,
  extended: boolean,
  aims: readonly (readonly [string, number])[],
): GeneratedScenario["flows"][number] => {
  const protocol = r.pick(["TCP", "TCP", "TCP", "TCP", "UDP", "UDP", "SCTP", "ICMP", "ICMPv6"]);
  const chosen = extended && r.chance(0.1) ? r.pick(["VRRP", "IGMP"]) : protocol;
  const port = chosen.startsWith("ICMP")
    ? r.pick([8, 8, 128, 128, 3, 1, 129, 255])
    : r.pick([
        80, 80, 80, 443, 443, 53, 53, 8080, 8080, 6443, 9090, 8050, 8000, 8100, 8101, 7999, 10_443, 9999, 1, 65_535,
      ]);
  const subject = r.chance(0.65) ? r.pick(["a", "b", "gateway"]) : r.pick(SUBJECTS);
  const peer = PEERS[r.whole(0, PEERS.length - 1)] ?? "a";
  // One node is one host: the engine has a single identity for it.
  const other = subject === "host" && peer === "hostApiserver" ? "host" : peer;
  const direction = r.pick(["ingress", "egress"]);
  const aim = r.chance(0.5) ? aims[r.whole(0, aims.length - 1)] : undefined;
  return aim === undefined ? [direction, subject, other, chosen, port] : [direction, subject, other, ...aim];
};

const generateSettings = (r: Random, version: CiliumVersion): Readonly<Record<string, unknown>> | undefined => {
  if (r.chance(0.7)) return undefined;
  const out: Record<string, unknown> = {};
  if (r.chance(0.15)) out["enablePolicy"] = r.pick(["always", "never", "always"]);
  if (r.chance(0.2)) out["allowLocalhost"] = "policy";
  if (r.chance(0.2)) out["nonDefaultDeny"] = false;
  if (r.chance(0.3)) out["anyCluster"] = true;
  if (version === "1.18" && r.chance(0.4)) out["localCluster"] = true;
  if (r.chance(0.25)) out["v6"] = true;
  if (r.chance(0.25)) out["nodeSel"] = true;
  if (r.chance(0.2)) out["hostFW"] = true;
  // VRRP and IGMP came with 1.19.
  if (version === "1.19" && r.chance(0.15)) out["extIP"] = true;
  return Object.keys(out).length === 0 ? undefined : out;
};

const SECTIONS = [
  ["ingress", 0.6],
  ["egress", 0.6],
  ["ingressDeny", 0.3],
  ["egressDeny", 0.3],
] as const;

interface Mood {
  /** Try every spelling that an agent might refuse. */
  readonly odd: boolean;
  /** Node selectors are on; without, rules that use them are refused. */
  readonly nodes: boolean;
  readonly version: CiliumVersion;
}

const generateRule = (r: Random, section: string, { odd, nodes, version }: Mood): unknown => {
  if (r.chance(0.06)) return {};
  if (r.chance(0.01)) return null;
  const direction = section.startsWith("ingress") ? "ingress" : "egress";
  const deny = section.endsWith("Deny");
  const rule: Record<string, unknown> = {
    ...generatePeers(r, {
      direction,
      deny,
      odd,
      nodes: nodes || (odd && r.chance(0.05)),
      requires: version === "1.19",
    }),
    ...generatePorts(r, direction, deny, odd),
  };
  if (!deny && r.chance(0.04)) rule["authentication"] = { mode: r.pick(["required", "disabled", "test-always-fail"]) };
  if (odd && r.chance(0.05)) rule[r.pick(["toEndpoint", "fromFQDNs", "ports", "toFQDNs"])] = [{ matchName: "a.com" }];
  return rule;
};

const generateSpec = (r: Random, clusterwide: boolean, mood: Mood): unknown => {
  const { odd } = mood;
  const spec: Record<string, unknown> = {};
  if (clusterwide && r.chance(0.12)) spec["nodeSelector"] = r.chance(0.6) ? {} : generateSelector(r, odd);
  else if (!(odd && r.chance(0.04))) spec["endpointSelector"] = r.chance(0.45) ? {} : generateSelector(r, odd);
  if (odd && r.chance(0.04)) spec["nodeSelector"] = r.pick([{}, null]);
  if (odd && r.chance(0.03)) spec["endpointSelector"] = null;
  if (r.chance(0.3)) {
    const deny: Record<string, unknown> = {};
    for (const direction of ["ingress", "egress"] as const) {
      if (r.chance(0.6)) deny[direction] = r.chance(0.25);
    }
    spec["enableDefaultDeny"] = deny;
  }
  for (const [section, probability] of SECTIONS) {
    if (!r.chance(probability)) continue;
    if (r.chance(0.03)) spec[section] = odd && r.chance(0.5) ? null : [];
    else spec[section] = r.list(1, 3, () => generateRule(r, section, mood));
  }
  if (odd && r.chance(0.05)) {
    spec["labels"] = r.pick<unknown>([[{ key: "k" }], [{ value: "x" }], ["a=b"], [""], [null], [5], "x", {}]);
  }
  if (odd && r.chance(0.03))
    spec[r.pick(["ingress", "description", "enableDefaultDeny"])] = r.pick<unknown>(["x", 5, true, [], {}]);
  return spec;
};

const NAMESPACES = ["ns1", "ns1", "ns1", "ns1", "ns1", "ns1", "ns1", "ns2", "ns3", "kube-system", "network"] as const;

const generatePolicy = (r: Random, index: number, mood: Mood): unknown => {
  const { odd } = mood;
  if (r.chance(0.15)) return generateNetworkPolicy(r, `p${index}`, r.pick(NAMESPACES));
  const clusterwide = r.chance(0.25);
  const metadata = clusterwide ? { name: `p${index}` } : { name: `p${index}`, namespace: r.pick(NAMESPACES) };
  const kind = clusterwide ? "CiliumClusterwideNetworkPolicy" : "CiliumNetworkPolicy";
  const head = { apiVersion: "cilium.io/v2", kind, metadata };
  if (odd && r.chance(0.02)) return head;
  const spec = (): unknown => generateSpec(r, clusterwide, mood);
  if (r.chance(0.08)) return { ...head, specs: r.list(odd ? 0 : 1, 3, spec) };
  if (r.chance(0.04)) return { ...head, spec: spec(), specs: r.list(1, 2, spec) };
  return { ...head, spec: spec() };
};

/** One scenario. */
export const generateScenario = (r: Random, id: string, version: CiliumVersion = "1.19"): GeneratedScenario => {
  const settings = generateSettings(r, version);
  const mood = { odd: r.chance(0.3), nodes: settings?.["nodeSel"] === true, version };
  const policies = r
    .list(r.chance(0.05) ? 0 : 1, r.chance(0.15) ? 12 : 5, () => null)
    .map((_, i) => generatePolicy(r, i, mood));
  const aims = mentioned(policies);
  const flows = r.list(20, 20, () => generateFlow(r, settings?.["extIP"] === true, aims));
  return settings === undefined ? { id, policies, flows } : { id, settings, policies, flows };
};
