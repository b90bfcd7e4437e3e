import { get, type DefectClass } from "./kit.ts";
import {
  policies,
  rules,
  foreign,
  mutant,
  portsOf,
  peerNamespaces,
  isAdditive,
  kustomizationsListing,
} from "./sites.ts";

/** Objects that are not taken, not applied, or do something else than they say. */
export const OBJECTS: readonly DefectClass[] = [
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
    id: "audit annotation",
    plant: (f) =>
      policies(f).map((site) =>
        mutant(site, ["metadata"], "audit-mode", (d) =>
          d.setIn(["metadata", "annotations", "policy.cilium.io/audit-mode"], "enabled"),
        ),
      ),
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
