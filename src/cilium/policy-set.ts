import { hasReserved, type LabelSet } from "../facts/labels.ts";
import { policyId, type PolicyDocument, type PolicyRef, type RuleRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import {
  type ConnectionVerdict,
  type Direction,
  type DirectionVerdict,
  type Endpoint,
  type Peer,
  type Protocol,
  type Question,
} from "../facts/verdict.ts";
import { buildDirection, CompiledRule, type DirectionTable } from "./direction-table.ts";
import type { Identity } from "./identity.ts";
import type { PolicyRule } from "./model.ts";
import { PeerTable } from "./peer.ts";
import type { ValidityProblem } from "./problems.ts";
import { selects } from "./selector.ts";
import type { Tables } from "./tables.ts";
import { readPolicy } from "./validity.ts";
import { combine, judgeDirection, notSubject, openVerdict } from "./verdict.ts";

/** One end of a connection. `endpoint`: a pod (or Cilium's own health or ingress endpoint) that policies can select. */
export type ConnectionEnd = Peer & { readonly endpoint: boolean };

/** Both ends of a connection; `port` is the destination's after service translation, for ICMP the type (C D.1). */
export interface Connection {
  readonly source: ConnectionEnd;
  readonly destination: ConnectionEnd;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface InvalidPolicy {
  readonly ref: PolicyRef;
  readonly problems: readonly ValidityProblem[];
}

export interface DefaultDeny {
  readonly value: boolean;
  /** The rules that turn it on; empty when it is on for another reason (`enable-policy=always`, `reserved:init`). */
  readonly by: readonly RuleRef[];
}

/** Policies compiled once; every question then touches only rules that can matter. */
export interface PolicySet {
  /** One direction of one connection, seen from its subject. */
  judge(question: Question): DirectionVerdict;
  /** Both directions: each end decides for itself, and both must allow (C G.4.7). */
  connection(connection: Connection): ConnectionVerdict;
  defaultDeny(endpoint: Endpoint, direction: Direction): DefaultDeny;
  /** The policies whose subject this endpoint is, in any direction. */
  selecting(endpoint: Endpoint): readonly PolicyRef[];
  /** Their rules in one direction, lowered. */
  rules(endpoint: Endpoint, direction: Direction): readonly PolicyRule[];
  /** Policies that are not enforced at all, each with the reason. */
  readonly invalid: readonly InvalidPolicy[];
  /** The policies that are enforced. */
  readonly policies: readonly PolicyRef[];
  readonly settings: CiliumSettings;
}

export interface CompileOptions {
  /**
   * Whose refusal keeps a policy out: the API server's schema as well as the agent (what a repository's files meet), or
   * the agent alone (objects that are known to be in the API server, and comparing with Cilium's engine).
   */
  readonly refusedBy?: "schema-and-agent" | "agent";
}

interface Subject {
  readonly identity: Identity;
  /** Null: Cilium enforces nothing there (the host without host firewall, C A.3.6). */
  readonly tables: Readonly<Record<Direction, DirectionTable>> | null;
}

class CompiledPolicySet implements PolicySet {
  readonly settings: CiliumSettings;
  readonly invalid: readonly InvalidPolicy[];
  readonly policies: readonly PolicyRef[];
  readonly #tables: Tables;
  readonly #clusterwide: CompiledRule[] = [];
  readonly #byNamespace = new Map<string, CompiledRule[]>();
  readonly #peers: PeerTable;
  readonly #bySet = new WeakMap<LabelSet, Subject>();
  readonly #subjects = new Map<Identity, Subject>();

  constructor(
    rules: readonly PolicyRule[],
    policies: readonly PolicyRef[],
    invalid: readonly InvalidPolicy[],
    settings: CiliumSettings,
    tables: Tables,
  ) {
    this.settings = settings;
    this.invalid = invalid;
    this.policies = policies;
    this.#tables = tables;
    this.#peers = new PeerTable(settings);
    for (const rule of rules) {
      const compiled = new CompiledRule(rule, this.#peers);
      const { namespace } = rule.subject;
      if (namespace === null) this.#clusterwide.push(compiled);
      else {
        const list = this.#byNamespace.get(namespace);
        if (list === undefined) this.#byNamespace.set(namespace, [compiled]);
        else list.push(compiled);
      }
    }
  }

  #selecting(identity: Identity): CompiledRule[] {
    const namespace = identity.lookup("k8s", "io.kubernetes.pod.namespace");
    const own = namespace === undefined ? undefined : this.#byNamespace.get(namespace);
    const chosen = (r: CompiledRule): boolean =>
      r.rule.subject.node === identity.isHost && selects(r.rule.subject.selector, identity);
    const out = this.#clusterwide.filter(chosen);
    for (const rule of own ?? []) if (chosen(rule)) out.push(rule);
    return out;
  }

  #compile(identity: Identity): Subject {
    // Up to 1.19 Cilium asks for a label named `host` of any source: it means the node, and catches such a pod label too.
    const isHost = this.settings.version === "1.20" ? identity.isHost : identity.has("any", "host");
    if (isHost && !this.settings.hostFirewall) return { identity, tables: null };
    const rules = this.#selecting(identity);
    const forced = this.settings.enablePolicy === "always" || identity.has("any", "init");
    const table = (direction: Direction): DirectionTable =>
      buildDirection(
        rules.filter((r) => r.rule.direction === direction),
        forced,
      );
    const [ingress, egress] = [table("ingress"), table("egress")];
    // The agent computes both directions or none.
    const conflict = ingress.conflict ?? egress.conflict;
    return { identity, tables: { ingress: { ...ingress, conflict }, egress: { ...egress, conflict } } };
  }

  #subject(labels: LabelSet): Subject {
    const kept = this.#bySet.get(labels);
    if (kept !== undefined) return kept;
    const identity = this.#peers.identity(labels);
    let subject = this.#subjects.get(identity);
    if (subject === undefined) {
      subject = this.#compile(identity);
      this.#subjects.set(identity, subject);
    }
    this.#bySet.set(labels, subject);
    return subject;
  }

  judge(question: Question): DirectionVerdict {
    const { settings } = this;
    const subject = this.#subject(question.subject.labels);
    if (subject.tables === null && subject.identity.isHost) return notSubject;
    if (subject.tables === null || settings.enablePolicy === "never") return openVerdict;
    return judgeDirection(question, {
      settings,
      tables: this.#tables,
      subject: subject.identity,
      table: subject.tables[question.direction],
      peers: this.#peers,
      peer: this.#peers.peer(question.peer),
    });
  }

  connection({ source, destination, protocol, port }: Connection): ConnectionVerdict {
    const one = (direction: Direction, end: ConnectionEnd, peer: Peer): DirectionVerdict => {
      if (!end.endpoint) return notSubject;
      if (end.labels === null || hasReserved(end.labels, "unknown")) return unknownSubject;
      const { labels, namedPorts } = end;
      const subject = namedPorts === undefined ? { labels } : { labels, namedPorts };
      return this.judge({ direction, subject, peer, protocol, port });
    };
    return combine(one("egress", source, destination), one("ingress", destination, source));
  }

  defaultDeny(endpoint: Endpoint, direction: Direction): DefaultDeny {
    const table = this.#subject(endpoint.labels).tables?.[direction];
    if (table === undefined || this.settings.enablePolicy === "never") return { value: false, by: [] };
    return { value: table.defaultDeny, by: table.defaultDenyBy };
  }

  selecting(endpoint: Endpoint): readonly PolicyRef[] {
    const found = new Map<string, PolicyRef>();
    for (const { rule } of this.#selecting(this.#peers.identity(endpoint.labels))) {
      found.set(policyId(rule.ref.policy), rule.ref.policy);
    }
    return [...found.values()];
  }

  rules(endpoint: Endpoint, direction: Direction): readonly PolicyRule[] {
    const selecting = this.#selecting(this.#peers.identity(endpoint.labels));
    return selecting.flatMap(({ rule }) => (rule.direction === direction ? [rule] : []));
  }
}

