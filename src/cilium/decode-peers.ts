import type { CiliumSettings } from "../facts/settings.ts";
import type { Section } from "./decode.ts";
import { entitiesOf } from "./entities.ts";
import { MAX_FQDN_LENGTH } from "./fqdn.ts";
import type { Value } from "./go-json.ts";
import { containsAddress, parseCidr, parsePrefix } from "./cidr.ts";
import { readSelector } from "./label-syntax.ts";
import type { SelectorTerms } from "./selector.ts";

export interface RawCidr {
  readonly cidr: string;
  readonly except: readonly string[];
  readonly group: string;
  readonly groupSelector: SelectorTerms | null;
}

export interface RawService {
  readonly name: { readonly name: string; readonly namespace: string } | null;
  readonly selector: { readonly terms: SelectorTerms; readonly namespace: string } | null;
}

/** The L3 members of a rule. Null is absent, `[]` is written and empty, and they differ (C A.7). */
export interface RawPeers {
  readonly endpoints: readonly SelectorTerms[] | null;
  readonly nodes: readonly SelectorTerms[] | null;
  readonly entities: readonly string[] | null;
  readonly cidrs: readonly string[] | null;
  readonly cidrSet: readonly RawCidr[] | null;
  readonly fqdns: readonly { readonly matchName: string; readonly matchPattern: string }[] | null;
  readonly services: readonly RawService[] | null;
  readonly groups: number;
  readonly requires: number;
}

const readCidr = (value: Value, settings: CiliumSettings): RawCidr => {
  value.checkObject();
  const selector = value.at("cidrGroupSelector");
  const cidr = value.textAt("cidr");
  const except = value.textsAt("except") ?? [];
  const group = value.textAt("cidrGroupRef");
  const groupSelector = selector.isAbsent ? null : readSelector(selector, (key) => `cidrgroup.${key}`);
  const kinds = [cidr !== "", group !== "", groupSelector !== null].filter(Boolean).length;
  if (kinds !== 1) {
    value.refuse(
      kinds === 0
        ? "one of cidr, cidrGroupRef, or cidrGroupSelector is required"
        : "more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set",
      "Keep exactly one of the three.",
    );
  }
  if (cidr !== "" && kinds === 1) checkCidrRule(value, cidr, except, settings);
  return { cidr, except, group, groupSelector };
};

const checkCidrRule = (value: Value, cidr: string, except: readonly string[], { version }: CiliumSettings): void => {
  const outer = parsePrefix(cidr);
  if (outer === null) {
    value.at("cidr").refuse(`unable to parse CIDR ${JSON.stringify(cidr)}`, "Write `address/bits`.");
    return;
  }
  for (const [i, text] of except.entries()) {
    const inner = parsePrefix(text);
    const where = value.at("except").at(i);
    if (inner === null) where.refuse(`unable to parse CIDR ${JSON.stringify(text)}`, "Write `address/bits`.");
    else if (!containsAddress(outer, inner) || (version === "1.20" && inner.bits < outer.bits)) {
      where.refuse(`${text} does not lie inside ${cidr}`, "Except only what the CIDR contains.");
    }
  }
};

const readService = (value: Value): RawService => {
  value.checkObject();
  const named = value.at("k8sService");
  const selected = value.at("k8sServiceSelector");
  named.checkObject();
  selected.checkObject();
  return {
    name: named.isNull ? null : { name: named.textAt("serviceName"), namespace: named.textAt("namespace") },
    selector: selected.isNull
      ? null
      : { terms: readSelector(selected.at("selector")), namespace: selected.textAt("namespace") },
  };
};

const checkFqdn = (value: Value, matchName: string, matchPattern: string, settings: CiliumSettings): void => {
  if (matchName !== "" && matchPattern !== "") {
    value.refuse("only one of matchName or matchPattern is allowed", "Keep one of the two.");
  }
  if (matchName !== "" && !/^[-a-zA-Z0-9_.]+$/.test(matchName)) {
    value
      .at("matchName")
      .refuse(`invalid characters in matchName ${JSON.stringify(matchName)}`, "Use matchPattern for wildcards.");
  }
  checkPattern(value.at("matchPattern"), matchPattern, settings);
};

