import type { RuleRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { ConnectionVerdict, DirectionVerdict, Question, Verdict } from "../facts/verdict.ts";
import {
  ANYONE,
  coversNamed,
  type DirectionTable,
  type Entry,
  type EntryIndex,
  resolveName,
} from "./direction-table.ts";
import type { Identity } from "./identity.ts";
import { ON_PAPER, UNKNOWN, YES } from "./model.ts";
import type { KnownPeer, PeerTable } from "./peer.ts";
import type { Tables } from "./tables.ts";

export interface JudgeContext {
  readonly settings: CiliumSettings;
  readonly tables: Tables;
  readonly subject: Identity;
  readonly table: DirectionTable;
  readonly peers: PeerTable;
  readonly peer: KnownPeer;
}

const NO_REFS: readonly RuleRef[] = [];
const NOTHING: readonly string[] = [];

const plain = (outcome: DirectionVerdict["outcome"], verdict: Verdict): DirectionVerdict => ({
  outcome,
  verdict,
  by: NO_REFS,
  defaultDeny: NO_REFS,
  auth: false,
  missing: NOTHING,
});

/** Nothing restricts the direction. */
export const openVerdict: DirectionVerdict = plain("allowed", "allowed");
/** The end has no policy, so it lets everything pass. */
export const notSubject: DirectionVerdict = plain("not-subject", "allowed");

/** What the entries of one action said of one question. */
interface Findings {
  readonly yes: Entry[];
  readonly onPaper: Entry[];
  readonly unknown: Entry[];
}

const file = (entry: Entry, context: JudgeContext, into: Findings): void => {
  const answer = entry.peer === ANYONE ? YES : context.peers.match(entry.peer, context.peer);
  if (answer === YES) into.yes.push(entry);
  else if (answer === UNKNOWN) into.unknown.push(entry);
  else if (answer === ON_PAPER) into.onPaper.push(entry);
};

/** The port a name stands for, by the endpoint that owns it: the subject on ingress, the peers on egress (C B.6.3). */
const resolve = (entry: Entry, question: Question, tables: Tables): number | null | undefined => {
  const name = entry.name ?? "";
  if (question.direction === "ingress") return resolveName(name, entry.protocol, question.subject.namedPorts);
  if (tables.namedPorts === undefined) return resolveName(name, entry.protocol, question.peer.namedPorts);
  const ports = new Set<number>();
  for (const p of tables.namedPorts) {
    if (p.name === name && (p.protocol === null || p.protocol === entry.protocol)) ports.add(p.port);
  }
  return ports.size === 1 ? [...ports][0] : null;
};

const fileNamed = (entry: Entry, question: Question, context: JudgeContext, into: Findings): void => {
  if (entry.protocol !== question.protocol) return;
  const resolved = resolve(entry, question, context.tables);
  if (resolved === null) return;
  if (resolved !== undefined) {
    if (coversNamed(entry, resolved, question.port)) file(entry, context, into);
    return;
  }
  const answer = entry.peer === ANYONE ? YES : context.peers.match(entry.peer, context.peer);
  if (answer === YES || answer === UNKNOWN || answer === ON_PAPER) into.unknown.push(entry);
};

const find = (index: EntryIndex, question: Question, context: JudgeContext): Findings => {
  const { protocol, port } = question;
  const into: Findings = { yes: [], onPaper: [], unknown: [] };
  for (const entry of index.all) file(entry, context, into);
  for (const entry of index.exact(protocol, port)) file(entry, context, into);
  for (const entry of index.ranges) {
    if (entry.protocol === protocol && port >= entry.first && port <= entry.last) file(entry, context, into);
  }
  for (const entry of index.named) fileNamed(entry, question, context, into);
  return into;
};

const refs = (entries: readonly Entry[]): readonly RuleRef[] => {
  const out: RuleRef[] = [];
  for (const { rule } of entries) if (!out.includes(rule.ref)) out.push(rule.ref);
  return out;
};

const missing = (entries: readonly Entry[], question: Question, context: JudgeContext): readonly string[] => {
  const out = new Set<string>();
  for (const entry of entries) {
    const { peer } = entry;
    if (peer !== ANYONE && context.peers.match(peer, context.peer) === UNKNOWN) {
      out.add(context.peers.missing(peer, context.peer));
    } else {
      const owner = question.direction === "ingress" ? "the subject" : "the peer";
      out.add(`the container port that ${owner} names ${JSON.stringify(entry.name)}`);
    }
  }
  return [...out].sort();
};

const unknown = (why: readonly string[]): DirectionVerdict => ({ ...plain("unknown", "unknown"), missing: why });

const needsAuth = (entries: readonly Entry[]): boolean =>
  entries.some(({ rule }) => rule.authentication === "required" || rule.authentication === "test-always-fail");

const allowedBy = (entries: readonly Entry[], onPaper: boolean): DirectionVerdict => {
  const redirected = entries.filter((e) => e.redirect !== null);
  const l7 = redirected.length > 0;
  const verdict = {
    outcome: l7 ? "allowed-l7" : "allowed",
    verdict: "allowed",
    by: refs(l7 ? redirected : entries),
    defaultDeny: NO_REFS,
    auth: needsAuth(entries),
    missing: NOTHING,
  } as const;
  return onPaper ? { ...verdict, onPaper } : verdict;
};

/**
 * One direction, three-valued (C G.4): an explicit deny wins over everything; then, where default deny holds, some allow must
 * match; what cannot be known never turns into allowed, and a default deny stays one whatever else is unknown.
 */
export const judgeDirection = (question: Question, context: JudgeContext): DirectionVerdict => {
  const { table, settings, peer } = context;
  if (table.conflict !== null) return unknown([table.conflict]);
  const { protocol } = question;
  // The datapath drops what it cannot parse, whatever the policy says (C A.8, lesson 35).
  if (!settings.extendedIpProtocols && (protocol === "VRRP" || protocol === "IGMP")) {
    return plain("default-denied", "dropped");
  }
  const deny = find(table.deny, question, context);
  if (deny.yes.length > 0) return { ...plain("denied", "dropped"), by: refs(deny.yes) };
  const allow = find(table.allow, question, context);
  const isHost = question.direction === "ingress" && !context.subject.isHost && settings.allowLocalhost === "always";
  let base: DirectionVerdict;
  if (!table.defaultDeny || allow.yes.length > 0) base = allowedBy(allow.yes, false);
  else if (isHost && peer.identity?.isHost === true) base = openVerdict;
  else if (allow.onPaper.length > 0) base = allowedBy(allow.onPaper, true);
  else if (allow.unknown.length > 0) base = unknown(missing(allow.unknown, question, context));
  else if (isHost && peer.identity === null) base = unknown(["the peer's identity labels"]);
  else return { ...plain("default-denied", "dropped"), defaultDeny: table.defaultDenyBy };
  if (deny.unknown.length === 0) return base;
  return unknown([...new Set([...missing(deny.unknown, question, context), ...base.missing])].sort());
};

/** Dropped if either end drops, unknown if either is unknown (C G.4.7). */
export const combine = (egress: DirectionVerdict, ingress: DirectionVerdict): ConnectionVerdict => {
  const both = [egress.verdict, ingress.verdict];
  const verdict = both.includes("dropped") ? "dropped" : both.includes("unknown") ? "unknown" : "allowed";
  const missing = verdict === "unknown" ? [...new Set([...egress.missing, ...ingress.missing])] : [];
  return { verdict, egress, ingress, missing };
};
