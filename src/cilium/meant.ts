import { isRecord, type Json } from "../facts/json.ts";
import type { PolicyKind } from "../facts/policy.ts";
import { filedPort, isServiceName, parseGoUint16 } from "./ports.ts";
import { extendedKey } from "./selector.ts";
import { own } from "./go-json.ts";
import type { Path, Problems } from "./problems.ts";

/**
 * What the API server and the agent both accept, and nobody can have meant (C A.6, A.7). The object may be anything: only what
 * has the right type is looked at, the other layers say the rest.
 */

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const at = (value: unknown, key: string): unknown => (isRecord(value) ? own(value, key) : undefined);
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

class MeantCheck {
  readonly #problems: Problems;
  readonly #kind: PolicyKind;
  readonly #namespace: string | null;

  constructor(problems: Problems, kind: PolicyKind, namespace: string | null) {
    this.#problems = problems;
    this.#kind = kind;
    this.#namespace = namespace;
  }

  #say(path: Path, message: string, remedy: string): void {
    this.#problems.add("meant", path, message, remedy);
  }

  spec(spec: Json, path: Path): void {
    this.#subject(own(spec, "endpointSelector"), [...path, "endpointSelector"]);
    const filled = (key: string): boolean => items(own(spec, key)).length > 0;
    for (const direction of ["ingress", "egress"] as const) {
      const sections = [direction, `${direction}Deny`] as const;
      for (const key of sections) {
        if (isEmptyList(own(spec, key)) && !sections.some(filled)) {
          this.#say(
            [...path, key],
            `an empty ${key} section is as none: it neither denies nor allows anything`,
            `Write \`${direction}: [{}]\` for a default deny, or remove it.`,
          );
        }
        for (const [i, rule] of items(own(spec, key)).entries()) {
          if (isRecord(rule)) this.#rule(rule, direction, key !== direction, [...path, key, i]);
        }
      }
      if (at(own(spec, "enableDefaultDeny"), direction) === true && !sections.some(filled)) {
        this.#say(
          [...path, "enableDefaultDeny", direction],
          `has no effect: the policy has no ${direction} rules, and only rules turn default deny on`,
          `Add \`${direction}: [{}]\`, or remove it.`,
        );
      }
    }
  }

  #subject(selector: unknown, path: Path): void {
    this.#selector(selector, path);
    if (this.#kind !== "CiliumNetworkPolicy" || !isRecord(selector)) return;
    const labels = own(selector, "matchLabels");
    for (const [key, value] of Object.entries(isRecord(labels) ? labels : {})) {
      const where = [...path, "matchLabels", key];
      const extended = extendedKey(key);
      if (extended === "reserved.init") {
        this.#say(where, "a namespaced policy never selects reserved:init", "Use a CiliumClusterwideNetworkPolicy.");
      }
      if (value === this.#namespace) continue;
      if (extended === "k8s.io.kubernetes.pod.namespace") {
        this.#say(
          where,
          `is overwritten: the policy selects pods of its own namespace ${this.#namespace ?? ""}`,
          "Move the policy to the namespace that is meant.",
        );
      } else if (extended === "any.io.kubernetes.pod.namespace") {
        this.#say(
          where,
          "selects nothing: the policy's own namespace is required as well",
          "Move the policy, or remove the label.",
        );
      }
    }
  }

  #selector(selector: unknown, path: Path): void {
    const labels = at(selector, "matchLabels");
    const seen = new Map<string, string>();
    for (const key of isRecord(labels) ? Object.keys(labels) : []) {
      const extended = extendedKey(key);
      const other = seen.get(extended);
      if (other !== undefined) {
        this.#say(
          [...path, "matchLabels", key],
          `${JSON.stringify(other)} and ${JSON.stringify(key)} are one key: the agent keeps either`,
          "Keep one of them, or use matchExpressions.",
        );
      }
      seen.set(extended, key);
    }
  }

  #rule(rule: Json, direction: "ingress" | "egress", deny: boolean, path: Path): void {
    const prefix = direction === "ingress" ? "from" : "to";
    const ports = items(own(rule, "toPorts"));
    for (const kind of ["Endpoints", "Entities", "CIDR", "CIDRSet", "Nodes"] as const) {
      const key = `${prefix}${kind}`;
      if (isEmptyList(own(rule, key))) {
        this.#say(
          [...path, key],
          "an empty list selects nobody: the rule matches nothing",
          "Name the peers, or remove the key to mean everybody.",
        );
      }
    }
    for (const [i, selector] of items(own(rule, `${prefix}Endpoints`)).entries()) {
      this.#selector(selector, [...path, `${prefix}Endpoints`, i]);
    }
    for (const key of ["toFQDNs", "toServices"] as const) {
      if (deny || !isEmptyList(own(rule, key)) || ports.length === 0) continue;
      this.#say(
        [...path, key],
        `an empty ${key} counts as absent: the ports are open to everybody`,
        "Name the peers, or remove the rule.",
      );
    }
    if (deny && items(own(rule, "toServices")).length > 0) {
      this.#say(
        [...path, "toServices"],
        ports.length > 0
          ? "is never translated under egressDeny: the ports are denied to every destination"
          : "is never translated under egressDeny: the rule denies nothing",
        "Use toEndpoints with the labels of the pods behind the Service.",
      );
    }
    for (const [i, entry] of ports.entries()) {
      if (isRecord(entry)) this.#ports(entry, [...path, "toPorts", i]);
    }
    for (const [i, icmp] of items(own(rule, "icmps")).entries()) this.#icmp(icmp, [...path, "icmps", i]);
  }

  #ports(entry: Json, path: Path): void {
    const ports = items(own(entry, "ports"));
    if (ports.length === 0) {
      this.#say(
        path,
        "no ports: this entry matches nothing",
        'Name the ports, `port: "0"` for all, or remove toPorts.',
      );
    }
    for (const [i, port] of ports.entries()) {
      const written = at(port, "port");
      if (
        typeof written === "string" &&
        !isServiceName(written) &&
        parseGoUint16(written).value !== filedPort(written)
      ) {
        this.#say(
          [...path, "ports", i, "port"],
          `${JSON.stringify(written)} is read as ${parseGoUint16(written).value} in one place of the agent and as ${filedPort(written)} in another`,
          "Write the port in plain decimal.",
        );
      }
      const start = Number(written);
      const end = at(port, "endPort");
      if (typeof end === "number" && end > 0 && end < start) {
        this.#say(
          [...path, "ports", i, "endPort"],
          `lies below the port: only ${start} is meant by it`,
          "Correct the range, or remove endPort.",
        );
      }
    }
  }

  #icmp(icmp: unknown, path: Path): void {
    const fields = items(at(icmp, "fields"));
    if (fields.length === 0) this.#say(path, "no fields: this entry matches nothing", "Name the ICMP types.");
    for (const [i, field] of fields.entries()) {
      const type = at(field, "type");
      if (type === 0 || type === "0" || (type === "EchoReply" && at(field, "family") !== "IPv6")) {
        this.#say(
          [...path, "fields", i, "type"],
          "type 0 means every ICMP type of the family",
          "Replies need no rule: remove it.",
        );
      }
    }
  }
}

export const checkMeant = (object: unknown, kind: PolicyKind, namespace: string | null, problems: Problems): void => {
  if (!isRecord(object)) return;
  const check = new MeantCheck(problems, kind, namespace);
  const spec = own(object, "spec");
  if (isRecord(spec)) check.spec(spec, ["spec"]);
  for (const [i, item] of items(own(object, "specs")).entries()) if (isRecord(item)) check.spec(item, ["specs", i]);
};
