import type { WorkloadFact } from "../facts/inventory.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { at, isRecord, list, strings, text, type Path } from "./json.ts";
import { groupOf } from "./walk/resource.ts";

/** Names that a certificate is asked for, and the object that asks. */
export interface Asked {
  readonly namespace: string;
  readonly names: readonly string[];
  readonly object: Rendered;
  readonly path: Path;
}

export const isIssuer = (object: Rendered): boolean =>
  (object.kind === "Issuer" || object.kind === "ClusterIssuer") && groupOf(object.object) === "cert-manager.io";

/** Where an issuer's solvers of one kind stand. */
export const solversOf = (issuer: Rendered, kind: "dns01" | "http01"): readonly Path[] =>
  list(at(issuer.object, "spec", "acme", "solvers")).flatMap((solver, index) =>
    isRecord(at(solver, kind)) ? [["spec", "acme", "solvers", index, kind]] : [],
  );

const isIssuedBy = (certificate: Rendered, issuer: Rendered): boolean => {
  const ref = at(certificate.object, "spec", "issuerRef");
  const kind = text(at(ref, "kind")) ?? "Issuer";
  if (text(at(ref, "name")) !== issuer.name || kind !== issuer.kind) return false;
  return kind === "ClusterIssuer" || certificate.namespace === issuer.namespace;
};

/** Names that a Gateway or an Ingress asks a certificate for by its annotation. */
const annotated = (object: Rendered, issuer: Rendered): readonly string[] => {
  const key = issuer.kind === "ClusterIssuer" ? "cert-manager.io/cluster-issuer" : "cert-manager.io/issuer";
  if (text(at(object.object, "metadata", "annotations", key)) !== issuer.name) return [];
  if (issuer.kind === "Issuer" && object.namespace !== issuer.namespace) return [];
  return object.kind === "Gateway"
    ? list(at(object.object, "spec", "listeners")).flatMap((listener) => text(at(listener, "hostname")) ?? [])
    : list(at(object.object, "spec", "tls")).flatMap((entry) => strings(at(entry, "hosts")));
};

/** Every certificate that an issuer is asked for. */
export const certificatesOf = (issuer: Rendered, objects: readonly Rendered[]): readonly Asked[] =>
  objects.flatMap((object): readonly Asked[] => {
    const namespace = object.namespace ?? "";
    if (object.kind === "Certificate" && groupOf(object.object) === "cert-manager.io")
      return isIssuedBy(object, issuer)
        ? [{ namespace, names: strings(at(object.object, "spec", "dnsNames")), object, path: ["spec", "dnsNames"] }]
        : [];
    if (object.kind !== "Gateway" && object.kind !== "Ingress") return [];
    const names = annotated(object, issuer);
    return names.length === 0 ? [] : [{ namespace, names, object, path: ["spec"] }];
  });

export const SOLVER_NAME = "cm-acme-http-solver";
export const SOLVER_PORT = 8089;

/** Pods that cert-manager starts beside a certificate to answer an HTTP-01 challenge, gone again a minute later. */
export const challengeSolvers = (objects: readonly Rendered[]): readonly WorkloadFact[] => {
  const found = new Map<string, WorkloadFact>();
  for (const issuer of objects.filter((o) => isIssuer(o) && solversOf(o, "http01").length > 0))
    for (const { namespace, object } of certificatesOf(issuer, objects))
      found.set(namespace, {
        namespace,
        kind: "Pod",
        name: SOLVER_NAME,
        podLabels: { "acme.cert-manager.io/http01-solver": "true" },
        labelsComplete: false,
        serviceAccount: null,
        containers: [
          {
            name: "acmesolver",
            image: null,
            ports: [{ name: "http", port: SOLVER_PORT, protocol: "TCP", sure: "likely" }],
            probePorts: [],
          },
        ],
        hostNetwork: false,
        secondaryNetworks: [],
        suspended: false,
        transient: true,
        sure: "likely",
        from: { kind: "operator", name: "cert-manager" },
        owner: object.owner,
        origin: object.origin,
      });
  return [...found.values()];
};
