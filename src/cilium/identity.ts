import type { LabelSet } from "../facts/labels.ts";
import { contains, parseCidrLabel, type Prefix } from "./cidr.ts";
import { parseLabel } from "./labels.ts";

/** A label set taken apart once, so that selectors can ask it by key. */
export class Identity {
  readonly labels: LabelSet;
  readonly #bySource = new Map<string, string>();
  readonly #byKey = new Map<string, string>();
  readonly cidrs: readonly Prefix[];
  readonly fqdns: ReadonlySet<string>;
  readonly isHost: boolean;
  /** Host or remote node: an address of the cluster's nodes. */
  readonly isNode: boolean;
  /** `reserved:unknown`: Hubble's way of saying that nobody knows. */
  readonly isUnknown: boolean;
  /** The world of one family, and nothing more is known of the address. */
  readonly isFamilyWorld: boolean;
  /** Outside the cluster: what CIDR and FQDN rules are about (C B.3.3). */
  readonly isWorld: boolean;

  constructor(labels: LabelSet) {
    this.labels = labels;
    const cidrs: Prefix[] = [];
    const fqdns = new Set<string>();
    for (const text of labels) {
      const label = parseLabel(text);
      const prefix = label.source === "cidr" ? parseCidrLabel(label.key) : null;
      if (prefix !== null) cidrs.push(prefix);
      if (label.source === "fqdn") fqdns.add(label.key);
      const exact = `${label.source}:${label.key}`;
      if (!this.#bySource.has(exact)) this.#bySource.set(exact, label.value);
      if (!this.#byKey.has(label.key)) this.#byKey.set(label.key, label.value);
    }
    this.cidrs = cidrs;
    this.fqdns = fqdns;
    this.isFamilyWorld = labels.length === 1 && /^reserved:world-ipv[46]$/.test(labels[0] ?? "");
    this.isUnknown = this.#bySource.has("reserved:unknown");
    this.isHost = this.#bySource.has("reserved:host");
    this.isNode = this.isHost || this.#bySource.has("reserved:remote-node");
    this.isWorld =
      !this.isNode &&
      (cidrs.length > 0 ||
        fqdns.size > 0 ||
        this.#bySource.has("reserved:world") ||
        this.#bySource.has("reserved:world-ipv4") ||
        this.#bySource.has("reserved:world-ipv6"));
  }

  /** The value of a label, or undefined when there is none. `any` asks every source; `cidr` asks by containment (C B.3.2). */
  lookup(source: string, key: string): string | undefined {
    if (source === "any") return this.#byKey.get(key);
    if (source === "cidr") {
      const outer = parseCidrLabel(key);
      return outer !== null && this.cidrs.some((own) => contains(outer, own)) ? "" : undefined;
    }
    return this.#bySource.get(`${source}:${key}`);
  }

  has(source: string, key: string): boolean {
    return this.lookup(source, key) !== undefined;
  }
}
