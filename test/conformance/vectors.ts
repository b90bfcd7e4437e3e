import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { isV4, parseCidr, worldLabel } from "../../src/cilium/cidr.ts";
import { type LabelSet, labelSet } from "../../src/facts/labels.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { type CiliumSettings, type CiliumVersion, defaultSettings } from "../../src/facts/settings.ts";
import type { Direction, Protocol } from "../../src/facts/verdict.ts";

/** Verdicts as Cilium's own engine prints them. `BROKEN`: it cannot compute the subject's policy at all. */
export const ENGINE_VERDICTS = ["ALLOW", "L7", "DENY", "DEFAULT", "BROKEN"] as const;
export type EngineVerdict = (typeof ENGINE_VERDICTS)[number];

export interface VectorFlow {
  readonly name: string;
  readonly direction: Direction;
  readonly subject: LabelSet;
  readonly peer: LabelSet;
  readonly protocol: Protocol;
  readonly port: number;
  readonly namedPorts: Readonly<Record<string, number>>;
  readonly expected: EngineVerdict;
  /** Policies that the engine named, where the file says so. */
  readonly by: readonly string[] | null;
}

export interface VectorPolicy {
  readonly document: PolicyDocument;
  readonly name: string;
  /** The engine's error, or null when it took the policy. */
  readonly refused: string | null;
}

export interface Scenario {
  readonly id: string;
  readonly settings: CiliumSettings;
  /** Looked up without proxy redirects: whatever would be redirected is not found (an artefact of such a lookup). */
  readonly withoutRedirects: boolean;
  readonly policies: readonly VectorPolicy[];
  readonly flows: readonly VectorFlow[];
}

export type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const record = (value: unknown, what: string): Json => {
  if (!isJson(value)) throw new Error(`${what} is no object`);
  return value;
};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): readonly string[] => list(value).map(String);
const flag = (value: unknown, otherwise: boolean): boolean => (typeof value === "boolean" ? value : otherwise);

const isVerdict = (value: unknown): value is EngineVerdict => ENGINE_VERDICTS.some((v) => v === value);

const verdict = (value: unknown, where: string): EngineVerdict => {
  if (!isVerdict(value)) throw new Error(`${where}: ${JSON.stringify(value)} is no verdict`);
  return value;
};

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  TCP: "TCP",
  UDP: "UDP",
  SCTP: "SCTP",
  ICMP: "ICMPv4",
  ICMPv6: "ICMPv6",
  VRRP: "VRRP",
  IGMP: "IGMP",
};

const protocol = (text: string, where: string): Protocol => {
  const known = PROTOCOLS[text];
  if (known === undefined) throw new Error(`${where}: ${text} is no protocol`);
  return known;
};

/** `cidr:P` in a file stands for the prefix's label and the world label of its family. */
const identityLabels = (labels: readonly string[], settings: CiliumSettings): LabelSet => {
  const out = [...labels];
  for (const label of labels) {
    if (!label.startsWith("cidr:")) continue;
    const prefix = parseCidr(label.slice("cidr:".length));
    if (prefix === null) throw new Error(`${label} is no CIDR label`);
    out.push(`reserved:${worldLabel(isV4(prefix), settings)}`);
  }
  return labelSet(out);
};

const settingsOf = (options: Json, version: CiliumVersion, cluster: string): CiliumSettings => {
  const base = defaultSettings(version);
  const mode = options["enablePolicy"];
  return {
    ...base,
    clusterName: cluster,
    enablePolicy: mode === "always" || mode === "never" ? mode : "default",
    allowLocalhost: options["allowLocalhost"] === "policy" ? "policy" : "always",
    nonDefaultDeny: flag(options["nonDefaultDeny"], true),
    defaultLocalCluster: flag(options["localCluster"], base.defaultLocalCluster) && !flag(options["anyCluster"], false),
    ipv6: flag(options["v6"], false),
    nodeSelectorLabels: flag(options["nodeSel"], false),
    hostFirewall: flag(options["hostFW"], false),
    extendedIpProtocols: flag(options["extIP"], false),
  };
};

const KINDS: Readonly<Record<string, string>> = {
  CNP: "CiliumNetworkPolicy",
  CCNP: "CiliumClusterwideNetworkPolicy",
  KNP: "NetworkPolicy",
};

