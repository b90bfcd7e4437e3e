import { MINUTE } from "../../facts/clock.ts";
import type { Protocol } from "../../facts/verdict.ts";
import type { Cadence, Journey, Party, Talk, Workload, WorldPort, WorldService } from "./model.ts";

/** How the scenario is written down: the fewest words per line of who is who and who talks to whom. */

export const tcp = (name: string, port: number): WorldPort => ({ name, port, protocol: "TCP" });
export const udp = (name: string, port: number): WorldPort => ({ name, port, protocol: "UDP" });

type Given = Pick<Workload, "nodes"> & Partial<Omit<Workload, "id" | "namespace" | "name" | "nodes">>;

export const workload = (id: string, given: Given): Workload => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    namespace,
    name,
    kind: "Deployment",
    labels: { "app.kubernetes.io/name": name },
    replicaLabels: [],
    roles: null,
    serviceAccount: "default",
    ports: [],
    hostNetwork: false,
    secondaryNetworks: [],
    probes: [],
    metrics: null,
    appliedBy: id,
    runs: null,
    ...given,
  };
};

/** A web app with one port that the kubelet probes. */
export const web = (id: string, node: string, port: number, given: Partial<Given> = {}): Workload =>
  workload(id, { nodes: [node], ports: [tcp("http", port)], probes: [port], ...given });

/** The app-template chart's pod labels. */
export const appTemplate = (name: string): Record<string, string> => ({
  "app.kubernetes.io/controller": name,
  "app.kubernetes.io/instance": name,
  "app.kubernetes.io/name": name,
});

type ServicePort = readonly [name: string, port: number, target: number, protocol?: "TCP" | "UDP"];

/** A Service before the workload of the same name; `lastByte` of its address in 10.43.0.0/24. */
export const service = (
  id: string,
  lastByte: number,
  ports: readonly ServicePort[],
  given: Partial<WorldService> = {},
): WorldService => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    name,
    type: "ClusterIP",
    clusterIp: `10.43.0.${String(lastByte)}`,
    loadBalancerIp: null,
    backend: { workload: id, replica: null },
    selector: { "app.kubernetes.io/name": name },
    ports: ports.map(([name, port, target, protocol = "TCP"]) => ({ name, port, target, protocol })),
    appliedBy: id,
    ...given,
  };
};

export const every = (minutes: number): Cadence => ({ kind: "steady", every: minutes * MINUTE });
export const daily = (from: number, to: number, times: number): Cadence => ({ kind: "daily", from, to, times });
export const asked: Cadence = { kind: "asked" };

/** `ns/name`, `ns/name#number`, `ns/name#primary`, `kubelet`, `apiserver`, `node:name`, `outside:id`, `client:id`. */
const party = (text: string): Party => {
  if (text === "kubelet" || text === "apiserver") return { kind: text };
  const [word = "", rest] = text.split(":");
  if (rest !== undefined) {
    if (word === "node") return { kind: "node", name: rest };
    return { kind: word === "client" ? "client" : "outsider", id: rest };
  }
  const [id = "", replica] = text.split("#");
  if (replica === "primary" || replica === "replica") return { kind: "workload", id, replica };
  return { kind: "workload", id, replica: replica === undefined ? null : Number(replica) };
};

type More = Partial<Pick<Talk, "asks" | "oneWay" | "atStart" | "via">>;

/** `where` is the container port after translation, with the protocol where it is not TCP: `53/UDP`, `8/ICMPv4`. */
export const talk = (from: string, to: string, where: string, cadence: Cadence, more: More = {}): Talk => {
  const [port = "", protocol = "TCP"] = where.split("/");
  return {
    id: `${from} > ${to}:${where}`,
    from: party(from),
    to: party(to),
    port: Number(port),
    protocol: protocol as Protocol,
    cadence,
    asks: null,
    via: null,
    oneWay: false,
    atStart: false,
    ...more,
  };
};

export const journey = (id: string, about: string, cadence: Cadence, ...steps: readonly string[]): Journey => ({
  id,
  about,
  steps,
  cadence,
});

/** First steps of everything that people open in a browser. */
export const INSIDE = "client:laptop > network/envoy-internal:10443";
export const INSIDE_PHONE = "client:phone > network/envoy-internal:10443";
export const OUTSIDE = "network/tunnel > network/envoy-external:10443";

/** People are awake. */
export const byDay = (times: number): Cadence => daily(7, 22, times);
