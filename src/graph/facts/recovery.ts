import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import { apiserverTargets, placements } from "../../facts/declared.ts";
import type { Inventory, RenderedObject, WorkloadFact } from "../../facts/inventory.ts";
import { namespaceOf } from "../../facts/labels.ts";
import { landings, selects } from "../../facts/landing.ts";
import type { Landing } from "../../facts/landing.ts";
import type { Protocol } from "../../facts/verdict.ts";
import type { Actor, Cast } from "../../replay/cast.ts";
import { actorOf } from "../../replay/synthetic.ts";
import { dig, nonEmpty, record } from "../../facts/json.ts";

/** One connection without which a broken cluster could not be mended, or nobody could get in (lessons 27, 34). */
export interface RecoveryEdge {
  readonly what: string;
  readonly source: Actor;
  readonly destination: Actor;
  /** Any one of them will do: a tunnel speaks QUIC or HTTP/2. */
  readonly ways: readonly { readonly protocol: Protocol; readonly port: number }[];
  readonly lesson: 27 | 34;
}

interface Asked {
  readonly inventory: Inventory;
  readonly facts: ClusterFacts;
  readonly namespace: string;
  readonly who: Cast;
}

const WORLD: Actor = {
  id: "reserved:world",
  peer: { labels: ["reserved:world"], ip: null, names: null, endpoint: false },
  workload: null,
  labelsFrom: "current",
  vanished: false,
};

const APISERVER: Actor = {
  ...WORLD,
  id: "reserved:kube-apiserver",
  peer: { labels: ["reserved:kube-apiserver", "reserved:remote-node"], ip: null, names: null, endpoint: false },
};

const at = (protocol: Protocol, port: number) => [{ protocol, port }] as const;

const landed = (landing: Landing, who: Cast): Actor | null => (landing.kind === "pods" ? actorOf(landing, who) : null);

const images = (workload: WorkloadFact): readonly string[] => workload.containers.map((c) => c.image ?? "");

const runs = (image: RegExp) => (workload: WorkloadFact) => images(workload).some((i) => image.test(i));

const PORTS: Readonly<Record<string, number>> = { "https:": 443, "http:": 80, "ssh:": 22, "oci:": 443 };

