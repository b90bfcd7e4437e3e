import type { CiliumSettings } from "../facts/settings.ts";
import { checkPattern } from "./decode-peers.ts";
import type { Section } from "./decode.ts";
import { goRegExpFault } from "./go-regexp.ts";
import type { Value } from "./go-json.ts";
import type { Redirect } from "./model.ts";
import { icmpTypeByName, icmpTypeNames, isServiceName, parseGoUint16 } from "./ports.ts";

export interface RawPort {
  readonly port: string;
  readonly endPort: number;
  /** Upper case; empty means ANY. */
  readonly protocol: string;
}

export interface RawPortRule {
  readonly ports: readonly RawPort[];
  /** For a protocol: what the proxy parses, null when nothing is redirected. */
  readonly redirect: (protocol: string) => Redirect | null;
}

export interface RawPorts {
  /** Null: no toPorts, or an empty list, which is the same (C A.7). */
  readonly toPorts: readonly RawPortRule[] | null;
  readonly icmps: readonly { readonly family: string; readonly type: string }[] | null;
}

const MAX = 40;
const PROTOCOLS: ReadonlySet<string> = new Set(["TCP", "UDP", "SCTP", "ANY", ""]);

/** VRRP and IGMP came with 1.19 (C B.6.4). */
const isProtocol = (protocol: string, { version }: CiliumSettings): boolean =>
  PROTOCOLS.has(protocol) || (version !== "1.17" && version !== "1.18" && (protocol === "VRRP" || protocol === "IGMP"));

/** Without an own priority a redirect gets its parser's (Cilium's listener priorities; lower wins). */
const PARSER_PRIORITY: Readonly<Record<string, number>> = { http: 101, kafka: 106, tls: 116, dns: 121, crd: 126 };

interface RawL7 {
  readonly http: readonly unknown[];
  readonly kafka: readonly unknown[];
  readonly dns: readonly unknown[];
  readonly l7: readonly unknown[];
  readonly l7proto: string;
  readonly kinds: number;
  /** No rule of any kind: Cilium treats it as plain L4 (C B.7). */
  readonly empty: boolean;
  readonly text: string;
}

const raws = (values: readonly Value[] | null): readonly unknown[] => values?.map((v) => v.raw) ?? [];

const readHttp = (value: Value): void => {
  value.checkObject();
  for (const field of ["path", "method"] as const) {
    const fault = goRegExpFault(value.textAt(field));
    if (fault !== null) value.at(field).refuse(`no regular expression: ${fault}`, "Escape it, or correct it.");
  }
  value.textAt("host");
  value.textsAt("headers");
  for (const match of value.listAt("headerMatches") ?? []) {
    match.checkObject();
    if (match.textAt("name") === "") match.refuse("a header match needs a name", "Set its name.");
    match.textAt("value");
    const mismatch = match.textAt("mismatch");
    if (!["", "LOG", "ADD", "DELETE", "REPLACE"].includes(mismatch)) {
      match.at("mismatch").refuse(`invalid header action: ${mismatch}`, "Use LOG, ADD, DELETE or REPLACE.");
    }
    const secret = match.at("secret");
    secret.checkObject();
    if (!secret.isNull && secret.textAt("name") === "") secret.refuse("the secret needs a name", "Set its name.");
  }
};

const readKafka = (value: Value): void => {
  value.checkObject();
  const role = value.textAt("role");
  const key = value.textAt("apiKey");
  if (role !== "" && key !== "") value.refuse("role and apiKey exclude each other", "Keep one of the two.");
  if (role !== "" && role.toLowerCase() !== "produce" && role.toLowerCase() !== "consume") {
    value.at("role").refuse(`invalid role ${JSON.stringify(role)}`, "Use produce or consume.");
  }
  const version = value.textAt("apiVersion");
  if (version !== "" && !/^\d+$/.test(version)) value.at("apiVersion").refuse("no whole number", "Write a number.");
  const topic = value.textAt("topic");
  if (topic.length > 255 || (topic !== "" && !/^[a-zA-Z0-9._-]+$/.test(topic))) {
    value.at("topic").refuse("no topic name", "Use at most 255 letters, digits, dots, dashes and underscores.");
  }
  value.textAt("clientID");
};

const readDns = (value: Value, settings: CiliumSettings): void => {
  value.checkObject();
  const name = value.textAt("matchName");
  if (name !== "" && !/^[-a-zA-Z0-9_.]+$/.test(name)) {
    value.at("matchName").refuse("invalid characters in matchName", "Use matchPattern for wildcards.");
  }
  checkPattern(value.at("matchPattern"), value.textAt("matchPattern"), settings);
};

