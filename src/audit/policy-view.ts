import type { AppliedPolicy } from "../facts/inventory.ts";
import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { Origin, PolicyRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import type { Path } from "./json.ts";
import type { Selector } from "./selector.ts";
import { selector } from "./selector.ts";

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
