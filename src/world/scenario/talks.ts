import { MINUTE } from "../../facts/clock.ts";
import type { Protocol } from "../../facts/verdict.ts";
import type { Cadence, Party, Talk } from "./model.ts";
import { APISERVER_PORT, APISERVER_VIP, INSIDE_ZONE } from "./nodes.ts";
import { serviceOf } from "./services.ts";
import { WORKLOADS } from "./workloads.ts";

/** `ns/name`, `ns/name#replica`, `kubelet`, `apiserver`, `outside:id`, `client:id`. */
const party = (text: string): Party => {
  if (text === "kubelet" || text === "apiserver") return { kind: text };
  const [word = "", rest] = text.split(":");
  if (rest !== undefined)
    return word === "node"
      ? { kind: "node", name: rest }
      : { kind: word === "client" ? "client" : "outsider", id: rest };
  const [id = "", replica] = text.split("#");
  return { kind: "workload", id, replica: replica === undefined ? null : Number(replica) };
};

const every = (minutes: number): Cadence => ({ kind: "steady", every: minutes * MINUTE });
const asked: Cadence = { kind: "asked" };

type More = Partial<Pick<Talk, "asks" | "oneWay" | "atStart">> & {
  /** `namespace/service:port` that the source dials; the container port is the talk's. */
  readonly via?: string;
};

/** A name of the zone resolves to the gateway's outside address, a Service's name to its cluster address. */
const dialled = (via: string | undefined, asks: string | null | undefined): Talk["dialled"] => {
  if (via === undefined) return null;
  const [id = "", port = ""] = via.split(":");
  const service = serviceOf(id);
  if (service === null) return null;
  const ip = asks?.endsWith(INSIDE_ZONE) === true ? (service.loadBalancerIp ?? service.clusterIp) : service.clusterIp;
  return { ip, port: Number(port) };
};

const talk = (from: string, to: string, where: string, cadence: Cadence, more: More = {}): Talk => {
  const [port = "", protocol = "TCP"] = where.split("/");
  return {
    id: `${from} > ${to}:${where}`,
    from: party(from),
    to: party(to),
    port: Number(port),
    protocol: protocol as Protocol,
    cadence,
    asks: more.asks ?? null,
    dialled: to === "apiserver" ? { ip: APISERVER_VIP, port: 443 } : dialled(more.via, more.asks),
    oneWay: more.oneWay ?? false,
    atStart: more.atStart ?? false,
  };
};

/** Two minutes apart, but the idle app's every minute: the positive control of a namespace that nobody visits. */
const probes: readonly Talk[] = WORKLOADS.flatMap((w) =>
  w.probes
    .slice(0, 1)
    .map((port) => talk("kubelet", w.id, String(port), every(w.namespace === "selfhosted" ? 1 : 2), { atStart: true })),
);

const scrapes: readonly Talk[] = WORKLOADS.flatMap((w) =>
  w.metrics === null
    ? []
    : w.nodes.map((_, replica) =>
        talk("observability/prometheus", `${w.id}#${String(replica)}`, String(w.metrics), every(5)),
      ),
);

const API_CLIENTS = [
  "kube-system/coredns",
  "flux-system/source-controller",
  "flux-system/kustomize-controller",
  "flux-system/helm-controller",
  "flux-system/notification-controller",
  "network/envoy-gateway",
  "databases/cloudnative-pg",
  "databases/pg-main",
  "observability/prometheus",
];
const apiserver: readonly Talk[] = API_CLIENTS.map((id) =>
  talk(id, "apiserver", String(APISERVER_PORT), every(10), { atStart: true }),
);

const platform: readonly Talk[] = [
  talk("kube-system/coredns", "outside:resolver", "53/UDP", every(10)),
  talk("kube-system/hubble-relay", "node:node-1", "4244", every(15)),
  talk("kube-system/hubble-relay", "node:node-3", "4244", every(15)),
  talk("flux-system/source-controller", "outside:git", "443", every(5), { asks: "git.hosting.example" }),
  talk("flux-system/source-controller", "outside:charts", "443", every(60), { asks: "registry.example" }),
  ...["kustomize-controller", "helm-controller"].map((name) =>
    talk(`flux-system/${name}`, "flux-system/source-controller", "9090", every(30), {
      asks: "source-controller.flux-system.svc.cluster.local",
      via: "flux-system/source-controller:80",
    }),
  ),
  ...["kustomize-controller", "helm-controller", "source-controller"].map((name) =>
    talk(`flux-system/${name}`, "flux-system/notification-controller", "9090", every(60), {
      asks: "notification-controller.flux-system.svc.cluster.local",
      via: "flux-system/notification-controller:80",
    }),
  ),
  ...["envoy-external", "envoy-internal"].map((name) =>
    talk(`network/${name}`, "network/envoy-gateway", "18000", every(30), {
      asks: "envoy-gateway.network.svc.cluster.local",
      via: "network/envoy-gateway:18000",
      atStart: true,
    }),
  ),
  talk("network/tunnel", "outside:tunnel-edge", "7844", every(20), { asks: "edge.tunnel.example", atStart: true }),
  talk("network/tunnel", "outside:tunnel-edge", "7844/UDP", every(20), { asks: "edge.tunnel.example", atStart: true }),
];