const readL7 = (value: Value, ports: number, settings: CiliumSettings): RawL7 | null => {
  value.checkObject();
  if (value.isNull) return null;
  // 1.20 knows http and dns alone: the rest is dropped in decoding, and the ports are open.
  const old = settings.version !== "1.20";
  const http = value.listAt("http");
  const kafka = old ? value.listAt("kafka") : null;
  const dns = value.listAt("dns");
  const l7 = old ? value.listAt("l7") : null;
  const l7proto = old ? value.textAt("l7proto") : "";
  for (const item of l7 ?? []) item.textMap();
  const empty = [http, kafka, dns, l7].every((list) => (list?.length ?? 0) === 0);
  for (const item of http ?? []) readHttp(item);
  for (const item of kafka ?? []) readKafka(item);
  for (const item of dns ?? []) readDns(item, settings);
  if (!empty) {
    if (dns !== null && ports === 0) value.refuse("port 53 must be specified for DNS rules", "Add the DNS port.");
    if (l7 !== null && l7proto === "") {
      value.at("l7").refuse("'l7' may only be specified when a 'l7proto' is also specified", "Add l7proto.");
    }
  }
  const kinds = [http, kafka, dns].filter((list) => list !== null).length + (l7proto === "" ? 0 : 1);
  if (!empty && kinds > 1) value.refuse("multiple L7 protocol rule types in one entry", "Give each its own entry.");
  return {
    http: raws(http),
    kafka: raws(kafka),
    dns: raws(dns),
    l7: raws(l7),
    l7proto,
    kinds,
    empty,
    text: empty ? "" : JSON.stringify([raws(http), raws(kafka), raws(dns), l7proto, raws(l7)]),
  };
};

const readPort = (value: Value, hasDns: boolean, settings: CiliumSettings): RawPort => {
  value.checkObject();
  const port = value.textAt("port");
  const endPort = value.at("endPort").integer(-2_147_483_648, 2_147_483_647);
  const protocol = value.textAt("protocol").toUpperCase();
  const where = value.at("port");
  if (port === "") {
    if (!settings.extendedIpProtocols) value.refuse("port must be specified", 'Write a port, or `port: "0"` for all.');
  } else if (!isServiceName(port)) {
    const portless = value.at("protocol").raw;
    if (port !== "0" && (portless === "VRRP" || portless === "IGMP")) {
      where.refuse("port must be empty or 0", "VRRP and IGMP have no ports.");
    }
    const number = parseGoUint16(port);
    if (number.error !== null) {
      where.refuse(
        `unable to parse port ${JSON.stringify(port)}: ${number.error === "range" ? "above 65535" : "neither a number nor a port name"}`,
        "Write a number from 0 to 65535 in quotes, or a port name of at most 15 characters.",
      );
    } else if (hasDns && endPort > number.value) {
      value.at("endPort").refuse("DNS rules do not support port ranges", "List the ports one by one.");
    }
  }
  if (!isProtocol(protocol, settings)) {
    value
      .at("protocol")
      .refuse(`invalid protocol ${JSON.stringify(protocol)}`, "Use TCP, UDP, SCTP or ANY; ICMP has `icmps`.");
  }
  return { port, endPort, protocol };
};

const readTls = (value: Value): boolean => {
  value.checkObject();
  if (value.isNull) return false;
  value.at("secret").checkObject();
  for (const key of ["trustedCA", "certificate", "privateKey"] as const) value.textAt(key);
  return true;
};

const readListener = (value: Value): { readonly name: string; readonly priority: number } | null => {
  value.checkObject();
  if (value.isNull) return null;
  const config = value.at("envoyConfig");
  config.checkObject();
  const name = [config.textAt("kind"), config.textAt("name"), value.textAt("name")].join("/");
  return { name, priority: value.at("priority").integer(0, 255) };
};

