import { get, listAt, type DefectClass } from "./kit.ts";
import {
  policies,
  rules,
  foreign,
  mutant,
  removePeer,
  swapped,
  relabel,
  namespaceKey,
  portsOf,
  foreignRules,
  peerNamespaces,
  translated,
  workloadSites,
} from "./sites.ts";

/** Two ends that no longer meet: halves, labels, namespaces, ports. */
export const HALVES: readonly DefectClass[] = [
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
];
