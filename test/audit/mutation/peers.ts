import { get, listAt, type DefectClass, type Field, type Mutant } from "./kit.ts";
import { rules, foreign, mutant, removeItem, portsOf, entities, fqdns } from "./sites.ts";

/** Peers that never match: names, addresses, entities, gateways, resolvers. */
export const PEERS: readonly DefectClass[] = [
  {
    id: "world taken for the cluster",
    plant: (f) =>
      rules(f, "ingress")
        .filter((r) => entities(r).includes("world"))
        .map((r) =>
          mutant(r.site, r.path, "world → cluster", (d) => d.setIn([...r.path, "fromEntities"], ["cluster"])),
        ),
  },
  {
    id: "LAN host taken for a node",
    breaks: "declared",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => listAt(r.rule, "toCIDR").some((c) => /^(10|192\.168|172)\..*\/32$/.test(String(c))))
        .map((r) =>
          mutant(r.site, r.path, "toCIDR → host", (d) => {
            d.deleteIn([...r.path, "toCIDR"]);
            d.setIn([...r.path, "toEntities"], ["host", "remote-node"]);
          }),
        ),
  },
  {
    id: "LAN host without any rule",
    breaks: "declared",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => listAt(r.rule, "toCIDR").some((c) => /^(10|192\.168|172)\..*\/32$/.test(String(c))))
        .map((r) => mutant(r.site, r.path, "removed", (d) => removeItem(d, r.path))),
  },
  {
    id: "gateway reached as world",
    breaks: "declared",
    plant: (f) =>
      foreign(f, "egress").flatMap((p) => {
        const gateway = f.context.inventory.gateways.find((g) => g.podNamespace === p.namespace);
        const isGateway =
          gateway !== undefined && Object.entries(p.labels).every(([k, v]) => gateway.podLabels[k] === v);
        if (!isGateway) return [];
        return [
          mutant(
            p.site,
            p.path,
            "world:443",
            (d) => {
              d.setIn(p.path, { toEntities: ["world"], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] });
            },
            [p.namespace ?? ""],
          ),
        ];
      }),
  },
  {
    id: "FQDN with one label more",
    plant: (f) =>
      fqdns(f).map(({ r, path, name }) =>
        mutant(r.site, path, `${name}.*`, (d) => d.setIn(path, { matchPattern: `${name}.*` })),
      ),
  },
  {
    id: "FQDN for an in-cluster Service",
    breaks: "spoken",
    plant: (f) =>
      foreign(f, "egress").flatMap((p) => {
        const service = f.context.inventory.services.find(
          (s) => s.namespace === p.namespace && Object.entries(p.labels).every(([k, v]) => s.selector?.[k] === v),
        );
        if (service === undefined || listAt(p.rule, "toEndpoints").length > 1) return [];
        return [
          mutant(
            p.site,
            p.path,
            "toFQDNs",
            (d) => {
              d.deleteIn([...p.path, "toEndpoints"]);
              d.setIn(
                [...p.path, "toFQDNs"],
                [{ matchName: `${service.name}.${service.namespace}.svc.cluster.local` }],
              );
            },
            [p.namespace ?? ""],
          ),
        ];
      }),
  },
  {
    id: "FQDN without a DNS rule",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => listAt(r.rule, "toPorts").some((p) => get(p, "rules", "dns") !== undefined))
        .map((r) =>
          mutant(
            r.site,
            r.path,
            "rules.dns removed",
            (d) => {
              for (const [i] of listAt(r.rule, "toPorts").entries()) d.deleteIn([...r.path, "toPorts", i, "rules"]);
            },
            f.context.inventory.namespaces.map((n) => n.name),
          ),
        ),
  },
  {
    id: "DNS not allowed",
    breaks: "names",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => portsOf(r).some((p) => p.port === "53"))
        .map((r) =>
          mutant(
            r.site,
            r.path,
            "removed",
            (d) => removeItem(d, r.path),
            f.context.inventory.namespaces.map((n) => n.name),
          ),
        ),
  },
  {
    id: "CIDR on a load balancer's address",
    plant: (f) => cidr(f, f.context.addresses.pools[0]?.text ?? "10.45.0.0/24"),
  },
  { id: "CIDR on the Service range", plant: (f) => cidr(f, f.context.addresses.services[0]?.text ?? "10.43.0.0/16") },
  {
    id: "API server by CIDR",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => entities(r).includes("kube-apiserver") && portsOf(r).some((p) => p.port === "6443"))
        .map((r) =>
          mutant(
            r.site,
            r.path,
            "toCIDR 192.168.1.2/32",
            (d) => {
              d.deleteIn([...r.path, "toEntities"]);
              d.setIn([...r.path, "toCIDR"], ["192.168.1.2/32"]);
            },
            f.context.inventory.namespaces.map((n) => n.name),
          ),
        ),
  },
  {
    id: "API server on 443",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => entities(r).join() === "kube-apiserver")
        .flatMap((r) =>
          portsOf(r).map((p) => mutant(p.site, p.portPath, "443", (d) => d.setIn([...p.portPath, "port"], "443"))),
        ),
  },
  {
    id: "toServices for labels with dots",
    plant: (f) =>
      foreign(f, "egress").flatMap((p) => {
        const service = f.context.inventory.services.find(
          (s) => s.namespace === p.namespace && Object.entries(p.labels).every(([k, v]) => s.selector?.[k] === v),
        );
        if (
          service === undefined ||
          listAt(p.rule, "toEndpoints").length > 1 ||
          !Object.keys(p.labels).some((k) => k.includes("."))
        )
          return [];
        return [
          mutant(
            p.site,
            p.path,
            "toServices",
            (d) => {
              d.deleteIn([...p.path, "toEndpoints"]);
              d.setIn(
                [...p.path, "toServices"],
                [{ k8sService: { serviceName: service.name, namespace: service.namespace } }],
              );
            },
            [p.namespace ?? ""],
          ),
        ];
      }),
  },
];

function* cidr(field: Field, text: string): Iterable<Mutant> {
  if (text === "") return;
  for (const p of foreign(field, "egress")) {
    if (listAt(p.rule, "toEndpoints").length > 1) continue;
    yield mutant(
      p.site,
      p.path,
      `toCIDR ${text}`,
      (d) => {
        d.deleteIn([...p.path, "toEndpoints"]);
        d.setIn([...p.path, "toCIDR"], [text]);
      },
      [p.namespace ?? ""],
    );
  }
}