const readPortRule = (value: Value, section: Section, host: boolean, settings: CiliumSettings): RawPortRule => {
  value.checkObject();
  const portValues = value.listAt("ports") ?? [];
  if (portValues.length > MAX) value.at("ports").refuse(`too many ports, the max is ${MAX}`, "Split the entry.");
  if (section.action === "deny") {
    return { ports: portValues.map((p) => readPort(p, false, settings)), redirect: () => null };
  }
  const rules = value.at("rules");
  const l7 = readL7(rules, portValues.length, settings);
  const hasDns = (l7?.dns.length ?? 0) > 0;
  const ports = portValues.map((p) => readPort(p, hasDns, settings));
  const listener = readListener(value.at("listener"));
  const terminatesTls = readTls(value.at("terminatingTLS"));
  const originatesTls = readTls(value.at("originatingTLS"));
  const serverNames = value.textsAt("serverNames") ?? [];
  const ingress = section.direction === "ingress";
  if (l7 !== null && !l7.empty) {
    if (!settings.l7Proxy) rules.refuse("L7 rules need the L7 proxy, which is off", "Remove the L7 rules.");
    if (ingress && host) rules.refuse("L7 policy is not supported on host ingress", "Remove the L7 rules.");
    if (ingress && hasDns) rules.refuse("DNS rules are not supported on ingress", "Put them under egress.");
    if (host && !ingress && l7.http.length + l7.kafka.length > 0) {
      rules.refuse("only DNS rules are supported on host egress", "Remove the L7 rules.");
    }
    if (serverNames.length > 0 && !terminatesTls) {
      rules.refuse("serverNames are not allowed with L7 rules without TLS termination", "Remove one of the two.");
    }
    if (listener !== null) rules.refuse("a listener is not allowed with L7 rules", "Remove one of the two.");
    if (ports.some((p) => p.port !== "" && !isServiceName(p.port) && parseGoUint16(p.port).value === 0)) {
      rules.refuse("L7 rules can not be used when a port is 0", "Name the port.");
    }
    if (!hasDns && ports.some((p) => p.protocol !== "TCP")) {
      rules.refuse("L7 rules other than DNS can only apply to TCP", "Write `protocol: TCP` at each port.");
    }
  }
  if (serverNames.includes("")) value.at("serverNames").refuse("empty server name is not allowed", "Remove it.");
  if (listener !== null && ingress) {
    value.at("listener").refuse("a listener is not allowed on ingress", "Remove it.");
  }
  const redirect = (protocol: string): Redirect | null => {
    let parser = terminatesTls || originatesTls || serverNames.length > 0 ? "tls" : "";
    if (hasDns) parser = "dns";
    else if (l7 !== null && protocol === "TCP") {
      if (l7.http.length > 0) parser = "http";
      else if (l7.kafka.length > 0) parser = "kafka";
      // 1.17 does not redirect for a parser alone, without rules for it.
      else if (l7.l7proto !== "" && !(l7.empty && settings.version === "1.17")) parser = l7.l7proto;
    }
    if (listener !== null) parser = "crd";
    if (parser === "") return null;
    const own = listener === null || listener.priority === 0 ? null : listener.priority;
    return {
      parser,
      listener: listener?.name ?? null,
      priority: own ?? PARSER_PRIORITY[parser] ?? 111,
      hasRules: l7 !== null && !l7.empty,
      hasServerNames: serverNames.length > 0,
      terminatesTls,
      text: [l7?.text ?? "", ...serverNames].join(" "),
    };
  };
  return { ports, redirect };
};

const readIcmp = (value: Value): { readonly family: string; readonly type: string } => {
  value.checkObject();
  const family = value.textAt("family");
  const type = value.at("type");
  if (family !== "" && family !== "IPv4" && family !== "IPv6") {
    value.at("family").refuse(`wrong family: ${family}`, "Use IPv4 or IPv6.");
  }
  if (typeof type.raw === "number" && Number.isInteger(type.raw)) return { family, type: String(type.raw) };
  if (typeof type.raw !== "string") {
    value.refuse("an ICMP field needs a type: a number or a name", "Set type.");
    return { family, type: "" };
  }
  // Go asks for a number first (`Atoi`), then for the family's name.
  const isNumber = /^[+-]?\d+$/.test(type.raw) && (Number(type.raw) !== 0 || type.raw === "0");
  if (!isNumber && icmpTypeByName(type.raw, family) === null) {
    type.refuse(
      `ICMP type ${JSON.stringify(type.raw)} is not known for ${family === "IPv6" ? "IPv6" : "IPv4"}`,
      `Use a number, or one of ${icmpTypeNames().join(", ")}.`,
    );
  }
  return { family, type: type.raw };
};

export const readPorts = (value: Value, section: Section, host: boolean, settings: CiliumSettings): RawPorts => {
  const toPorts = value.listAt("toPorts");
  const icmps = value.listAt("icmps");
  if ((icmps?.length ?? 0) > 0 && (toPorts?.length ?? 0) > 0) {
    value.at("icmps").refuse("icmps may only be present without toPorts", "Give icmps a rule of its own.");
  }
  if ((icmps?.length ?? 0) > 0 && !settings.icmpRules) {
    value.at("icmps").refuse("icmps need `enable-icmp-rules`", "Remove icmps.");
  }
  const fields: { readonly family: string; readonly type: string }[] = [];
  for (const item of icmps ?? []) {
    item.checkObject();
    const list = item.listAt("fields") ?? [];
    if (list.length > MAX) item.at("fields").refuse(`too many types, the max is ${MAX}`, "Split the entry.");
    for (const field of list) fields.push(readIcmp(field));
  }
  const empty = (list: readonly unknown[] | null): boolean => list === null || list.length === 0;
  return {
    toPorts: empty(toPorts) ? null : (toPorts?.map((v) => readPortRule(v, section, host, settings)) ?? null),
    icmps: empty(icmps) ? null : fields,
  };
};