const data: readonly Talk[] = [
  ...[0, 1, 2].map((replica) =>
    talk("databases/cloudnative-pg", `databases/pg-main#${String(replica)}`, "8000", every(5)),
  ),
  ...[1, 2].map((replica) =>
    talk(`databases/pg-main#${String(replica)}`, "databases/pg-main#0", "5432", every(30), {
      asks: "pg-main-rw.databases.svc.cluster.local",
      atStart: true,
    }),
  ),
  talk("home/stock", "databases/pg-main#0", "5432", every(10), {
    asks: "pg-main-rw.databases.svc.cluster.local",
    via: "databases/pg-main-rw:5432",
    atStart: true,
  }),
  talk("auth/idp", "databases/pg-main#0", "5432", every(15), {
    asks: "pg-main-rw.databases.svc.cluster.local",
    via: "databases/pg-main-rw:5432",
    atStart: true,
  }),
  talk("auth/idp", "auth/ldap", "3890", every(30), {
    asks: "ldap.auth.svc.cluster.local",
    via: "auth/ldap:3890",
    atStart: true,
  }),
  talk(
    "databases/pg-main#2",
    "outside:s3",
    "443",
    { kind: "weekly", day: 0, hour: 2, minute: 30 },
    { asks: "s3.offsite.example" },
  ),
  talk(
    "media/player",
    "outside:films",
    "443",
    { kind: "daily", from: 1, to: 23, times: 12 },
    { asks: "metadata.films.example" },
  ),
];

/** The gateways' way to every app: Envoy resolves endpoints itself and asks no DNS. */
const BEHIND: readonly (readonly [gateway: string, app: string, port: number])[] = [
  ["envoy-external", "selfhosted/webhook", 8080],
  ["envoy-external", "collab/wiki", 3000],
  ["envoy-internal", "collab/wiki", 3000],
  ["envoy-external", "collab/board", 8065],
  ["envoy-internal", "collab/board", 8065],
  ["envoy-external", "auth/idp", 9091],
  ["envoy-internal", "auth/idp", 9091],
  ["envoy-internal", "home/stock", 8080],
  ["envoy-external", "media/player", 8096],
  ["envoy-internal", "media/player", 8096],
  ["envoy-internal", "observability/prometheus", 9090],
  ["envoy-internal", "downloads/fetcher", 8080],
];
const gateways: readonly Talk[] = [
  ...BEHIND.map(([gateway, app, port]) => talk(`network/${gateway}`, app, String(port), asked)),
  talk("network/tunnel", "network/envoy-external", "10443", asked, {
    asks: "envoy-external.network.svc.cluster.local",
    via: "network/envoy-external:443",
  }),
  talk("client:laptop", "network/envoy-internal", "10443", asked),
  talk("client:phone", "network/envoy-internal", "10443", asked),
  // The token exchange: the app's server calls the public name, which on the inside is the gateway's pod.
  talk("collab/board", "network/envoy-internal", "10443", asked, {
    asks: "auth.sample.example",
    via: "network/envoy-internal:443",
  }),
];

/** VXLAN inside pods: both ways on one fixed port, so neither is the other's reply; DHCP stays inside. */
const tunnels: readonly Talk[] = [
  talk("downloads/fetcher", "vpn/pod-gateway", "8/ICMPv4", asked, { atStart: true }),
  talk("downloads/fetcher", "vpn/pod-gateway", "4789/UDP", every(4), { oneWay: true, atStart: true }),
  talk("vpn/pod-gateway", "downloads/fetcher", "4789/UDP", every(4), { oneWay: true }),
  talk("vpn/pod-gateway", "outside:wireguard", "51820/UDP", every(10), { atStart: true }),
];

export const TALKS: readonly Talk[] = [
  ...probes,
  ...scrapes,
  ...apiserver,
  ...platform,
  ...data,
  ...gateways,
  ...tunnels,
];
