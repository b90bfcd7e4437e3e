import type { Direction } from "../facts/verdict.ts";
import { DIRECTIONS } from "../facts/verdict.ts";
import type { Path } from "./json.ts";
import { asList, asObject, asStrings, asText, at, isObject } from "./json.ts";
import { injected, portOf, subjectOf } from "./lowering.ts";
import type { PeerView, PolicyView, PortView, RuleView, SpecView } from "./policy-view.ts";
import { readSelector } from "./selector.ts";

const PEER_KEYS: Readonly<Record<Direction, readonly string[]>> = {
  ingress: ["fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet", "fromNodes", "fromGroups"],
  egress: ["toEndpoints", "toEntities", "toCIDR", "toCIDRSet", "toServices", "toFQDNs", "toNodes", "toGroups"],
};

const servicePeer = (item: unknown, path: Path, namespace: string | null): PeerView => {
  const named = asObject(at(item, "k8sService"));
  const selecting = asObject(at(item, "k8sServiceSelector"));
  const keys = readSelector(selecting["selector"]).terms.map((t) => t.key);
  return {
    path,
    kind: "service",
    namespace: asText(named["namespace"]) ?? asText(selecting["namespace"]) ?? namespace ?? "default",
    name: asText(named["serviceName"]),
    keys,
  };
};

const peerOf = (key: string, item: unknown, path: Path, namespace: string | null): PeerView | null => {
  switch (key) {
    case "fromEndpoints":
    case "toEndpoints": {
      const written = readSelector(item);
      return { path, kind: "endpoints", written, selector: injected(written, namespace) };
    }
    case "fromEntities":
    case "toEntities":
      return { path, kind: "entity", entity: asText(item) ?? "" };
    case "fromCIDR":
    case "toCIDR":
      return { path, kind: "cidr", cidr: asText(item) ?? "", except: [] };
    case "fromCIDRSet":
    case "toCIDRSet": {
      const cidr = asText(at(item, "cidr"));
      if (cidr === null) return { path, kind: "other", what: "CIDR group" };
      return { path, kind: "cidr", cidr, except: asStrings(at(item, "except")) };
    }
    case "toFQDNs": {
      const name = asText(at(item, "matchName"));
      if (name !== null) return { path, kind: "fqdn", form: "matchName", name };
      const pattern = asText(at(item, "matchPattern"));
      return pattern === null ? null : { path, kind: "fqdn", form: "matchPattern", name: pattern };
    }
    case "toServices":
      return servicePeer(item, path, namespace);
    default:
      return { path, kind: "other", what: key };
  }
};

const ciliumPorts = (rule: unknown, path: Path): Pick<RuleView, "ports" | "icmp" | "dnsRules"> => {
  const icmp = asList(at(rule, "icmps")).length > 0;
  const lists = asList(at(rule, "toPorts"));
  const ports: PortView[] = [];
  const dnsRules: string[] = [];
  for (const [i, entry] of lists.entries()) {
    const dns = asList(at(entry, "rules", "dns"));
    for (const one of dns) dnsRules.push(asText(at(one, "matchPattern")) ?? asText(at(one, "matchName")) ?? "");
    for (const [j, port] of asList(at(entry, "ports")).entries())
      ports.push(portOf(port, [...path, "toPorts", i, "ports", j], dns.length > 0));
  }
  return { ports: lists.length === 0 && !icmp ? null : ports, icmp, dnsRules };
};

/** One `spec` of a CiliumNetworkPolicy or its clusterwide sibling. */
export const ciliumSpec = (policy: PolicyView, spec: unknown, path: Path): SpecView => {
  const object = asObject(spec);
  const rules: RuleView[] = [];
  const asked = (direction: Direction): unknown => at(spec, "enableDefaultDeny", direction);
  const present = (direction: Direction): boolean =>
    asList(object[direction]).length > 0 || asList(object[`${direction}Deny`]).length > 0;
  const view: SpecView = {
    path,
    subject: subjectOf(object["endpointSelector"] ?? object["nodeSelector"], policy.namespace),
    nodes: isObject(object["nodeSelector"]),
    enforces: {
      ingress: present("ingress") && asked("ingress") !== false,
      egress: present("egress") && asked("egress") !== false,
    },
    additive: { ingress: asked("ingress") === false, egress: asked("egress") === false },
    rules,
  };
  for (const direction of DIRECTIONS)
    for (const deny of [false, true]) {
      const key = deny ? `${direction}Deny` : direction;
      for (const [i, rule] of asList(object[key]).entries()) {
        const at = [...path, key, i];
        rules.push(ciliumRule(policy, view, rule, at, direction, deny));
      }
    }
  return view;
};

const ciliumRule = (
  policy: PolicyView,
  spec: SpecView,
  rule: unknown,
  path: Path,
  direction: Direction,
  deny: boolean,
): RuleView => {
  const peers: PeerView[] = [];
  const emptyPeers: string[] = [];
  let written = 0;
  for (const key of PEER_KEYS[direction]) {
    const value = at(rule, key);
    if (!Array.isArray(value)) continue;
    written += 1;
    if (value.length === 0) emptyPeers.push(key);
    for (const [i, item] of value.entries()) {
      const peer = peerOf(key, item, [...path, key, i], policy.namespace);
      if (peer !== null) peers.push(peer);
    }
  }
  const ports = ciliumPorts(rule, path);
  return {
    policy,
    spec,
    path,
    direction,
    deny,
    peers,
    everyone: written === 0 && ports.ports !== null,
    bare: written === 0 && ports.ports === null,
    emptyPeers,
    ...ports,
  };
};
