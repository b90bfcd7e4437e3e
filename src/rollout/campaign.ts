import { NEVER_LOCKED } from "../facts/campaign.ts";
import type { CampaignSettings } from "../facts/campaign.ts";
import { DAY, HOUR } from "../facts/clock.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import { dig, nonEmpty } from "../facts/json.ts";
import { tunnelsIn } from "../audit/tunnels.ts";

/** One step of the campaign: its namespaces may go in any order, the next phase waits for all of them. */
export interface Phase {
  readonly name: string;
  /** Sorted: small ones first. */
  readonly namespaces: readonly string[];
  /** Milliseconds. */
  readonly soak: number;
}

/** Where a namespace belongs when nobody says it, in the order in which they are locked (lesson 3). */
const KINDS = ["small", "apps", "identity", "databases", "storage", "tunnels", "platform", "system"] as const;
type Kind = (typeof KINDS)[number];

/** P, phases: 48 h where people log in and where traffic enters, 72 h for databases and backups, a week for tunnels. */
const SOAK: Readonly<Record<Kind, number>> = {
  small: DAY,
  apps: DAY,
  identity: 48 * HOUR,
  databases: 72 * HOUR,
  storage: 72 * HOUR,
  tunnels: 7 * DAY,
  platform: 48 * HOUR,
  system: 48 * HOUR,
};

const imagesOf = (w: WorkloadFact): readonly string[] => w.containers.map((c) => c.image ?? "");

/** Names of software, in an image or a chart: what a namespace runs tells what depends on it. */
const RUNS: readonly (readonly [Kind, RegExp])[] = [
  [
    "platform",
    /(^|[/-])(cert-manager|external-secrets|cloudflared|envoy-gateway|traefik|ingress-nginx|external-dns)([:@/-]|$)/,
  ],
  ["system", /(^|[/-])(prometheus|grafana|loki|istiod|pilot|kyverno|cilium)([:@/-]|$)/],
  ["storage", /(^|[/-])(longhorn|rook|ceph|garage|minio|openebs|csi)([:@/-]|$)/],
  ["databases", /(^|[/-])(cloudnative-pg|postgres(ql)?|mariadb|mysql|redis|valkey|dragonfly|mongodb|etcd)([:@/-]|$)/],
  ["identity", /(^|[/-])(authelia|authentik|keycloak|dex|zitadel|kanidm|lldap|glauth|openldap|pocket-id)([:@/-]|$)/],
];

const OBJECTS: Readonly<Record<string, Kind>> = {
  Gateway: "platform",
  EnvoyProxy: "platform",
  Cluster: "databases",
  ScheduledBackup: "databases",
  Prometheus: "system",
};

const chartsOf = (inventory: Inventory, namespace: string): readonly string[] =>
  inventory.objects
    .filter((o) => o.kind === "HelmRelease" && o.namespace === namespace)
    .flatMap((o) => [dig(o.object, "spec", "chart", "spec", "chart"), dig(o.object, "spec", "chartRef", "name")])
    .map(nonEmpty)
    .filter((name) => name !== null);

/** Namespaces that others are configured to log in at. */
const providers = (inventory: Inventory): ReadonlySet<string> => {
  const hosts = new Set(
    inventory.declared.flatMap((d) => (d.why === "issuer" && d.target.kind === "host" ? [d.target.host] : [])),
  );
  return new Set(
    inventory.routes
      .filter((r) => r.hostnames.some((host) => hosts.has(host)))
      .flatMap((r) => r.backends.map((b) => b.namespace)),
  );
};

const LATEST_FIRST = [...KINDS].reverse();

/**
 * What most of a namespace runs. An app that brings its own Redis is an app; a namespace of databases is one that others
 * depend on.
 */
