import { compilePolicies, type PolicySet } from "../../cilium/policy-set.ts";
import { patternMatches } from "../../cilium/fqdn.ts";
import { isRecord } from "../../facts/json.ts";
import type { PolicyDocument, PolicyRef } from "../../facts/policy.ts";
import { defaultSettings, type CiliumSettings } from "../../facts/settings.ts";
import type { ConnectionVerdict, Direction, Protocol } from "../../facts/verdict.ts";
import type { ClusterState } from "../cluster/flux.ts";
import { isPolicy, namespaceOfObject, type KubeObject } from "../cluster/objects.ts";
import { CLUSTER_NAME } from "../scenario/nodes.ts";
import { endKey, ipOf, labelsOf, nodeOf, type End, type WorldLabels } from "./ends.ts";

export const SETTINGS: CiliumSettings = { ...defaultSettings("1.19"), clusterName: CLUSTER_NAME };

export interface Decision {
  readonly verdict: ConnectionVerdict;
  /** Whether some policy selects the end in its direction: only then does Cilium emit policy verdicts (C E.7, F.2.11). */
  readonly watched: Readonly<Record<Direction, boolean>>;
}

/** The policies in force during one cluster state, as the agents enforce them. */
export interface Decider {
  decide(source: End, destination: End, protocol: Protocol, port: number): Decision;
  readonly worldLabels: WorldLabels;
  readonly set: PolicySet;
}

export const policyDocuments = (state: ClusterState): PolicyDocument[] =>
  [...state.objects.values()]
    .filter(isPolicy)
    .map((object) => ({ object, namespace: namespaceOfObject(object), origin: null }));

const made = new WeakMap<ClusterState, Decider>();

/** One compilation per cluster state, whoever asks. */
export const deciderOf = (state: ClusterState): Decider => {
  let decider = made.get(state);
  if (decider === undefined) {
    decider = makeDecider(state);
    made.set(state, decider);
  }
  return decider;
};

const makeDecider = (state: ClusterState): Decider => {
  const objects = [...state.objects.values()].filter(isPolicy);
  const set = compilePolicies(policyDocuments(state), SETTINGS, {}, { refusedBy: "agent" });
  const restricts = sectionsByPolicy(objects);
  const worldLabels = worldLabelsOf(objects);
  const memory = new Map<string, Decision>();

  const watched = (end: End, direction: Direction): boolean =>
    end.kind === "pod" &&
    set.selecting({ labels: end.pod.identityLabels }).some((ref) => restricts.get(refKey(ref))?.[direction] === true);

  const peer = (end: End, other: End) => ({
    labels: labelsOf(end, nodeOf(other), worldLabels),
    ip: ipOf(end),
    names: end.kind === "world" && end.name !== null ? [end.name] : [],
    endpoint: end.kind === "pod",
    ...(end.kind === "pod" ? { namedPorts: namedPorts(end) } : {}),
  });

  return {
    set,
    worldLabels,
    decide: (source, destination, protocol, port) => {
      const memo = `${endKey(source)}>${endKey(destination)}:${String(port)}/${protocol}`;
      const known = memory.get(memo);
      if (known !== undefined) return known;
      const decision: Decision = {
        verdict: set.connection({
          source: peer(source, destination),
          destination: peer(destination, source),
          protocol,
          port,
        }),
        watched: { egress: watched(source, "egress"), ingress: watched(destination, "ingress") },
      };
      memory.set(memo, decision);
      return decision;
    },
  };
};

const namedPorts = (end: Extract<End, { kind: "pod" }>): Record<string, { port: number; protocol: Protocol }> =>
  Object.fromEntries(end.pod.workload.ports.map((p) => [p.name, { port: p.port, protocol: p.protocol }]));

const refKey = (ref: PolicyRef): string => `${ref.kind}/${ref.namespace ?? "-"}/${ref.name}`;

const rulesOf = (object: KubeObject): Readonly<Record<string, unknown>>[] =>
  [object["spec"], ...(Array.isArray(object["specs"]) ? object["specs"] : [])].filter(isRecord);

const filled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Which directions each policy has a word in. */
const sectionsByPolicy = (objects: readonly KubeObject[]): ReadonlyMap<string, Record<Direction, boolean>> =>
  new Map(
    objects.map((object) => {
      const rules = rulesOf(object);
      const types = rules.flatMap((rule) => (Array.isArray(rule["policyTypes"]) ? rule["policyTypes"] : []));
      const vanilla = object.kind === "NetworkPolicy";
      const has = (direction: Direction): boolean =>
        rules.some((rule) => filled(rule[direction]) || filled(rule[`${direction}Deny`]));
      return [
        `${object.kind}/${namespaceOfObject(object) ?? "-"}/${object.metadata.name}`,
        vanilla
          ? {
              ingress: types.length === 0 || types.includes("Ingress"),
              egress: types.includes("Egress") || has("egress"),
            }
          : { ingress: has("ingress"), egress: has("egress") },
      ] as const;
    }),
  );

/**
 * Labels an address of the world gets from the policies in force: each `toFQDNs` selector that covers the asked name,
 * and the longest prefix that any policy mentions; a zero-length prefix is the world itself (C B.3, B.4.3).
 */
const worldLabelsOf = (objects: readonly KubeObject[]): WorldLabels => {
  const selectors = new Set<string>();
  const prefixes: { readonly text: string; readonly base: number; readonly bits: number }[] = [];
  const walk = (value: unknown, field: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, field);
    else if (isRecord(value)) for (const [name, item] of Object.entries(value)) walk(item, name);
    else if (typeof value === "string" && (field === "matchName" || field === "matchPattern")) selectors.add(value);
    else if (typeof value === "string" && CIDR_FIELDS.has(field)) {
      const prefix = parsePrefix(value);
      if (prefix !== null && prefix.bits > 0) prefixes.push(prefix);
    }
  };
  for (const object of objects) for (const rule of rulesOf(object)) walk(withoutDns(rule), "");
  prefixes.sort((a, b) => b.bits - a.bits);
  return (ip, name) => {
    const address = parsePrefix(ip);
    const cidr = address === null ? undefined : prefixes.find((p) => inside(address.base, p));
    const fqdn = name === null ? [] : [...selectors].filter((s) => patternMatches(s, name, SETTINGS.version));
    return [...fqdn.map((s) => `fqdn:${s}`), ...(cidr === undefined ? [] : [`cidr:${cidr.text}`])];
  };
};

const CIDR_FIELDS = new Set(["toCIDR", "fromCIDR", "cidr", "except"]);

/** `rules.dns` patterns say which questions may be asked; they label nothing. */
const withoutDns = (rule: Readonly<Record<string, unknown>>): unknown =>
  JSON.parse(JSON.stringify(rule, (name, value: unknown) => (name === "dns" ? undefined : value)));

const parsePrefix = (text: string): { readonly text: string; readonly base: number; readonly bits: number } | null => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const base = match.slice(1, 5).reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { text: text.includes("/") ? text : `${text}/32`, base, bits: match[5] === undefined ? 32 : Number(match[5]) };
};

const inside = (address: number, prefix: { readonly base: number; readonly bits: number }): boolean => {
  const size = 2 ** (32 - prefix.bits);
  return Math.floor(address / size) === Math.floor(prefix.base / size);
};
