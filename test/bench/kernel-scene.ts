import { podIdentityLabels } from "../../src/cilium/labels.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import type { Direction, Endpoint, Peer, Protocol, Question } from "../../src/facts/verdict.ts";
import { Random } from "../conformance/fuzz/random.ts";

/** A cluster of a given size: namespaces with apps, a baseline and an overlay per app, and the questions asked of it. */
export interface Scene {
  readonly documents: readonly PolicyDocument[];
  readonly pods: readonly Endpoint[];
  readonly peers: readonly Peer[];
}

const policy = (namespace: string, name: string, spec: unknown): PolicyDocument => ({
  object: { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata: { name, namespace }, spec },
  origin: null,
});

const DNS = {
  toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns" } }],
  toPorts: [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchPattern: "*" }] } }],
};

const baseline = (namespace: string): readonly PolicyDocument[] => [
  policy(namespace, "default-deny", { endpointSelector: {}, ingress: [{}], egress: [{}] }),
  policy(namespace, "baseline", {
    endpointSelector: {},
    enableDefaultDeny: { ingress: false, egress: false },
    ingress: [
      { fromEndpoints: [{}] },
      { fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "observability" } }] },
      { fromEntities: ["remote-node", "health"] },
    ],
    egress: [
      { toEndpoints: [{}] },
      DNS,
      { toEntities: ["kube-apiserver"], toPorts: [{ ports: [{ port: "6443", protocol: "TCP" }] }] },
    ],
  }),
];

const overlay = (r: Random, namespace: string, app: string, others: readonly string[]): PolicyDocument => {
  const ports = (): unknown => [
    { ports: r.list(1, 2, () => ({ port: String(r.whole(1000, 9999)), protocol: "TCP" })) },
  ];
  const other = (): string => others[r.whole(0, others.length - 1)] ?? namespace;
  return policy(namespace, app, {
    endpointSelector: { matchLabels: { "app.kubernetes.io/name": app } },
    enableDefaultDeny: { ingress: false, egress: false },
    ingress: r.list(1, 2, () => ({
      fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": other() } }],
      toPorts: ports(),
    })),
    egress: [
      {
        toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": other(), "app.kubernetes.io/name": app } }],
        toPorts: ports(),
      },
      { toFQDNs: [{ matchName: `${app}.example.com` }], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] },
      { toCIDRSet: [{ cidr: "10.0.0.0/8", except: ["10.42.0.0/16"] }], toPorts: ports() },
    ],
  });
};

/** `policies` policies over as many namespaces as it takes, and `identities` pods and other identities. */
export const makeScene = (policies: number, identities: number, seed = 7): Scene => {
  const r = new Random(seed);
  const apps = 10;
  const namespaces = Array.from({ length: Math.ceil(policies / (apps + 2)) }, (_, i) => `team-${i}`);
  const documents: PolicyDocument[] = [];
  const pods: Endpoint[] = [];
  for (const namespace of namespaces) {
    documents.push(...baseline(namespace));
    for (let i = 0; i < apps; i++) documents.push(overlay(r, namespace, `app-${i}`, namespaces));
  }
  const reserved: readonly Peer[] = ["host", "remote-node", "health", "ingress", "world", "unmanaged"].map((name) => ({
    labels: [`reserved:${name}`],
    exact: true,
  }));
  for (let i = 0; pods.length < identities - reserved.length; i++) {
    const namespace = namespaces[i % namespaces.length] ?? "team-0";
    const app = `app-${Math.floor(i / namespaces.length) % apps}`;
    const podLabels = {
      "app.kubernetes.io/name": app,
      "app.kubernetes.io/instance": `${app}-${i}`,
      tier: i % 2 === 0 ? "web" : "db",
    };
    pods.push({ labels: podIdentityLabels({ podLabels, namespace }), namedPorts: {} });
  }
  return { documents: documents.slice(0, policies), pods, peers: [...pods, ...reserved] };
};

const DIRECTIONS: readonly [Direction, ...Direction[]] = ["ingress", "egress"];
const PROTOCOLS: readonly [Protocol, ...Protocol[]] = ["TCP", "TCP", "TCP", "UDP"];

/** Distinct tuples in random order: no two ask the same. */
export const makeQuestions = (scene: Scene, count: number, seed = 11): readonly Question[] => {
  const r = new Random(seed);
  const seen = new Set<string>();
  const out: Question[] = [];
  while (out.length < count) {
    const subject = r.whole(0, scene.pods.length - 1);
    const peer = r.whole(0, scene.peers.length - 1);
    const direction = r.pick(DIRECTIONS);
    const protocol = r.pick(PROTOCOLS);
    const port = r.chance(0.3) ? r.pick([53, 443, 6443, 8080]) : r.whole(1000, 9999);
    const key = `${subject} ${peer} ${direction} ${protocol} ${port}`;
    const [own, other] = [scene.pods[subject], scene.peers[peer]];
    if (seen.has(key) || own === undefined || other === undefined) continue;
    seen.add(key);
    out.push({ direction, subject: own, peer: other, protocol, port });
  }
  return out;
};