const addressOf = (url: string): { host: string; port: number } | null => {
  const written = /^([a-z]+:)\/\/(?:[^@/]*@)?([^/:?#]+)(?::(\d{1,5}))?/i.exec(url);
  if (written === null) return null;
  const [, scheme = "", host = "", port] = written;
  return { host, port: port === undefined ? (PORTS[scheme.toLowerCase()] ?? 443) : Number(port) };
};

const dns = ({ inventory, facts, namespace, who }: Asked): readonly RecoveryEdge[] => {
  const servers = inventory.workloads.filter(
    (w) => w.namespace === facts.dns.namespace && selects(facts.dns.labels, w.podLabels),
  );
  const answering =
    servers.length > 0 ? servers.map((w) => who.pods(w)) : [who.labelled(facts.dns.namespace, facts.dns.labels)];
  const asking = inventory.workloads.filter((w) => w.namespace === namespace && !w.hostNetwork);
  // A pod that does not exist yet resolves names too.
  const clients = [...asking.map((w) => who.pods(w)), who.labelled(namespace, {})];
  return clients.flatMap((source) =>
    answering.flatMap((destination) =>
      (["UDP", "TCP"] as const).map((protocol): RecoveryEdge => ({
        what: "DNS",
        source,
        destination,
        ways: at(protocol, facts.dns.port),
        lesson: 27,
      })),
    ),
  );
};

const SOURCES: ReadonlySet<string> = new Set(["GitRepository", "OCIRepository", "HelmRepository", "Bucket"]);

/** The revert has to reach the cluster: from the source, by the controllers, through whatever serves it in here. */
const gitops = ({ inventory, facts, who }: Asked): readonly RecoveryEdge[] =>
  inventory.objects
    .filter((o) => SOURCES.has(o.kind) && o.apiVersion.startsWith("source.toolkit.fluxcd.io/"))
    .flatMap((o) => {
      const url = nonEmpty(dig(o.object, "spec", "url")) ?? nonEmpty(dig(o.object, "spec", "endpoint"));
      const address = url === null ? null : addressOf(url);
      if (address === null) return [];
      const target = { kind: "host", host: address.host } as const;
      const from = { namespace: o.namespace ?? "flux-system" };
      return landings({ source: from, target, port: address.port, protocol: "TCP" }, inventory, facts).flatMap((l) => {
        const destination = landed(l, who);
        if (destination === null || l.kind !== "pods") return [];
        const source = who.labelled("flux-system", { app: "source-controller" });
        return [
          { what: `GitOps source ${o.name}`, source, destination, ways: at(l.protocol, l.port), lesson: 27 } as const,
        ];
      });
    });

const webhooks = ({ inventory, facts, namespace, who }: Asked): readonly RecoveryEdge[] =>
  apiserverTargets(inventory)
    .filter(({ target }) => target.namespace === namespace)
    .flatMap(({ target, port, what }) =>
      landings(
        { source: { namespace }, target: { kind: "service", ...target }, port, protocol: "TCP" },
        inventory,
        facts,
      ).flatMap((l) => {
        const destination = landed(l, who);
        if (destination === null || l.kind !== "pods") return [];
        return [{ what, source: APISERVER, destination, ways: at(l.protocol, l.port), lesson: 34 } as const];
      }),
    );

const gatewayPods = (gateway: Inventory["gateways"][number], { inventory, who }: Asked): readonly Actor[] => {
  const pods = inventory.workloads.filter(
    (w) => w.namespace === gateway.podNamespace && selects(gateway.podLabels, w.podLabels),
  );
  return pods.length > 0 ? pods.map((w) => who.pods(w)) : [who.labelled(gateway.podNamespace, gateway.podLabels)];
};

/** In from the world to every listener, and on to every backend that a route names. */
const gateways = (asked: Asked): readonly RecoveryEdge[] => {
  const { inventory, facts, who } = asked;
  const edges: RecoveryEdge[] = [];
  for (const gateway of inventory.gateways) {
    const id = `${gateway.namespace}/${gateway.name}`;
    const pods = gatewayPods(gateway, asked);
    for (const destination of pods)
      for (const listener of gateway.listeners) {
        const what = `gateway ${id}, listener ${listener.name}`;
        const tcp = listener.protocol === "UDP" ? "UDP" : "TCP";
        edges.push({ what, source: WORLD, destination, ways: at(tcp, listener.containerPort), lesson: 27 });
        if (listener.udp)
          edges.push({ what, source: WORLD, destination, ways: at("UDP", listener.containerPort), lesson: 27 });
      }
    for (const route of inventory.routes.filter((r) => r.gateways.includes(id)))
      for (const backend of route.backends) {
        if (typeof backend.port !== "number") continue;
        const target = { kind: "service", namespace: backend.namespace, name: backend.service } as const;
        const protocol = route.kind === "UDPRoute" ? "UDP" : "TCP";
        const from = { namespace: gateway.podNamespace };
        for (const l of landings({ source: from, target, port: backend.port, protocol }, inventory, facts)) {
          const destination = landed(l, who);
          if (destination === null || l.kind !== "pods") continue;
          const what = `gateway ${id} to the backend of ${route.namespace}/${route.name}`;
          for (const source of pods)
            edges.push({ what, source, destination, ways: at(l.protocol, l.port), lesson: 27 });
        }
      }
  }
  return edges;
};

/** cloudflared dials out on 7844, by QUIC or by HTTP/2. */
const tunnels = ({ inventory, who }: Asked): readonly RecoveryEdge[] =>
  inventory.workloads.filter(runs(/(^|\/)cloudflared([:@]|$)/)).map((w) => ({
    what: `tunnel ${w.namespace}/${w.name}`,
    source: who.pods(w),
    destination: WORLD,
    ways: [
      { protocol: "UDP", port: 7844 },
      { protocol: "TCP", port: 7844 },
    ],
    lesson: 27,
  }));

/** Clients to the provider, and the provider to its directory and its database: everything it is configured to reach. */
const identity = ({ inventory, facts, who }: Asked): readonly RecoveryEdge[] => {
  const placed = placements(inventory, facts);
  const issuers = placed.filter((p) => p.declared.why === "issuer");
  const hosts = new Set(issuers.map((p) => (p.declared.target.kind === "host" ? p.declared.target.host : "")));
  const routes = inventory.routes.filter((r) => r.hostnames.some((h) => hosts.has(h)));
  const behind = new Set(routes.flatMap((r) => r.backends.map((b) => `${b.namespace}/${b.service}`)));
  const isProvider = (w: WorkloadFact): boolean =>
    inventory.services.some(
      (s) =>
        behind.has(`${s.namespace}/${s.name}`) &&
        s.namespace === w.namespace &&
        s.selector !== null &&
        selects(s.selector, w.podLabels),
    );
  return placed
    .filter((p) => p.declared.why === "issuer" || isProvider(p.source))
    .filter((p) => !p.source.suspended)
    .flatMap((p) => {
      const destination = actorOf(p.landing, who);
      if (destination === null || p.landing.kind === "unknown") return [];
      const what =
        p.declared.why === "issuer" ? "login at the identity provider" : "the identity provider's own backing";
      const ways = at(p.landing.protocol, p.landing.port);
      return [
        { what: `${what} (${p.declared.key})`, source: who.pods(p.source), destination, ways, lesson: 27 } as const,
      ];
    });
};

const urlsIn = (value: unknown, depth = 0): readonly string[] => {
  if (depth > 20) return [];
  if (typeof value === "string") return /^https?:\/\//.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((v) => urlsIn(v, depth + 1));
  return Object.values(record(value)).flatMap((v) => urlsIn(v, depth + 1));
};

const isStore = (o: RenderedObject): boolean => o.kind === "ClusterSecretStore" || o.kind === "SecretStore";

const secrets = ({ inventory, facts, who }: Asked): readonly RecoveryEdge[] => {
  const controllers = inventory.workloads.filter((w) => w.podLabels["app.kubernetes.io/name"] === "external-secrets");
  return inventory.objects.filter(isStore).flatMap((store) =>
    urlsIn(dig(store.object, "spec", "provider")).flatMap((url) => {
      const address = addressOf(url);
      if (address === null) return [];
      const target = { kind: "host", host: address.host } as const;
      return controllers.flatMap((controller) =>
        landings({ source: controller, target, port: address.port, protocol: "TCP" }, inventory, facts).flatMap((l) => {
          const destination = actorOf(l, who);
          if (destination === null || l.kind === "unknown") return [];
          const ways = at(l.protocol, l.port);
          return [
            {
              what: `secret store ${store.name}`,
              source: who.pods(controller),
              destination,
              ways,
              lesson: 27,
            } as const,
          ];
        }),
      );
    }),
  );
};

/** Where the agent itself runs in the cluster: the API server and Relay it reads by. Its forge is a GitOps source. */
const agent = ({ inventory, facts, who }: Asked): readonly RecoveryEdge[] =>
  inventory.workloads.filter(runs(/(^|\/)network-operator([:@]|$)/)).flatMap((w) => [
    {
      what: "the agent to the API server",
      source: who.pods(w),
      destination: APISERVER,
      ways: at("TCP", facts.apiserverPort),
      lesson: 27 as const,
    },
    {
      what: "the agent to Hubble Relay",
      source: who.pods(w),
      destination: who.labelled("kube-system", { "k8s-app": "hubble-relay" }),
      ways: at("TCP", 4245),
      lesson: 27 as const,
    },
  ]);

const inNamespace = (actor: Actor, namespace: string): boolean => namespaceOf(actor.peer.labels ?? []) === namespace;

/** A suspended app is left out of drafting; its way is judged again when it comes back. */
const rests = ({ workload }: Actor): boolean => workload?.suspended === true;

/** The recovery path as far as it runs through one namespace, edge by edge. */
export const recoveryEdges = (asked: Asked): readonly RecoveryEdge[] =>
  [dns, gitops, webhooks, gateways, tunnels, identity, secrets, agent]
    .flatMap((part) => part(asked))
    .filter((e) => inNamespace(e.source, asked.namespace) || inNamespace(e.destination, asked.namespace))
    .filter((e) => !rests(e.source) && !rests(e.destination));