const unknownSubject: DirectionVerdict = {
  outcome: "unknown",
  verdict: "unknown",
  by: [],
  defaultDeny: [],
  auth: false,
  missing: ["the subject's identity labels"],
};

/**
 * Compiles policies as Cilium would hold them. An object that is refused is left out and listed in `invalid`. The same
 * policy twice is one policy; of two that bear one name the later valid one counts, as an update would (C A.1.1).
 * Never throws for anything a YAML file can hold.
 */
export const compilePolicies = (
  documents: readonly PolicyDocument[],
  settings: CiliumSettings,
  tables: Tables = {},
  options: CompileOptions = {},
): PolicySet => {
  const kept = new Map<string, { readonly ref: PolicyRef; readonly rules: readonly PolicyRule[] }>();
  const invalid: InvalidPolicy[] = [];
  const layers = options.refusedBy === "agent" ? (["agent"] as const) : (["schema", "agent"] as const);
  for (const document of documents) {
    const { ref, rules, problems } = readPolicy(document, { settings, tables }, layers);
    const refused = problems.filter((p) => p.layer !== "meant");
    if (refused.length > 0) invalid.push({ ref, problems: refused });
    else kept.set(policyId(ref), { ref, rules });
  }
  // One order, whatever the files' order was: answers name their rules in it.
  const ordered = [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, policy]) => policy);
  return new CompiledPolicySet(
    ordered.flatMap((p) => p.rules),
    ordered.map((p) => p.ref),
    invalid,
    settings,
    tables,
  );
};
