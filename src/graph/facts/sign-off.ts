import type { Attestation } from "../../facts/attestation.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { appliedDigest, selectingAny } from "../../rollout/applied-digest.ts";
import type { GateFacts } from "../gate.ts";
import type { PolicyView } from "./views.ts";

/** The attestation that the resume named, as the store has it; null when there is none for this namespace. */
export const answered = (facts: GateFacts): Attestation | null =>
  facts.attestations.known
    ? (facts.attestations.value.find(
        (a) => a.id === facts.request.answer && a.request.namespace === facts.request.namespace,
      ) ?? null)
    : null;

const NAMES_APP: ReadonlySet<string> = new Set(["HTTPRoute", "Ingress"]);

/** Public hostnames that lead to pods of a namespace: what a person can open. */
export const publicUrls = (inventory: Inventory, namespace: string): readonly string[] => [
  ...new Set(
    inventory.routes
      .filter((r) => NAMES_APP.has(r.kind) && r.backends.some((b) => b.namespace === namespace))
      .flatMap((r) => r.hostnames)
      .filter((host) => !host.startsWith("*."))
      .map((host) => `https://${host}/`),
  ),
];

/** Hosts whose pods are configured with an identity provider: a login there is a round trip, not a page. */
export const hostsWithLogin = (inventory: Inventory, namespace: string): ReadonlySet<string> => {
  const clients = inventory.declared.filter((d) => d.why === "issuer" && d.source.namespace === namespace);
  if (clients.length === 0) return new Set();
  const own = inventory.declared.filter(
    (d) => d.source.namespace === namespace && (d.why === "redirect" || d.why === "issuer"),
  );
  const redirects = own.filter((d) => d.why === "redirect" && d.target.kind === "host");
  const named = redirects.map((d) => (d.target.kind === "host" ? d.target.host : ""));
  if (named.length > 0) return new Set(named);
  const services = new Set(clients.map((d) => d.source.workload));
  return new Set(
    inventory.routes
      .filter((r) => r.backends.some((b) => b.namespace === namespace && services.has(b.service)))
      .flatMap((r) => r.hostnames),
  );
};

/** Digest of everything applied that selects the namespace's pods: the exact bytes that a person signs for. */
export const standingDigest = (view: PolicyView, namespace: string): string => {
  const here = view.subjects.filter((s) => s.namespace === namespace);
  return appliedDigest(selectingAny(view.standing, view.sets.standing, here));
};
