import { isSeq, type Document } from "yaml";
import type { FileChange } from "../../../src/facts/changeset.ts";
import { get, listAt, text, type DefectClass, type Field, type Mutant, type Path, type Site } from "./kit.ts";

type Direction = "ingress" | "egress";

const policies = (field: Field): readonly Site[] => field.sites.filter((s) => s.kind === "CiliumNetworkPolicy");

interface RuleSite {
  readonly site: Site;
  readonly direction: Direction;
  readonly path: Path;
  readonly rule: unknown;
}

const rules = (field: Field, only?: Direction): readonly RuleSite[] =>
  policies(field).flatMap((site) =>
    (["ingress", "egress"] as const)
      .filter((d) => only === undefined || d === only)
      .flatMap((direction) =>
        [["spec"], ...listAt(site.value, "specs").map((_, i) => ["specs", i])].flatMap((base) =>
          listAt(site.value, ...base, direction).map((rule, i) => ({
            site,
            direction,
            path: [...base, direction, i],
            rule,
          })),
        ),
      ),
  );

const NAMESPACE = /^(?:k8s:)?io\.kubernetes\.pod\.namespace$/;

interface PeerSite extends RuleSite {
  readonly peerPath: Path;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string | null;
}

const peersOf = (field: Field, only?: Direction): readonly PeerSite[] =>
  rules(field, only).flatMap((r) => {
    const key = r.direction === "ingress" ? "fromEndpoints" : "toEndpoints";
    return listAt(r.rule, key).flatMap((peer, i): PeerSite[] => {
      const labels = get(peer, "matchLabels");
      if (typeof labels !== "object" || labels === null) return [];
      const all = Object.entries(labels as Record<string, string>);
      const namespace = all.find(([k]) => NAMESPACE.test(k))?.[1] ?? null;
      return [
        {
          ...r,
          peerPath: [...r.path, key, i],
          labels: Object.fromEntries(all.filter(([k]) => !NAMESPACE.test(k))),
          namespace,
        },
      ];
    });
  });

/** Peers that name pods of another namespace. */
const foreign = (field: Field, only?: Direction): readonly PeerSite[] =>
  peersOf(field, only).filter(
    (p) => p.namespace !== null && !p.site.namespaces.includes(p.namespace) && Object.keys(p.labels).length > 0,
  );

const told = ({ site, path }: { readonly site: Site; readonly path: Path }, what: string): string =>
  `${site.file} ${site.name} ${path.join(".")}: ${what}`;

const mutant = (
  site: Site,
  path: Path,
  what: string,
  change: (d: Document) => void,
  also: readonly string[] = [],
): Mutant => ({
  what: told({ site, path }, what),
  changes: [site.edit(change)],
  namespaces: [...site.namespaces, ...also],
});

/** Removes a list item; a list that is left empty goes with what holds it. */
const removeItem = (document: Document, path: Path): void => {
  const parent = document.getIn(path.slice(0, -1));
  if (isSeq(parent) && parent.items.length === 1) document.deleteIn(path.slice(0, -1));
  else document.deleteIn(path);
};

const removePeer = (p: PeerSite): Mutant =>
  mutant(
    p.site,
    p.peerPath,
    `peer ${JSON.stringify(p.labels)} removed`,
    (d) => {
      const parent = d.getIn(p.peerPath.slice(0, -1));
      if (isSeq(parent) && parent.items.length === 1) removeItem(d, p.path);
      else d.deleteIn(p.peerPath);
    },
    p.namespace === null ? [] : [p.namespace],
  );

const swapped = (word: string): string =>
  word.length < 2 ? `${word}x` : word.slice(0, -2) + (word.at(-1) ?? "") + (word.at(-2) ?? "") + "x";

const relabel = (p: PeerSite): Iterable<Mutant> => {
  const peer = get(p.rule, ...p.peerPath.slice(p.path.length), "matchLabels");
  const [key] = Object.keys(p.labels);
  if (key === undefined) return [];
  const value = String(get(peer, key));
  return [
    mutant(
      p.site,
      p.peerPath,
      `${key}: ${swapped(value)}`,
      (d) => d.setIn([...p.peerPath, "matchLabels", key], swapped(value)),
      p.namespace === null ? [] : [p.namespace],
    ),
  ];
};

