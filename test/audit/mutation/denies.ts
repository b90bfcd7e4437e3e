import { get, listAt, type Breaks, type DefectClass, type Field, type Mutant, type Site } from "./kit.ts";
import { entities, foreign, mutant, policies, removeItem, rules } from "./sites.ts";

const own = (f: Field): readonly Site[] =>
  policies(f).filter((s) => Object.keys(get(s.value, "spec", "endpointSelector", "matchLabels") ?? {}).length > 0);

const deny = (id: string, direction: "ingress" | "egress", rule: unknown, breaks: Breaks): DefectClass => ({
  id,
  breaks,
  plant: (f) =>
    own(f).flatMap((site): readonly Mutant[] =>
      get(site.value, "spec", `${direction}Deny`) !== undefined
        ? []
        : [
            mutant(
              site,
              ["spec", `${direction}Deny`],
              JSON.stringify(rule),
              (d) => d.setIn(["spec", `${direction}Deny`], [rule]),
              f.context.inventory.namespaces.map((n) => n.name),
            ),
          ],
    ),
});

const turned = (
  id: string,
  direction: "ingress" | "egress",
  from: string,
  to: readonly string[],
  breaks?: Breaks,
): DefectClass => ({
  id,
  ...(breaks === undefined ? {} : { breaks }),
  plant: (f) =>
    rules(f, direction)
      .filter((r) => entities(r).includes(from))
      .map((r) =>
        mutant(
          r.site,
          r.path,
          `${from} → ${to.join()}`,
          (d) => {
            const key = direction === "ingress" ? "fromEntities" : "toEntities";
            const others = entities(r).filter((e) => e !== from && !to.includes(e));
            if (to.length + others.length === 0) removeItem(d, r.path);
            else d.setIn([...r.path, key], [...others, ...to]);
          },
          f.context.inventory.namespaces.map((n) => n.name),
        ),
      ),
});

const clusterwide = (id: string, spec: unknown, breaks: Breaks): DefectClass => ({
  id,
  breaks,
  plant: (f) =>
    own(f).map((site) => ({
      what: `${site.file}: clusterwide ${JSON.stringify(spec)}`,
      namespaces: f.context.inventory.namespaces.map((n) => n.name),
      changes: [
        {
          path: site.file,
          mode: "100644" as const,
          text: `${f.tree.read(site.file)?.trimEnd() ?? ""}\n---\n${JSON.stringify({ apiVersion: "cilium.io/v2", kind: "CiliumClusterwideNetworkPolicy", metadata: { name: "guard" }, spec })}\n`,
        },
      ],
    })),
});

const instead = (
  id: string,
  direction: "ingress" | "egress",
  word: () => Readonly<Record<string, unknown>>,
  breaks: Breaks | null = "spoken",
): DefectClass => ({
  id,
  ...(breaks === null ? {} : { breaks }),
  plant: (f) =>
    foreign(f, direction).map((p) =>
      mutant(
        p.site,
        p.path,
        id,
        (d) => {
          d.deleteIn([...p.path, direction === "ingress" ? "fromEndpoints" : "toEndpoints"]);
          for (const [k, v] of Object.entries(word())) d.setIn([...p.path, k], v);
        },
        [p.namespace ?? ""],
      ),
    ),
});

/** Denies that beat allows, and entities taken for one another. */
export const DENIES: readonly DefectClass[] = [
  deny("world denied", "egress", { toEntities: ["world"] }, "declared"),
  deny("cluster denied outward", "egress", { toEntities: ["cluster"] }, "spoken"),
  deny("cluster denied inward", "ingress", { fromEntities: ["cluster"] }, "spoken"),
  deny(
    "a port denied to everyone",
    "ingress",
    { toPorts: [{ ports: [{ port: "1", endPort: 65535, protocol: "TCP" }] }] },
    "spoken",
  ),
  deny("own namespace denied", "ingress", { fromEndpoints: [{}] }, "spoken"),
  deny("everything outside denied by range", "egress", { toCIDR: ["0.0.0.0/0"] }, "declared"),
  deny("API server denied", "egress", { toEntities: ["kube-apiserver"] }, "apiserver"),
  deny("nodes denied", "egress", { toEntities: ["remote-node", "host"] }, "apiserver"),
  deny("names denied", "egress", { toPorts: [{ ports: [{ port: "53", protocol: "ANY" }] }] }, "names"),
  clusterwide(
    "clusterwide deny of the cluster",
    { endpointSelector: {}, ingressDeny: [{ fromEntities: ["cluster"] }] },
    "spoken",
  ),
  clusterwide(
    "clusterwide deny of one port",
    { endpointSelector: {}, egressDeny: [{ toPorts: [{ ports: [{ port: "53", protocol: "UDP" }] }] }] },
    "names",
  ),
  turned("API server asked as the host", "egress", "kube-apiserver", ["host"], "apiserver"),
  turned("API server asked as the world", "egress", "kube-apiserver", ["world"], "apiserver"),
  turned("world taken for remote nodes", "ingress", "world", ["remote-node"]),
  turned("world asked as the cluster", "egress", "world", ["cluster"], "declared"),
  turned("world of one family", "egress", "world", ["world-ipv6"], "declared"),
  instead("peers as an entity of the cluster's health", "egress", () => ({ toEntities: ["health"] })),
  instead("peers as nodes", "egress", () => ({ toNodes: [{ matchLabels: { "kubernetes.io/os": "linux" } }] })),
  // What such a rule opens depends on its ports, so the kernel gives no word; nobody can have meant it.
  instead(
    "peers as a Service of no namespace",
    "egress",
    () => ({ toServices: [{ k8sService: { serviceName: "nosuch", namespace: "elsewhere" } }] }),
    null,
  ),
  instead("clients as remote nodes", "ingress", () => ({ fromEntities: ["remote-node"] })),
  instead("clients as an address", "ingress", () => ({ fromCIDR: ["10.42.0.0/16"] })),
  instead("clients as nodes", "ingress", () => ({ fromNodes: [{ matchLabels: { "kubernetes.io/os": "linux" } }] })),
  instead("clients as the gateway's entity", "ingress", () => ({ fromEntities: ["ingress"] })),
  {
    id: "peers required to be something they are not",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.path,
          "requires",
          (d) =>
            d.setIn(
              [...p.path, p.direction === "ingress" ? "fromRequires" : "toRequires"],
              [{ matchLabels: { zone: "nowhere" } }],
            ),
          [p.namespace ?? ""],
        ),
      ),
  },
  {
    id: "outside except where it is needed",
    breaks: "declared",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => entities(r).includes("world") || listAt(r.rule, "toCIDR").length > 0)
        .map((r) =>
          mutant(r.site, r.path, "toCIDRSet except", (d) => {
            d.deleteIn([...r.path, "toEntities"]);
            d.deleteIn([...r.path, "toCIDR"]);
            d.setIn(
              [...r.path, "toCIDRSet"],
              [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }],
            );
          }),
        ),
  },
];
