import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { Path } from "./json.ts";
import { asObject, asText } from "./json.ts";
import type { PortView } from "./policy-view.ts";
import type { Selector } from "./selector.ts";
import { isReserved, mentionsNamespace, readSelector, selector, term } from "./selector.ts";

/** What Cilium policies and Kubernetes NetworkPolicies are read by alike. */

/** Gives a peer the namespace that the agent gives it (C A.4). */
export const injected = (written: Selector, namespace: string | null): Selector => {
  if (isReserved(written) || mentionsNamespace(written)) return written;
  const extra = namespace === null ? term(NAMESPACE_LABEL, "Exists") : term(NAMESPACE_LABEL, "In", [namespace]);
  return selector([...written.terms, extra]);
};

export const subjectOf = (value: unknown, namespace: string | null): Selector => {
  const written = readSelector(value);
  if (namespace === null) return written;
  const own = term(NAMESPACE_LABEL, "In", [namespace]);
  // `k8s:` names the key that the agent overwrites; without a source the two namespaces are ANDed (C A.3.2).
  const kept = written.terms.filter((t) => !(t.key === NAMESPACE_LABEL && t.source === "k8s"));
  return selector([...kept, own]);
};

export const portOf = (raw: unknown, path: Path, dns: boolean): PortView => {
  const object = asObject(raw);
  const port = asText(object["port"]) ?? "";
  const end = Number(asText(object["endPort"]) ?? "");
  return {
    path: [...path, "port"],
    port,
    number: /^\d{1,5}$/.test(port) ? Number(port) : null,
    endPort: Number.isInteger(end) && end > 0 ? end : null,
    protocol: (asText(object["protocol"]) ?? "ANY").toUpperCase(),
    dns,
  };
};