const namespaceKey = (p: PeerSite): string =>
  Object.keys(get(p.rule, ...p.peerPath.slice(p.path.length), "matchLabels") ?? {}).find((k) => NAMESPACE.test(k)) ??
  "";

interface PortSite extends RuleSite {
  readonly portPath: Path;
  readonly port: string;
  readonly protocol: string;
}

const portsOf = (r: RuleSite): readonly PortSite[] =>
  listAt(r.rule, "toPorts").flatMap((entry, i) =>
    listAt(entry, "ports").flatMap((port, j): PortSite[] => {
      const number = get(port, "port");
      return typeof number !== "string" || !/^\d+$/.test(number)
        ? []
        : [
            {
              ...r,
              portPath: [...r.path, "toPorts", i, "ports", j],
              port: number,
              protocol: text(get(port, "protocol")),
            },
          ];
    }),
  );

const foreignRules = (field: Field, direction: Direction): readonly RuleSite[] => {
  const seen = new Set<string>();
  return foreign(field, direction).filter((p) => {
    const id = `${p.site.file} ${p.site.index} ${p.path.join(".")}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
};

const peerNamespaces = (r: RuleSite): readonly string[] =>
  [...listAt(r.rule, "fromEndpoints"), ...listAt(r.rule, "toEndpoints")].flatMap((peer) =>
    Object.entries((get(peer, "matchLabels") ?? {}) as Record<string, string>)
      .filter(([k]) => NAMESPACE.test(k))
      .map(([, v]) => v),
  );

/** Container ports that a Service translates from another number, by the port. */
const translated = (field: Field): ReadonlyMap<string, string> =>
  new Map(
    field.context.inventory.services.flatMap((s) =>
      s.ports.flatMap((p) =>
        p.containerPort !== null && p.containerPort !== p.port
          ? [[String(p.containerPort), String(p.port)] as const]
          : [],
      ),
    ),
  );

const entities = (r: RuleSite): readonly string[] =>
  [...listAt(r.rule, "fromEntities"), ...listAt(r.rule, "toEntities")].map(String);

const fqdns = (field: Field): readonly { readonly r: RuleSite; readonly path: Path; readonly name: string }[] =>
  rules(field, "egress").flatMap((r) =>
    listAt(r.rule, "toFQDNs").flatMap((f, i) => {
      const name = get(f, "matchName");
      return typeof name === "string" ? [{ r, path: [...r.path, "toFQDNs", i], name }] : [];
    }),
  );

const isAdditive = (site: Site): boolean => get(site.value, "spec", "enableDefaultDeny") !== undefined;

const workloadSites = (field: Field): readonly Site[] =>
  field.sites.filter((s) => ["Deployment", "StatefulSet", "DaemonSet"].includes(s.kind));

function* kustomizationsListing(field: Field, site: Site): Iterable<FileChange> {
  const folder = site.file.slice(0, site.file.lastIndexOf("/"));
  const path = `${folder}/kustomization.yaml`;
  const written = field.tree.read(path);
  const base = site.file.slice(folder.length + 1).replaceAll(".", "\\.");
  if (written === null) return;
  const without = written.replace(new RegExp(`^\\s*-\\s*(?:\\./)?${base}\\s*\\n`, "m"), "");
  if (without !== written) yield { path, mode: "100644", text: without };
}

/** The classes of defects that a rollout meets, each planted wherever the repository has room for it. */
export const CLASSES: readonly DefectClass[] = [
  { id: "ingress half removed", breaks: "spoken", plant: (f) => foreign(f, "ingress").map(removePeer) },
  { id: "egress half removed, still declared", breaks: "declared", plant: (f) => foreign(f, "egress").map(removePeer) },
  {
    id: "ingress peer misspelt",
    breaks: "spoken",
    plant: (f) => foreign(f, "ingress").flatMap((p) => [...relabel(p)]),
  },
  { id: "egress peer misspelt", breaks: "spoken", plant: (f) => foreign(f, "egress").flatMap((p) => [...relabel(p)]) },
  {
    id: "subject misspelt",
    breaks: "spoken",
    plant: (f) =>
      policies(f).flatMap((site) => {
        const labels = (get(site.value, "spec", "endpointSelector", "matchLabels") ?? {}) as Record<string, string>;
        const [key] = Object.keys(labels);
        if (key === undefined) return [];
        const path = ["spec", "endpointSelector", "matchLabels", key];
        return [mutant(site, path, swapped(String(labels[key])), (d) => d.setIn(path, swapped(String(labels[key]))))];
      }),
  },
  {
    id: "peer in the wrong namespace",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.peerPath,
          "namespace kube-public",
          (d) => d.setIn([...p.peerPath, "matchLabels", namespaceKey(p)], "kube-public"),
          [p.namespace ?? ""],
        ),
      ),
  },
  {
    id: "peer without its namespace",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.peerPath,
          "namespace left out",
          (d) => d.deleteIn([...p.peerPath, "matchLabels", namespaceKey(p)]),
          [p.namespace ?? ""],
        ),
      ),
  },
  {
    id: "namespace by its name label",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.peerPath,
          "kubernetes.io/metadata.name",
          (d) => {
            d.deleteIn([...p.peerPath, "matchLabels", namespaceKey(p)]);
            d.setIn([...p.peerPath, "matchLabels", "kubernetes.io/metadata.name"], p.namespace);
          },
          [p.namespace ?? ""],
        ),
      ),
  },
  ...(["ingress", "egress"] as const).map((direction): DefectClass => ({
    id: `Service port, ${direction}`,
    breaks: "spoken",
    plant: (f) => {
      const by = translated(f);
      return foreignRules(f, direction).flatMap((r) =>
        portsOf(r).flatMap((p) => {
          const service = by.get(p.port);
          return service === undefined
            ? []
            : [
                mutant(
                  p.site,
                  p.portPath,
                  `${p.port} → ${service}`,
                  (d) => d.setIn([...p.portPath, "port"], service),
                  peerNamespaces(r),
                ),
              ];
        }),
      );
    },
  })),
  ...(["ingress", "egress"] as const).map((direction): DefectClass => ({
    id: `wrong port, ${direction}`,
    breaks: "spoken",
    plant: (f) =>
      foreignRules(f, direction).flatMap((r) =>
        portsOf(r).map((p) =>
          mutant(
            p.site,
            p.portPath,
            `${p.port} + 1`,
            (d) => d.setIn([...p.portPath, "port"], String(Number(p.port) + 1)),
            peerNamespaces(r),
          ),
        ),
      ),
  })),
  {
    id: "TCP written as UDP",
    breaks: "spoken",
    plant: (f) =>
      rules(f)
        .filter((r) => peerNamespaces(r).length > 0)
        .flatMap((r) =>
          portsOf(r)
            .filter((p) => p.protocol === "TCP" && p.port !== "53")
            .map((p) =>
              mutant(
                p.site,
                p.portPath,
                `${p.port}/UDP`,
                (d) => d.setIn([...p.portPath, "protocol"], "UDP"),
                peerNamespaces(r),
              ),
            ),
        ),
  },
  {
    id: "workload renamed its label",
    breaks: "spoken",
    plant: (f) =>
      workloadSites(f).flatMap((site) => {
        const key = "app.kubernetes.io/name";
        const value = get(site.value, "spec", "template", "metadata", "labels", key);
        if (typeof value !== "string") return [];
        const services = f.sites.filter(
          (s) =>
            s.kind === "Service" &&
            s.namespaces[0] === site.namespaces[0] &&
            get(s.value, "spec", "selector", key) === value &&
            s.file !== site.file,
        );
        return [
          {
            what: `${site.file}: ${key}=${value}-server`,
            namespaces: site.namespaces,
            changes: [
              site.edit((d) => {
                d.setIn(["spec", "template", "metadata", "labels", key], `${value}-server`);
                d.setIn(["spec", "selector", "matchLabels", key], `${value}-server`);
              }),
              ...services.map((s) => s.edit((d) => d.setIn(["spec", "selector", key], `${value}-server`))),
            ],
          },
        ];
      }),
  },
  {
    id: "Service leads to another container port",
    breaks: "declared",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "Service")
        .flatMap((site) =>
          listAt(site.value, "spec", "ports").map((p, i) =>
            mutant(
              site,
              ["spec", "ports", i],
              `targetPort ${String(get(p, "targetPort") ?? get(p, "port"))} → 18080`,
              (d) => d.setIn(["spec", "ports", i, "targetPort"], 18_080),
            ),
          ),
        ),
  },
  {
    id: "policy locks its pods",
    plant: (f) =>
      policies(f)
        .filter((s) => isAdditive(s) && s.namespaces.some((n) => !f.context.judge.lockedAnyWay(n)))
        .map((site) =>
          mutant(site, ["spec", "enableDefaultDeny"], "removed", (d) => d.deleteIn(["spec", "enableDefaultDeny"])),
        ),
  },
  {
    id: "policy file dropped from its kustomization",
    plant: (f) =>
      policies(f).flatMap((site) =>
        [...kustomizationsListing(f, site)].map((change) => ({
          what: `${site.file} no longer listed`,
          changes: [change],
          namespaces: site.namespaces,
        })),
      ),
  },
  {
    id: "port as a number",
    plant: (f) =>
      rules(f).flatMap((r) =>
        portsOf(r)
          .slice(0, 1)
          .map((p) => mutant(p.site, p.portPath, "a number", (d) => d.setIn([...p.portPath, "port"], Number(p.port)))),
      ),
  },
  {
    id: "section without a value",
    plant: (f) =>
      policies(f)
        .filter((s) => get(s.value, "spec", "egress") === undefined || get(s.value, "spec", "ingress") === undefined)
        .map((site) => {
          const key = get(site.value, "spec", "egress") === undefined ? "egress" : "ingress";
          return mutant(site, ["spec", key], "null", (d) => d.setIn(["spec", key], null));
        }),
  },
  {
    id: "no section at all",
    plant: (f) =>
      policies(f).map((site) =>
        mutant(site, ["spec"], "sections removed", (d) => {
          for (const key of ["ingress", "egress", "ingressDeny", "egressDeny"]) d.deleteIn(["spec", key]);
        }),
      ),
  },
  {
    id: "protocol in lower case",
    plant: (f) =>
      rules(f).flatMap((r) =>
        portsOf(r)
          .slice(0, 1)
          .map((p) =>
            mutant(p.site, p.portPath, p.protocol.toLowerCase(), (d) =>
              d.setIn([...p.portPath, "protocol"], p.protocol.toLowerCase()),
            ),
          ),
      ),
  },
  {
    id: "two kinds of peer in one rule",
    plant: (f) =>
      rules(f)
        .filter((r) => peerNamespaces(r).length > 0)
        .map((r) => {
          const key = r.direction === "ingress" ? "fromEntities" : "toEntities";
          return mutant(r.site, r.path, key, (d) => d.setIn([...r.path, key], ["host"]));
        }),
  },
  {
    id: "misspelt field",
    plant: (f) =>
      rules(f)
        .filter((r) => get(r.rule, "toPorts") !== undefined && peerNamespaces(r).length > 0)
        .map((r) =>
          mutant(r.site, r.path, "toPort", (d) => {
            d.setIn([...r.path, "toPort"], d.getIn([...r.path, "toPorts"]));
            d.deleteIn([...r.path, "toPorts"]);
          }),
        ),
  },
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
    id: "everything denied",
    plant: (f) =>
      policies(f)
        .filter((s) => get(s.value, "spec", "endpointSelector") !== undefined)
        .flatMap((site) => [
          mutant(site, ["spec", "ingressDeny"], "from all", (d) =>
            d.setIn(["spec", "ingressDeny"], [{ fromEntities: ["all"] }]),
          ),
          mutant(site, ["spec", "egressDeny"], "to all", (d) =>
            d.setIn(["spec", "egressDeny"], [{ toEntities: ["all"] }]),
          ),
        ]),
  },
  {
    id: "a deny beats an allow",
    plant: (f) =>
      foreign(f, "egress").flatMap((p) => {
        const key = `${p.direction}Deny`;
        if (get(p.site.value, "spec", key) !== undefined || p.path[0] !== "spec") return [];
        const peer = { matchLabels: get(p.rule, ...p.peerPath.slice(p.path.length), "matchLabels") };
        return [
          mutant(
            p.site,
            ["spec", key],
            "the same peer denied",
            (d) => d.setIn(["spec", key], [{ toEndpoints: [peer] }]),
            [p.namespace ?? ""],
          ),
        ];
      }),
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
    id: "UDP sibling missing",
    plant: (f) =>
      rules(f).flatMap((r) =>
        portsOf(r)
          .filter(
            (p) =>
              p.protocol === "UDP" &&
              p.port !== "53" &&
              portsOf(r).some((q) => q.port === p.port && q.protocol === "TCP"),
          )
          .map((p) =>
            mutant(p.site, p.portPath, `${p.port}/UDP removed`, (d) => d.deleteIn(p.portPath), peerNamespaces(r)),
          ),
      ),
  },
  {
    id: "audit annotation",
    plant: (f) =>
      policies(f).map((site) =>
        mutant(site, ["metadata"], "audit-mode", (d) =>
          d.setIn(["metadata", "annotations", "policy.cilium.io/audit-mode"], "enabled"),
        ),
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
  {
    id: "label that makes no identity",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.peerPath,
          "pod-template-hash",
          (d) => d.setIn([...p.peerPath, "matchLabels", "pod-template-hash"], "5c9fd"),
          [p.namespace ?? ""],
        ),
      ),
  },
  {
    id: "empty toFQDNs",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => get(r.rule, "toFQDNs") !== undefined && get(r.rule, "toPorts") !== undefined)
        .map((r) => mutant(r.site, r.path, "toFQDNs: []", (d) => d.setIn([...r.path, "toFQDNs"], []))),
  },
  {
    id: "subject of another namespace",
    plant: (f) =>
      policies(f)
        .filter((s) => get(s.value, "spec", "endpointSelector", "matchLabels") !== undefined)
        .map((site) =>
          mutant(site, ["spec", "endpointSelector"], "io.kubernetes.pod.namespace: elsewhere", (d) =>
            d.setIn(["spec", "endpointSelector", "matchLabels", "io.kubernetes.pod.namespace"], "elsewhere"),
          ),
        ),
  },
  {
    id: "Job without labels",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "CronJob" || s.kind === "Job")
        .flatMap((site) => {
          const base = site.kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template"] : ["spec", "template"];
          if (get(site.value, ...base, "metadata", "labels") === undefined) return [];
          return [mutant(site, base, "labels removed", (d) => d.deleteIn([...base, "metadata", "labels"]))];
        }),
  },
  {
    id: "Job's policy missing",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "CronJob" || s.kind === "Job")
        .flatMap((site) => {
          const base = site.kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template"] : ["spec", "template"];
          const labels = get(site.value, ...base, "metadata", "labels") as Record<string, string> | undefined;
          const own = policies(f).filter((p) => {
            const wanted = (get(p.value, "spec", "endpointSelector", "matchLabels") ?? {}) as Record<string, string>;
            return (
              p.namespaces[0] === site.namespaces[0] &&
              Object.keys(wanted).length > 0 &&
              Object.entries(wanted).every(([k, v]) => labels?.[k] === v)
            );
          });
          const [policy] = own;
          if (policy === undefined || own.length > 1) return [];
          return [
            mutant(policy, ["spec", "endpointSelector"], "selects another", (d) =>
              d.setIn(["spec", "endpointSelector", "matchLabels"], { "app.kubernetes.io/name": "somebody-else" }),
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
