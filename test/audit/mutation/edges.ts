import { get, listAt, type DefectClass, type Field, type Mutant } from "./kit.ts";
import { entities, foreign, mutant, policies, removeItem, removePeer, rules } from "./sites.ts";

const everywhere = (f: Field): readonly string[] => f.context.inventory.namespaces.map((n) => n.name);

const SCRAPERS = /prometheus|vmagent|alloy|blackbox/;

/** The edge of the cluster, and what only the cluster's own machinery asks: scrapes, webhooks, routes, the lock's order. */
export const EDGES: readonly DefectClass[] = [
  {
    id: "scrape no longer admitted",
    breaks: "declared",
    plant: (f) =>
      foreign(f, "ingress")
        .filter((p) => Object.values(p.labels).some((v) => SCRAPERS.test(v)))
        .map(removePeer),
  },
  {
    id: "scrape on another port",
    breaks: "declared",
    plant: (f) =>
      foreign(f, "ingress")
        .filter((p) => Object.values(p.labels).some((v) => SCRAPERS.test(v)))
        .map((p) =>
          mutant(
            p.site,
            p.path,
            "9099 alone",
            (d) => d.setIn([...p.path, "toPorts"], [{ ports: [{ port: "9099", protocol: "TCP" }] }]),
            everywhere(f),
          ),
        ),
  },
  {
    id: "load balancer's clients admitted on another port",
    plant: (f) =>
      rules(f, "ingress")
        .filter((r) => entities(r).includes("world"))
        .map((r) =>
          mutant(r.site, r.path, "another port", (d) =>
            d.setIn([...r.path, "toPorts"], [{ ports: [{ port: "9", protocol: "TCP" }] }]),
          ),
        ),
  },
  {
    id: "gateway no longer admitted",
    breaks: "declared",
    plant: (f) =>
      foreign(f, "ingress")
        .filter((p) =>
          f.context.inventory.gateways.some(
            (g) => g.podNamespace === p.namespace && Object.entries(p.labels).every(([k, v]) => g.podLabels[k] === v),
          ),
        )
        .map(removePeer),
  },
  {
    id: "gateway's own egress narrowed",
    breaks: "declared",
    plant: (f) =>
      policies(f)
        .filter((s) => s.namespaces.some((n) => f.context.inventory.gateways.some((g) => g.podNamespace === n)))
        .flatMap((site) =>
          listAt(site.value, "spec", "egress").map((_, i) =>
            mutant(site, ["spec", "egress", i], "removed", (d) => removeItem(d, ["spec", "egress", i]), everywhere(f)),
          ),
        ),
  },
  {
    id: "route of another kind",
    breaks: "declared",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "HTTPRoute")
        .flatMap((site): readonly Mutant[] =>
          ["TLSRoute", "TCPRoute", "GRPCRoute"].flatMap((kind) =>
            foreign(f, "ingress")
              .filter(
                (p) =>
                  p.site.namespaces[0] === site.namespaces[0] &&
                  f.context.inventory.gateways.some((g) => g.podNamespace === p.namespace),
              )
              .slice(0, 1)
              .map((p) => ({
                what: `${site.file} as ${kind}, ${p.site.file} without the gateway`,
                namespaces: site.namespaces,
                changes: [
                  site.edit((d) => {
                    d.setIn(["kind"], kind);
                    if (kind !== "GRPCRoute") d.setIn(["apiVersion"], "gateway.networking.k8s.io/v1alpha2");
                    if (kind === "TCPRoute") d.deleteIn(["spec", "hostnames"]);
                  }),
                  ...removePeer(p).changes,
                ],
              })),
          ),
        ),
  },
  {
    id: "container port that moved",
    breaks: "spoken",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "Deployment" || s.kind === "StatefulSet")
        .flatMap((site) =>
          listAt(site.value, "spec", "template", "spec", "containers").flatMap((c, i) =>
            listAt(c, "ports").map((p, j) =>
              mutant(
                site,
                ["spec", "template", "spec", "containers", i, "ports", j],
                `${String(get(p, "containerPort"))} → 18080`,
                (d) => d.setIn(["spec", "template", "spec", "containers", i, "ports", j, "containerPort"], 18_080),
                everywhere(f),
              ),
            ),
          ),
        ),
  },
  {
    id: "external name for an inner Service",
    breaks: "declared",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "Service")
        .map((site) =>
          mutant(
            site,
            ["spec"],
            "selector of another",
            (d) => {
              d.deleteIn(["spec", "selector"]);
              d.setIn(["spec", "type"], "ExternalName");
              d.setIn(["spec", "externalName"], "shop-db-rw.data.svc.cluster.local");
            },
            everywhere(f),
          ),
        ),
  },
];
