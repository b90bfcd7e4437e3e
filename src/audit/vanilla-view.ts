import type { Direction } from "../facts/verdict.ts";
import { DIRECTIONS } from "../facts/verdict.ts";
import type { Path } from "./json.ts";
import { asList, asObject, asStrings, asText, at, isObject } from "./json.ts";
import { injected, portOf, subjectOf } from "./lowering.ts";
import type { PeerView, PolicyView, RuleView, SpecView } from "./policy-view.ts";
import { namespaceLabelKey, readSelector, selector } from "./selector.ts";

const vanillaPeer = (item: unknown, path: Path, namespace: string): PeerView => {
  const cidr = asText(at(item, "ipBlock", "cidr"));
  if (cidr !== null) return { path, kind: "cidr", cidr, except: asStrings(at(item, "ipBlock", "except")) };
  const pods = readSelector(at(item, "podSelector"));
  const spaces = at(item, "namespaceSelector");
  if (!isObject(spaces)) return { path, kind: "endpoints", written: pods, selector: injected(pods, namespace) };
  const named = readSelector(spaces, namespaceLabelKey).terms;
  const all = selector([...pods.terms, ...named]);
  return { path, kind: "endpoints", written: all, selector: injected(all, null) };
};

/** The `spec` of a Kubernetes NetworkPolicy. */
export const vanillaSpec = (policy: PolicyView, object: unknown): SpecView => {
  const spec = asObject(at(object, "spec"));
  const namespace = policy.namespace ?? "default";
  const types = asStrings(spec["policyTypes"]);
  const governs = (direction: Direction): boolean => {
    if (types.length > 0) return types.some((t) => t.toLowerCase() === direction);
    return direction === "ingress" || spec["egress"] !== undefined;
  };
  const rules: RuleView[] = [];
  const view: SpecView = {
    path: ["spec"],
    subject: subjectOf(spec["podSelector"], namespace),
    nodes: false,
    enforces: { ingress: governs("ingress"), egress: governs("egress") },
    additive: { ingress: false, egress: false },
    rules,
  };
  for (const direction of DIRECTIONS)
    for (const [i, rule] of asList(spec[direction]).entries()) {
      const path = ["spec", direction, i];
      const key = direction === "ingress" ? "from" : "to";
      const list = asList(at(rule, key));
      const ports = asList(at(rule, "ports")).map((port, j) => portOf(port, [...path, "ports", j], false));
      rules.push({
        policy,
        spec: view,
        path,
        direction,
        deny: false,
        peers: list.map((item, j) => vanillaPeer(item, [...path, key, j], namespace)),
        everyone: list.length === 0,
        bare: false,
        emptyPeers: [],
        ports: ports.length === 0 ? null : ports.map((p) => (p.protocol === "ANY" ? { ...p, protocol: "TCP" } : p)),
        icmp: false,
        dnsRules: [],
      });
    }
  return view;
};
