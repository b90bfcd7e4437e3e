import { isRecord } from "../facts/json.ts";
import type { PolicyDocument, PolicyKind, PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Direction } from "../facts/verdict.ts";
import { own, Value } from "./go-json.ts";
import { readSelector } from "./label-syntax.ts";
import { checkPeers, type RawPeers, readPeers } from "./decode-peers.ts";
import { type RawPorts, readPorts } from "./decode-ports.ts";
import type { Problems } from "./problems.ts";
import { pointer } from "./problems.ts";
import type { SelectorTerms } from "./selector.ts";

/** One element of one section, decoded. */
export interface RawRule {
  readonly pointer: string;
  readonly direction: Direction;
  readonly action: "allow" | "deny";
  readonly peers: RawPeers;
  readonly ports: RawPorts;
  readonly authentication: string | null;
}

/** One `spec`, or one element of `specs`. */
export interface RawSpec {
  readonly endpointSelector: SelectorTerms | null;
  readonly nodeSelector: SelectorTerms | null;
  readonly rules: readonly RawRule[];
  readonly enableDefaultDeny: Readonly<Record<Direction, boolean | null>>;
}

export interface DecodeContext {
  readonly settings: CiliumSettings;
  readonly kind: PolicyKind;
}

const SECTIONS = [
  { key: "ingress", direction: "ingress", action: "allow" },
  { key: "ingressDeny", direction: "ingress", action: "deny" },
  { key: "egress", direction: "egress", action: "allow" },
  { key: "egressDeny", direction: "egress", action: "deny" },
] as const;

export type Section = (typeof SECTIONS)[number];

const KINDS: ReadonlySet<string> = new Set<PolicyKind>([
  "CiliumNetworkPolicy",
  "CiliumClusterwideNetworkPolicy",
  "NetworkPolicy",
]);

const isKind = (text: unknown): text is PolicyKind => typeof text === "string" && KINDS.has(text);

/**
 * Which policy a document is, whatever else is wrong with it. A namespaced policy that names no namespace, and lands in
 * none that is known, lands in `default`.
 */
export const refOf = (document: PolicyDocument): PolicyRef => {
  const object = isRecord(document.object) ? document.object : {};
  const kind = own(object, "kind");
  const metadata = own(object, "metadata");
  const name = isRecord(metadata) ? own(metadata, "name") : undefined;
  const namespace = isRecord(metadata) ? own(metadata, "namespace") : undefined;
  const ref = {
    kind: isKind(kind) ? kind : "CiliumNetworkPolicy",
    name: typeof name === "string" ? name : "",
  } as const;
  if (ref.kind === "CiliumClusterwideNetworkPolicy") return { ...ref, namespace: null };
  const stated = typeof namespace === "string" && namespace !== "" ? namespace : null;
  return { ...ref, namespace: stated ?? document.namespace ?? "default" };
};

const readAuthentication = (value: Value): string | null => {
  if (value.isNull) return null;
  value.checkObject();
  return value.textAt("mode");
};

const checkLabels = (value: Value): void => {
  for (const item of value.list() ?? []) {
    const key = isRecord(item.raw) ? own(item.raw, "key") : item.raw;
    if (typeof key !== "string" || key === "") {
      item.refuse("a rule label needs a key", "Write the label as `key=value` or give it a `key`.");
    }
  }
};

const readRule = (value: Value, section: Section, host: boolean, context: DecodeContext): RawRule => {
  value.checkObject();
  const peers = readPeers(value, section, context.settings);
  checkPeers(value, peers, section, context.settings);
  return {
    pointer: pointer(value.path),
    direction: section.direction,
    action: section.action,
    peers,
    ports: readPorts(value, section, host, context.settings),
    authentication: section.action === "allow" ? readAuthentication(value.at("authentication")) : null,
  };
};

const readSpec = (value: Value, context: DecodeContext): RawSpec => {
  value.checkObject();
  const endpoint = value.at("endpointSelector");
  const node = value.at("nodeSelector");
  const rules: RawRule[] = [];
  for (const section of SECTIONS) {
    for (const item of value.listAt(section.key) ?? []) {
      rules.push(readRule(item, section, !node.isAbsent, context));
    }
  }
  if (rules.length === 0) {
    value.refuse(
      "rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny: all sections are empty or absent, so nothing of it is enforced",
      "For a default deny write `ingress: [{}]` and `egress: [{}]`.",
    );
  }
  if (endpoint.isAbsent && node.isAbsent) {
    value.refuse(
      "rule must have one of EndpointSelector or NodeSelector",
      "Add `endpointSelector: {}` for every pod in scope.",
    );
  }
  if (!endpoint.isAbsent && !node.isAbsent) {
    node.refuse("rule cannot have both EndpointSelector and NodeSelector", "Remove one of the two selectors.");
  }
  if (!node.isAbsent && context.kind === "CiliumNetworkPolicy") {
    node.refuse("a CiliumNetworkPolicy cannot have a nodeSelector", "Use a CiliumClusterwideNetworkPolicy for nodes.");
  }
  checkLabels(value.at("labels"));
  value.textAt("description");
  const log = value.at("log");
  log.checkObject();
  log.textAt("value");
  const deny = value.at("enableDefaultDeny");
  deny.checkObject();
  return {
    endpointSelector: endpoint.isAbsent ? null : readSelector(endpoint),
    nodeSelector: node.isAbsent ? null : readSelector(node),
    rules,
    enableDefaultDeny: { ingress: deny.at("ingress").flag(), egress: deny.at("egress").flag() },
  };
};

/**
 * Decodes a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy and applies the agent's own checks (C C.1). What comes
 * back is only meant for lowering when no problem of layer `agent` was added.
 */
export const decodeCilium = (
  document: PolicyDocument,
  context: DecodeContext,
  problems: Problems,
): readonly RawSpec[] => {
  const root = new Value(document.object, problems);
  if (!isRecord(document.object)) {
    root.refuse("a policy must be an object", "Write one Kubernetes object per YAML document.");
    return [];
  }
  const metadata = root.at("metadata");
  metadata.checkObject();
  if (metadata.textAt("name") === "") metadata.refuse("the policy has no name", "Set metadata.name.");
  metadata.textAt("namespace");
  const spec = root.at("spec");
  const specs = root.listAt("specs");
  if (spec.isNull && specs === null) {
    root.refuse("empty policy: neither spec nor specs", "Add a spec.");
    return [];
  }
  const out: RawSpec[] = [];
  if (!spec.isNull) out.push(readSpec(spec, context));
  for (const item of specs ?? []) {
    if (item.isNull) {
      item.refuse("an element of specs is null", "Remove it.");
      continue;
    }
    out.push(readSpec(item, context));
  }
  return out;
};
