import { contains, parseCidr } from "../cilium/cidr.ts";
import type { Direction } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import type { PeerView, PortView, RuleView, SpecView } from "./policy-view.ts";
import type { Selector } from "./selector.ts";

/** Whether one written thing takes in another: by what stands in the policies, not by which pods happen to run. */

const NODES: readonly string[] = ["host", "remote-node", "kube-apiserver", "health", "init", "ingress", "unmanaged"];

const entityCovers = (outer: string, inner: string): boolean =>
  outer === inner || outer === "all" || (outer === "cluster" && NODES.includes(inner));

const isEverywhere = (cidr: string): boolean => /^(0\.0\.0\.0|::)\/0$/.test(cidr);

/** Every term of the wider selector is asked by the narrower one too. */
export const selectorCovers = (outer: Selector, inner: Selector): boolean =>
  outer.terms.every((o) =>
    inner.terms.some((i) => {
      if (i.key !== o.key) return false;
      if (o.operator === "Exists") return i.operator === "In" || i.operator === "Exists";
      if (o.operator === i.operator && o.operator === "DoesNotExist") return true;
      if (o.operator === "In" && i.operator === "In") return i.values.every((v) => o.values.includes(v));
      if (o.operator === "NotIn" && i.operator === "In") return i.values.every((v) => !o.values.includes(v));
      if (o.operator === "NotIn" && i.operator === "NotIn") return o.values.every((v) => i.values.includes(v));
      return false;
    }),
  );

export const peerCovers = (outer: PeerView, inner: PeerView): boolean => {
  if (outer.kind === "entity") {
    if (outer.entity === "all") return true;
    if (inner.kind === "entity") return entityCovers(outer.entity, inner.entity);
    if (inner.kind === "cidr" || inner.kind === "fqdn") return outer.entity === "world";
    return (
      inner.kind === "endpoints" &&
      outer.entity === "cluster" &&
      inner.selector.terms.every((t) => t.source !== "reserved")
    );
  }
  if (outer.kind === "endpoints") return inner.kind === "endpoints" && selectorCovers(outer.selector, inner.selector);
  if (outer.kind === "cidr") {
    if (inner.kind === "fqdn") return isEverywhere(outer.cidr) && outer.except.length === 0;
    if (inner.kind === "entity")
      return inner.entity === "world" && isEverywhere(outer.cidr) && outer.except.length === 0;
    if (inner.kind !== "cidr") return false;
    const [wide, narrow] = [parseCidr(outer.cidr), parseCidr(inner.cidr)];
    if (wide === null || narrow === null || !contains(wide, narrow)) return false;
    return outer.except.every((except) => inner.except.includes(except));
  }
  if (outer.kind === "fqdn") return inner.kind === "fqdn" && (outer.name === "*" || outer.name === inner.name);
  return false;
};

const protocolCovers = (outer: string, inner: string): boolean => outer === "ANY" || outer === inner;

const portCovers = (outer: PortView, inner: PortView): boolean => {
  if (!protocolCovers(outer.protocol, inner.protocol)) return false;
  if (outer.number === 0) return true;
  if (outer.number === null || inner.number === null) return outer.port === inner.port;
  const end = Math.max(outer.endPort ?? outer.number, outer.number);
  return outer.number <= inner.number && Math.max(inner.endPort ?? inner.number, inner.number) <= end;
};

export const portsCover = (outer: readonly PortView[] | null, inner: readonly PortView[] | null): boolean => {
  if (outer === null) return true;
  if (inner === null) return false;
  return inner.every((i) => outer.some((o) => portCovers(o, i)));
};

export const portsMeet = (a: readonly PortView[] | null, b: readonly PortView[] | null): boolean => {
  if (a === null || b === null) return true;
  return a.some((x) => b.some((y) => portCovers(x, y) || portCovers(y, x)));
};

/** Whether a rule takes in this peer on these ports. */
export const ruleCovers = (rule: RuleView, peer: PeerView, ports: readonly PortView[] | null): boolean =>
  !rule.deny && portsCover(rule.ports, ports) && (rule.everyone || rule.peers.some((outer) => peerCovers(outer, peer)));

/** Whether every pod that `inner` selects is selected by `outer`, as far as the selectors say. */
export const subjectCovers = (outer: SpecView, inner: SpecView): boolean =>
  !outer.nodes && !inner.nodes && selectorCovers(outer.subject, inner.subject);

/** Allow rules that select the same pods as this one, the rule itself left out. */
export const besides = (context: Context, rule: RuleView): readonly RuleView[] =>
  context.rules.filter(
    (other) =>
      other !== rule && other.direction === rule.direction && !other.deny && subjectCovers(other.spec, rule.spec),
  );

export const PEER_WORD: Readonly<Record<Direction, string>> = { ingress: "from", egress: "to" };