const runsMostly = (inventory: Inventory, namespace: string, workloads: readonly WorkloadFact[]): readonly Kind[] => {
  const lasting = workloads.filter((w) => !w.transient);
  const charts = chartsOf(inventory, namespace);
  return RUNS.filter(([, software]) => {
    const pods = lasting.filter((w) => imagesOf(w).some((image) => software.test(image))).length;
    const named = charts.filter((chart) => software.test(chart)).length;
    return (pods > 0 && pods * 2 >= lasting.length) || (named > 0 && named * 2 >= charts.length);
  }).map(([kind]) => kind);
};

const kindOf = (inventory: Inventory, namespace: string, issuers: ReadonlySet<string>): Kind => {
  const workloads = inventory.workloads.filter((w) => w.namespace === namespace);
  const found = new Set<Kind>(runsMostly(inventory, namespace, workloads));
  if (issuers.has(namespace)) found.add("identity");
  if (inventory.gateways.some((g) => g.podNamespace === namespace || g.namespace === namespace)) found.add("platform");
  for (const object of inventory.objects) {
    const kind = object.namespace === namespace ? OBJECTS[object.kind] : undefined;
    if (kind !== undefined) found.add(kind);
  }
  // What is several of them goes with the one that comes last.
  const latest = LATEST_FIRST.find((kind) => found.has(kind));
  if (latest !== undefined) return latest;
  const talks = inventory.declared.some(
    (d) => d.source.namespace === namespace && d.why !== "probe" && d.why !== "redirect",
  );
  return workloads.length <= 2 && !talks ? "small" : "apps";
};

const size = (inventory: Inventory, namespace: string): number =>
  inventory.workloads.filter((w) => w.namespace === namespace).length +
  inventory.declared.filter((d) => d.source.namespace === namespace).length;

/** Namespaces that the campaign never locks by itself, each with the reason. */
export const setAside = (
  inventory: Inventory,
  campaign: CampaignSettings,
): ReadonlyMap<string, "out-of-scope" | "carved-out"> => {
  const aside = new Map<string, "out-of-scope" | "carved-out">();
  for (const { namespace } of tunnelsIn(inventory)) aside.set(namespace, "carved-out");
  for (const { namespace } of campaign.carveOuts) aside.set(namespace, "carved-out");
  for (const namespace of [...campaign.outOfScope, ...NEVER_LOCKED]) aside.set(namespace, "out-of-scope");
  return aside;
};

/**
 * The campaign's phases: those of the configuration, with what it does not name after them; else worked out from what
 * the namespaces run. Every namespace that can be locked stands in exactly one.
 */
export const phasesOf = (inventory: Inventory, campaign: CampaignSettings): readonly Phase[] => {
  const aside = setAside(inventory, campaign);
  const open = inventory.namespaces.map((ns) => ns.name).filter((name) => !aside.has(name));
  const issuers = providers(inventory);
  const least = campaign.soakHours * HOUR;
  const kinds = new Map(open.map((name) => [name, kindOf(inventory, name, issuers)]));
  const soakOf = (name: string): number => SOAK[kinds.get(name) ?? "apps"];
  const taken = new Set<string>();
  const phases: Phase[] = [];
  const add = (name: string, wanted: readonly string[], soak: number | null): void => {
    const namespaces = wanted.filter((ns) => kinds.has(ns) && !taken.has(ns));
    if (namespaces.length === 0) return;
    for (const ns of namespaces) taken.add(ns);
    // A phase may be longer than its namespaces ask for, never shorter than a day.
    phases.push({ name, namespaces, soak: Math.max(least, DAY, soak ?? Math.max(...namespaces.map(soakOf))) });
  };
  for (const { name, namespaces, soakHours } of campaign.phases)
    add(name, namespaces, soakHours === null ? null : soakHours * HOUR);
  for (const kind of KINDS) {
    const rest = open.filter((name) => kinds.get(name) === kind);
    rest.sort((a, b) => size(inventory, a) - size(inventory, b) || (a < b ? -1 : 1));
    add(kind, rest, null);
  }
  return phases;
};
