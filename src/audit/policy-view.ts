import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { AppliedPolicy } from "../facts/inventory.ts";
import type { Origin, PolicyRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import { DIRECTIONS } from "../facts/verdict.ts";
import type { Path } from "./json.ts";
import { asList, asObject, asStrings, asText, at, isObject, pointer } from "./json.ts";
import type { Selector } from "./selector.ts";
import { isReserved, mentionsNamespace, namespaceLabelKey, readSelector, selector, term } from "./selector.ts";

/** One thing a rule names as its other side. */
export type PeerView = { readonly path: Path } & (
  | { readonly kind: "endpoints"; readonly selector: Selector; readonly written: Selector }
  | { readonly kind: "entity"; readonly entity: string }
  | { readonly kind: "cidr"; readonly cidr: string; readonly except: readonly string[] }
  | { readonly kind: "fqdn"; readonly form: "matchName" | "matchPattern"; readonly name: string }
  | {
      readonly kind: "service";
      readonly namespace: string;
      readonly name: string | null;
      readonly keys: readonly string[];
    }
  | { readonly kind: "other"; readonly what: string }
);

export interface PortView {
  readonly path: Path;
  readonly port: string;
  readonly number: number | null;
  readonly endPort: number | null;
  /** Upper case; `ANY` when none is written. */
  readonly protocol: string;
  readonly dns: boolean;
}

/** One entry of an ingress, ingressDeny, egress or egressDeny list. */
export interface RuleView {
  readonly policy: PolicyView;
  readonly spec: SpecView;
  readonly path: Path;
  readonly direction: Direction;
  readonly deny: boolean;
  readonly peers: readonly PeerView[];
  /** No peer member at all, which means everyone: in a Cilium policy only beside ports (C B.1.3). */
  readonly everyone: boolean;
  /** Neither peers nor ports: in a Cilium policy it allows nothing, and only turns default deny on (C A.6.1). */
  readonly bare: boolean;
  /** A peer list that is written and empty: nobody, except for toFQDNs and toServices (C A.7). */
  readonly emptyPeers: readonly string[];
  /** Null: every port and protocol. */
  readonly ports: readonly PortView[] | null;
  readonly icmp: boolean;
  readonly dnsRules: readonly string[];
}

export interface SpecView {
  readonly path: Path;
  readonly subject: Selector;
  /** A CCNP's nodeSelector: the host endpoint is the subject. */
  readonly nodes: boolean;
  /** What the rule asks for, where the direction has a rule (C A.5). */
  readonly enforces: Readonly<Record<Direction, boolean>>;
  /** `enableDefaultDeny` says false for this direction. */
  readonly additive: Readonly<Record<Direction, boolean>>;
  readonly rules: readonly RuleView[];
}

export interface PolicyView {
  readonly document: AppliedPolicy;
  readonly ref: PolicyRef;
  readonly namespace: string | null;
  readonly specs: readonly SpecView[];
  readonly rules: readonly RuleView[];
  readonly locate: (path: Path) => Origin;
}

const NOWHERE: Origin = { file: "", line: 1, column: 1 };

/** Gives a peer the namespace that the agent gives it (C A.4). */
const injected = (written: Selector, namespace: string | null): Selector => {
  if (isReserved(written) || mentionsNamespace(written)) return written;
  const extra = namespace === null ? term(NAMESPACE_LABEL, "Exists") : term(NAMESPACE_LABEL, "In", [namespace]);
  return selector([...written.terms, extra]);
};

const subjectOf = (value: unknown, namespace: string | null): Selector => {
  const written = readSelector(value);
  if (namespace === null) return written;
  const own = term(NAMESPACE_LABEL, "In", [namespace]);
  // `k8s:` names the key that the agent overwrites; without a source the two namespaces are ANDed (C A.3.2).
  const kept = written.terms.filter((t) => !(t.key === NAMESPACE_LABEL && t.source === "k8s"));
  return selector([...kept, own]);
};

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

const portOf = (raw: unknown, path: Path, dns: boolean): PortView => {
  const object = asObject(raw);
  const port = asText(object["port"]) ?? "";
  const end = Number(asText(object["endPort"]) ?? "");
  return {
    path: [...path, "port"],
    port,
    number: /^\d{1,5}$/.test(port) ? Number(port) : null,
    endPort: Number.isInteger(end) && end > 0 ? end : null,
    protocol: (asText(object["protocol"]) ?? "ANY").toUpperCase(),
    dns,
  };
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

const ciliumSpec = (policy: PolicyView, spec: unknown, path: Path): SpecView => {
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

const vanillaPeer = (item: unknown, path: Path, namespace: string): PeerView => {
  const cidr = asText(at(item, "ipBlock", "cidr"));
  if (cidr !== null) return { path, kind: "cidr", cidr, except: asStrings(at(item, "ipBlock", "except")) };
  const pods = readSelector(at(item, "podSelector"));
  const spaces = at(item, "namespaceSelector");
  if (!isObject(spaces)) return { path, kind: "endpoints", written: pods, selector: injected(pods, namespace) };
  const named = readSelector(spaces, namespaceLabelKey).terms;
  const all = selector([...pods.terms, ...named]);
  return { path, kind: "endpoints", written: all, selector: injected(all, null) };
};

const vanillaSpec = (policy: PolicyView, object: unknown): SpecView => {
  const spec = asObject(at(object, "spec"));
  const namespace = policy.namespace ?? "default";
  const types = asStrings(spec["policyTypes"]);
  const governs = (direction: Direction): boolean => {
    if (types.length > 0) return types.some((t) => t.toLowerCase() === direction);
    return direction === "ingress" || spec["egress"] !== undefined;
  };
  const rules: RuleView[] = [];
  const view: SpecView = {
    path: ["spec"],
    subject: subjectOf(spec["podSelector"], namespace),
    nodes: false,
    enforces: { ingress: governs("ingress"), egress: governs("egress") },
    additive: { ingress: false, egress: false },
    rules,
  };
  for (const direction of DIRECTIONS)
    for (const [i, rule] of asList(spec[direction]).entries()) {
      const path = ["spec", direction, i];
      const key = direction === "ingress" ? "from" : "to";
      const list = asList(at(rule, key));
      const ports = asList(at(rule, "ports")).map((port, j) => portOf(port, [...path, "ports", j], false));
      rules.push({
        policy,
        spec: view,
        path,
        direction,
        deny: false,
        peers: list.map((item, j) => vanillaPeer(item, [...path, key, j], namespace)),
        everyone: list.length === 0,
        bare: false,
        emptyPeers: [],
        ports: ports.length === 0 ? null : ports.map((p) => (p.protocol === "ANY" ? { ...p, protocol: "TCP" } : p)),
        icmp: false,
        dnsRules: [],
      });
    }
  return view;
};

/** A policy of any kind as a list of rules that know where they were written. */
export const viewPolicy = (document: AppliedPolicy): PolicyView => {
  const namespace = document.ref.kind === "CiliumClusterwideNetworkPolicy" ? null : document.ref.namespace;
  const specs: SpecView[] = [];
  const view: { -readonly [K in keyof PolicyView]: PolicyView[K] } = {
    document,
    ref: document.ref,
    namespace,
    specs,
    rules: [],
    locate: (path) => {
      const found = document.locate?.(path) ?? document.origin ?? NOWHERE;
      return { file: found.file, line: found.line, column: found.column };
    },
  };
  if (document.ref.kind === "NetworkPolicy") specs.push(vanillaSpec(view, document.object));
  else {
    const spec = at(document.object, "spec");
    if (isObject(spec)) specs.push(ciliumSpec(view, spec, ["spec"]));
    for (const [i, one] of asList(at(document.object, "specs")).entries())
      if (isObject(one)) specs.push(ciliumSpec(view, one, ["specs", i]));
  }
  view.rules = specs.flatMap((s) => s.rules);
  return view;
};

export const ruleId = (rule: RuleView): string => pointer(rule.path);

/** What a rule names, in one line that does not move when lines do. */
export const peerText = (peer: PeerView): string => {
  switch (peer.kind) {
    case "endpoints":
      return `pods ${peer.selector.text}`;
    case "entity":
      return `entity ${peer.entity}`;
    case "cidr":
      return peer.except.length === 0 ? `CIDR ${peer.cidr}` : `CIDR ${peer.cidr} except ${peer.except.join(", ")}`;
    case "fqdn":
      return `${peer.form} ${peer.name}`;
    case "service":
      return `service ${peer.namespace}/${peer.name ?? peer.keys.join(",")}`;
    case "other":
    default:
      return peer.what;
  }
};

export const portText = (ports: readonly PortView[] | null): string => {
  if (ports === null) return "every port";
  if (ports.length === 0) return "no port";
  return ports
    .map((p) => `${p.port}${p.endPort === null ? "" : `-${p.endPort}`}/${p.protocol}`)
    .sort()
    .join(", ");
};

export const subjectText = (spec: SpecView): string =>
  spec.subject.terms.filter((t) => t.key !== NAMESPACE_LABEL).length === 0
    ? "every pod"
    : selector(spec.subject.terms.filter((t) => t.key !== NAMESPACE_LABEL)).text;
