import type { PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import { isV4, parseCidr, type Prefix, worldLabel } from "./cidr.ts";
import type { RawCidr, RawPeers, RawService } from "./decode-peers.ts";
import type { RawPorts } from "./decode-ports.ts";
import type { RawRule, RawSpec } from "./decode.ts";
import { CLUSTER_MESH, entitySelectors } from "./entities.ts";
import type { CidrTerm, PeerMatch, PolicyRule, RulePort } from "./model.ts";
import {
  filedPort,
  icmpProtocol,
  icmpTypeByName,
  isServiceName,
  parseGoUint16,
  portRange,
  protocolsOf,
} from "./ports.ts";
import {
  hasKey,
  type InjectionScope,
  injectPeerScope,
  injectSubjectNamespace,
  type Selector,
  type SelectorTerms,
  toSelector,
  withCluster,
  withExists,
} from "./selector.ts";
import type { Tables } from "./tables.ts";

export interface LoweringContext {
  readonly settings: CiliumSettings;
  readonly tables: Tables;
}

export const labelMatch = (selector: Selector): PeerMatch & { readonly kind: "labels" } => ({
  kind: "labels",
  selector,
  text: `labels ${selector.text}`,
});

const unresolved = (missing: string): PeerMatch => ({ kind: "unresolved", missing, text: `unresolved ${missing}` });

/** A prefix of length zero becomes the world label of its family; which one depends on the families in use (C B.3.4). */
const cidrTerm = (prefix: Prefix, settings: CiliumSettings): CidrTerm =>
  prefix.bits > 0 || hasCidrForAll(settings)
    ? { kind: "prefix", prefix }
    : { kind: "world", label: worldLabel(isV4(prefix), settings) };

/** Up to 1.18 the whole family is a prefix like others, and a second selector adds the world label. */
const hasCidrForAll = ({ version }: CiliumSettings): boolean => version === "1.17" || version === "1.18";

const termText = (term: CidrTerm): string =>
  term.kind === "world" ? term.label : `${term.prefix.bytes.join(".")}/${term.prefix.bits}`;

const cidrMatch = (include: CidrTerm, except: readonly CidrTerm[]): PeerMatch => ({
  kind: "cidr",
  include,
  except,
  text: `cidr ${termText(include)} - ${except.map(termText).sort().join(" ")}`,
});

/** One CIDR with its exceptions, as an element of toCIDRSet. */
export const cidrMatches = (
  cidr: string,
  except: readonly string[],
  settings: CiliumSettings,
): readonly PeerMatch[] => {
  const include = parseCidr(cidr);
  if (include === null) return [unresolved(`the CIDR ${JSON.stringify(cidr)}`)];
  const terms: CidrTerm[] = [];
  for (const text of except) {
    const prefix = parseCidr(text);
    if (prefix === null) return [unresolved(`the CIDR ${JSON.stringify(text)}`)];
    terms.push(cidrTerm(prefix, settings));
  }
  const out = [cidrMatch(cidrTerm(include, settings), terms)];
  if (include.bits === 0 && hasCidrForAll(settings)) {
    // Whatever its family, where only one family is in use.
    out.push(cidrMatch({ kind: "world", label: worldLabel(isV4(include), settings) }, terms));
  }
  return out;
};

/** The plain list: up to 1.18 only these two spellings are the world, and of a family that is not in use neither. */
const plainCidrMatches = (cidrs: readonly string[], settings: CiliumSettings): readonly PeerMatch[] => {
  if (!hasCidrForAll(settings)) return cidrs.flatMap((cidr) => cidrMatches(cidr, [], settings));
  const out = cidrs.flatMap((cidr) => {
    const prefix = parseCidr(cidr);
    return prefix === null
      ? [unresolved(`the CIDR ${JSON.stringify(cidr)}`)]
      : [cidrMatch({ kind: "prefix", prefix }, [])];
  });
  const world = (label: "world" | "world-ipv4" | "world-ipv6"): void => {
    out.push(cidrMatch({ kind: "world", label }, []));
  };
  const [v4, v6] = [cidrs.includes("0.0.0.0/0"), cidrs.includes("::/0")];
  if (settings.ipv4 && settings.ipv6) {
    if (v4 && v6) world("world");
    if (v4) world("world-ipv4");
    if (v6) world("world-ipv6");
  } else if ((settings.ipv4 && v4) || (settings.ipv6 && v6)) world("world");
  return out;
};

const matchesTable = (terms: SelectorTerms, labels: Readonly<Record<string, string>>): boolean => {
  const value = (key: string): string | undefined => {
    const bare = key.slice(key.indexOf(".") + 1);
    return Object.hasOwn(labels, bare) ? labels[bare] : undefined;
  };
  return (
    terms.labels.every(([key, wanted]) => value(key) === wanted) &&
    terms.expressions.every((e) => {
      const found = value(e.key);
      if (e.operator === "Exists") return found !== undefined;
      if (e.operator === "DoesNotExist") return found === undefined;
      const among = found !== undefined && e.values.includes(found);
      return e.operator === "In" ? among : !among;
    })
  );
};

const GROUP_NAME = "cidrgroup.io.cilium.policy.cidrgroupname/";

/**
 * A group is a label on addresses: by name, or by the group's own labels. A selector that only excludes (or is empty) is true
 * of every identity without such a label, pods included, so that no list of addresses says what it matches.
 */
const groupMatch = (rule: RawCidr, { settings, tables }: LoweringContext): PeerMatch => {
  const { groupSelector, group } = rule;
  const terms = groupSelector ?? {
    labels: [],
    expressions: [{ key: GROUP_NAME + group, operator: "Exists", values: [] }],
  };
  const selector = toSelector(terms);
  const selective = selector.requirements.some((r) => r.operator === "In" || r.operator === "Exists");
  const except = rule.except.flatMap((text) => parseCidr(text) ?? []).map((prefix) => cidrTerm(prefix, settings));
  const chosen = (tables.cidrGroups ?? []).filter((g) =>
    groupSelector === null ? g.name === group : matchesTable(groupSelector, g.labels),
  );
  const members = chosen.flatMap((g) => g.cidrs.flatMap((cidr) => cidrMatches(cidr, rule.except, settings)));
  return {
    kind: "cidr-group",
    selector,
    except,
    members: tables.cidrGroups === undefined || !selective ? null : members,
    missing: groupSelector === null ? `the CIDR group ${group}` : "the CIDR groups of the cluster",
    text: `cidr-group ${selector.text} - ${except.map(termText).sort().join(" ")}`,
  };
};

/** Services become selectors of their pods, or the addresses behind them (C B.5.1). */
const serviceMatches = (service: RawService, { settings, tables }: LoweringContext): readonly PeerMatch[] => {
  if (tables.services === undefined) return [unresolved("the Services of the cluster (toServices)")];
  const { name, selector } = service;
  const chosen = tables.services.filter((s) => {
    if (selector !== null) {
      return (
        (selector.namespace === "" || selector.namespace === s.namespace) && matchesTable(selector.terms, s.labels)
      );
    }
    return name !== null && name.name === s.name && (name.namespace === "" || name.namespace === s.namespace);
  });
  return chosen.flatMap((s) => {
    const pods = Object.entries(s.selector ?? {});
    if (pods.length === 0) return s.backends.flatMap((ip) => cidrMatches(ip, [], settings));
    if (pods.some(([key]) => key.includes("."))) {
      // C B.5.3: patch releases differ on keys with dots.
      return [unresolved(`what toServices makes of the dotted selector of ${s.namespace}/${s.name}`)];
    }
    const labels = [...pods, ["io.kubernetes.pod.namespace", s.namespace] as const].map(
      ([key, value]) => [`k8s.${key}`, value] as const,
    );
    return [labelMatch(toSelector({ labels, expressions: [] }))];
  });
};

const lowerPeers = (
  peers: RawPeers,
  action: PolicyRule["action"],
  scope: InjectionScope,
  context: LoweringContext,
): PolicyRule["peers"] => {
  const nobody = [peers.endpoints, peers.nodes, peers.entities, peers.cidrs, peers.cidrSet].some(
    (list) => list !== null && list.length === 0,
  );
  if (nobody) return [];
  const out: PeerMatch[] = [];
  for (const terms of peers.endpoints ?? []) out.push(labelMatch(toSelector(injectPeerScope(terms, scope))));
  for (const terms of peers.nodes ?? []) {
    out.push(labelMatch(toSelector(withCluster(withExists(terms, "reserved.remote-node"), scope.cluster))));
  }
  for (const entity of peers.entities ?? []) {
    for (const selector of entitySelectors(entity, context.settings.clusterName)) out.push(labelMatch(selector));
    if (entity === CLUSTER_MESH) out.push(unresolved("which clusters are in the mesh (entity cluster-mesh)"));
  }
  out.push(...plainCidrMatches(peers.cidrs ?? [], context.settings));
  for (const rule of peers.cidrSet ?? []) {
    const byAddress = rule.group === "" && rule.groupSelector === null;
    if (byAddress) out.push(...cidrMatches(rule.cidr, rule.except, context.settings));
    else out.push(groupMatch(rule, context));
  }
  for (const { matchName, matchPattern } of peers.fqdns ?? []) {
    const name = matchName === "" ? matchPattern : matchName;
    out.push({ kind: "fqdn", name, text: `fqdn ${matchName} ${matchPattern}` });
  }
  // The agent translates toServices under egress alone, never under egressDeny (C A.6.8).
  if (action === "allow") out.push(...(peers.services ?? []).flatMap((s) => serviceMatches(s, context)));
  if (peers.groups > 0 && context.tables.groupsUntranslated !== true) {
    out.push(unresolved("the addresses of toGroups/fromGroups (a derivative policy carries them)"));
  }
  if (peers.requires > 0) out.push(unresolved("fromRequires/toRequires, which this kernel does not decide"));
  // Cilium drops the empty lists of toFQDNs and toServices, and services that do not exist, without a trace (C B.5.2).
  return out.length === 0 ? "every" : out;
};

export const lowerPort = (port: string, endPort: number, protocol: string): readonly RulePort["match"][] =>
  protocolsOf(protocol).map((p) => {
    if (isServiceName(port)) return { protocol: p, first: 0, last: 0, name: port.toLowerCase(), endPort, filed: 0 };
    return {
      protocol: p,
      ...portRange(parseGoUint16(port).value, endPort),
      name: null,
      endPort,
      filed: filedPort(port),
    };
  });

const lowerPorts = (ports: RawPorts): PolicyRule["ports"] => {
  if (ports.toPorts === null && ports.icmps === null) return "every";
  const out: RulePort[] = [];
  for (const rule of ports.toPorts ?? []) {
    for (const { port, endPort, protocol } of rule.ports) {
      for (const match of lowerPort(port, endPort, protocol)) {
        out.push({ match, redirect: rule.redirect(match.protocol) });
      }
    }
  }
  for (const { family, type } of ports.icmps ?? []) {
    // Type 0 stands in the port position, where 0 is the wildcard.
    const number = icmpTypeByName(type, family) ?? parseGoUint16(type).value;
    out.push({
      match: {
        protocol: icmpProtocol(family),
        ...portRange(number, 0),
        name: null,
        endPort: 0,
        filed: icmpTypeByName(type, family) ?? filedPort(type),
      },
      redirect: null,
    });
  }
  return out;
};

const lowerRule = (
  raw: RawRule,
  spec: RawSpec,
  subject: PolicyRule["subject"],
  ref: PolicyRef,
  scope: InjectionScope,
  context: LoweringContext,
): PolicyRule => {
  const wanted = context.settings.nonDefaultDeny ? spec.enableDefaultDeny[raw.direction] : true;
  const peers = lowerPeers(raw.peers, raw.action, scope, context);
  const ports = lowerPorts(raw.ports);
  return {
    ref: { policy: ref, rule: raw.pointer },
    direction: raw.direction,
    action: raw.action,
    defaultDeny: wanted ?? true,
    subject,
    // Neither peers nor ports: the rule matches nothing, it only turns enforcement on (C A.6.1).
    peers: peers === "every" && ports === "every" ? [] : peers,
    ports,
    authentication: raw.authentication,
  };
};

/** Lowers what `decodeCilium` accepted. */
export const lowerCilium = (
  ref: PolicyRef,
  specs: readonly RawSpec[],
  context: LoweringContext,
): readonly PolicyRule[] => {
  const { settings } = context;
  const out: PolicyRule[] = [];
  for (const spec of specs) {
    const terms = spec.endpointSelector ?? { labels: [], expressions: [] };
    const scope: InjectionScope = {
      namespace: ref.namespace,
      cluster: settings.defaultLocalCluster ? settings.clusterName : null,
      subjectIsInit: hasKey(terms, "reserved.init"),
    };
    const subject = {
      selector: toSelector(spec.nodeSelector ?? injectSubjectNamespace(terms, ref.namespace)),
      node: spec.nodeSelector !== null,
      namespace: ref.namespace,
    };
    for (const raw of spec.rules) out.push(lowerRule(raw, spec, subject, ref, scope, context));
  }
  return out;
};