/** Shared by toFQDNs and DNS rules. */
export const checkPattern = (where: Value, pattern: string, { version }: CiliumSettings): void => {
  if (pattern !== "" && !/^[-a-zA-Z0-9_.*]+$/.test(pattern)) {
    where.refuse(
      `invalid characters in matchPattern ${JSON.stringify(pattern)}`,
      "Only letters, digits, dot, dash, underscore and star are allowed.",
    );
  }
  const limited = version !== "1.17" && version !== "1.18";
  if (limited && pattern.trim().length > MAX_FQDN_LENGTH) {
    where.refuse(`matchPattern is longer than ${MAX_FQDN_LENGTH} characters`, "Shorten it.");
  }
};

export const readPeers = (value: Value, section: Section, settings: CiliumSettings): RawPeers => {
  const prefix = section.direction === "ingress" ? "from" : "to";
  const egress = section.direction === "egress";
  const fqdns = egress && section.action === "allow" ? value.listAt("toFQDNs") : null;
  const services = egress ? value.listAt("toServices") : null;
  const groups = value.listAt(`${prefix}Groups`) ?? [];
  for (const group of groups) {
    group.checkObject();
    group.at("aws").checkObject();
  }
  const requires = value.at(`${prefix}Requires`);
  const required = requires.list() ?? [];
  if (settings.version === "1.19" || settings.version === "1.20") requires.texts();
  return {
    endpoints: value.listAt(`${prefix}Endpoints`)?.map((v) => readSelector(v)) ?? null,
    nodes: value.listAt(`${prefix}Nodes`)?.map((v) => readSelector(v)) ?? null,
    entities: value.textsAt(`${prefix}Entities`),
    cidrs: value.textsAt(`${prefix}CIDR`),
    cidrSet: value.listAt(`${prefix}CIDRSet`)?.map((v) => readCidr(v, settings)) ?? null,
    fqdns:
      fqdns?.map((v) => {
        v.checkObject();
        const fqdn = { matchName: v.textAt("matchName"), matchPattern: v.textAt("matchPattern") };
        checkFqdn(v, fqdn.matchName, fqdn.matchPattern, settings);
        return fqdn;
      }) ?? null,
    services: services?.map(readService) ?? null,
    groups: groups.length,
    requires: required.length,
  };
};

/** What the sanitizer asks of the members together and one by one (C C.1.5, C.1.7 to C.1.9). */
export const checkPeers = (value: Value, peers: RawPeers, section: Section, settings: CiliumSettings): void => {
  const prefix = section.direction === "ingress" ? "from" : "to";
  const used: string[] = [];
  const note = (count: number, name: string): void => {
    if (count > 0) used.push(name);
  };
  note(peers.endpoints?.length ?? 0, `${prefix}Endpoints`);
  note(peers.cidrs?.length ?? 0, `${prefix}CIDR`);
  note(peers.cidrSet?.length ?? 0, `${prefix}CIDRSet`);
  note(peers.entities?.length ?? 0, `${prefix}Entities`);
  note(peers.nodes?.length ?? 0, `${prefix}Nodes`);
  note(peers.groups, `${prefix}Groups`);
  note(peers.services?.length ?? 0, "toServices");
  note(peers.fqdns?.length ?? 0, "toFQDNs");
  if (used.length > 1) {
    value.refuse(`combining ${used.join(" and ")} in one rule is not supported`, "Give each its own rule.");
  }
  if ((peers.nodes?.length ?? 0) > 0 && !settings.nodeSelectorLabels) {
    value
      .at(`${prefix}Nodes`)
      .refuse("fromNodes and toNodes need `enable-node-selector-labels`", "Use the entity host or remote-node.");
  }
  for (const [i, text] of (peers.cidrs ?? []).entries()) {
    if (parseCidr(text) === null) {
      value
        .at(`${prefix}CIDR`)
        .at(i)
        .refuse(`unable to parse CIDR ${JSON.stringify(text)}`, "Write `address/bits`.");
    }
  }
  for (const [i, entity] of (peers.entities ?? []).entries()) {
    if (!entitiesOf(settings.version).includes(entity)) {
      value
        .at(`${prefix}Entities`)
        .at(i)
        .refuse(`unsupported entity: ${entity}`, `Use one of ${entitiesOf(settings.version).join(", ")}.`);
    }
  }
};