/** The hand-made format: symbols, short policies, one object per flow. */
const handMade = (line: Json, symbols: Json, version: CiliumVersion): Scenario => {
  const id = String(line["id"]);
  const options = isJson(line["opts"]) ? line["opts"] : {};
  const settings = settingsOf(options, version, "default");
  const labels = (value: unknown): LabelSet =>
    identityLabels(texts(typeof value === "string" ? symbols[value] : value), settings);
  return {
    id,
    settings,
    withoutRedirects: flag(options["noRedirects"], false),
    policies: list(line["policies"]).map((raw) => {
      const { name, kind, ns, invalid, ...rest } = record(raw, `${id}: a policy`);
      const short = typeof kind === "string" ? kind : "CNP";
      const metadata = short === "CCNP" ? { name } : { name, namespace: ns ?? "ns1" };
      return {
        document: {
          object: { apiVersion: "cilium.io/v2", kind: KINDS[short] ?? short, metadata, ...rest },
          origin: null,
        },
        name: String(name),
        refused: typeof invalid === "string" ? invalid : null,
      };
    }),
    flows: list(line["flows"]).map((raw, i) => {
      const flow = record(raw, `${id}: a flow`);
      const where = `${id} ${typeof flow["n"] === "string" ? flow["n"] : i}`;
      const [name = "", port = "0"] = String(flow["l4"]).split(":");
      const own = flow[`v${version}`];
      const named = isJson(flow["named"]) ? flow["named"] : {};
      return {
        name: where,
        direction: flow["d"] === "in" ? "ingress" : "egress",
        subject: labels(flow["s"]),
        peer: labels(flow["p"]),
        protocol: protocol(name, where),
        port: Number(port),
        namedPorts: Object.fromEntries(Object.entries(named).map(([k, v]) => [k, Number(v)])),
        expected: verdict(own ?? flow["v"], where),
        by: own === undefined && Array.isArray(flow["by"]) ? texts(flow["by"]) : null,
      };
    }),
  };
};

/** The generated format: identities in the header, whole objects, flows as tuples. */
export const generatedScenario = (line: Json, header: Json, version: CiliumVersion): Scenario => {
  const id = String(line["id"]);
  const cluster = typeof header["clusterName"] === "string" ? header["clusterName"] : "default";
  const settings = settingsOf(isJson(line["settings"]) ? line["settings"] : {}, version, cluster);
  const identities = record(header["identities"], "identities");
  const named = isJson(header["namedPortsOfEverySubject"]) ? header["namedPortsOfEverySubject"] : {};
  const namedPorts = Object.fromEntries(Object.entries(named).map(([k, v]) => [k, Number(v)]));
  const labels = (key: unknown): LabelSet => identityLabels(texts(identities[String(key)]), settings);
  const refused = new Map(
    list(line["invalid"]).map((raw) => {
      const { policy, error } = record(raw, `${id}: invalid`);
      return [Number(policy), String(error)] as const;
    }),
  );
  return {
    id,
    settings,
    withoutRedirects: false,
    policies: list(line["policies"]).map((object, i) => {
      const metadata = isJson(object) && isJson(object["metadata"]) ? object["metadata"] : {};
      return {
        document: { object, origin: null },
        name: typeof metadata["name"] === "string" ? metadata["name"] : String(i),
        refused: refused.get(i) ?? null,
      };
    }),
    flows: list(line["flows"]).map((raw) => {
      const [direction, subject, peer, name, port, expected] = list(raw);
      const where = `${id} ${String(direction)} ${String(subject)} ${String(peer)} ${String(name)}:${String(port)}`;
      return {
        name: where,
        direction: direction === "ingress" ? "ingress" : "egress",
        subject: labels(subject),
        peer: labels(peer),
        protocol: protocol(String(name), where),
        port: Number(port),
        namedPorts,
        expected: verdict(expected, where),
        by: null,
      };
    }),
  };
};

/** Reads a verdict file of either format, plain or gzipped. Throws with the line's number when it is neither. */
export const readVectors = (file: string, version: CiliumVersion = "1.19"): readonly Scenario[] => {
  const bytes = readFileSync(file);
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const lines = (zipped ? gunzipSync(bytes) : bytes).toString("utf8").split("\n");
  let header: Json | null = null;
  const out: Scenario[] = [];
  for (const [i, text] of lines.entries()) {
    if (text.trim() === "") continue;
    try {
      const line = record(JSON.parse(text), "a line");
      if ("header" in line) header = line;
      else if (header === null) throw new Error("the first line must be the header");
      else if (isJson(header["identities"])) out.push(generatedScenario(line, header, version));
      else out.push(handMade(line, isJson(header["symbols"]) ? header["symbols"] : {}, version));
    } catch (error) {
      throw new Error(`${file}:${i + 1}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  return out;
};
