import type { CiliumWord, Edge, EdgeEnd } from "../../src/facts/edge.ts";
import type {
  AppliedPolicy,
  GatewayFact,
  Inventory,
  NamespaceFact,
  ServiceFact,
  WorkloadFact,
} from "../../src/facts/inventory.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import type { Protocol } from "../../src/facts/verdict.ts";
import { podIdentityLabels } from "../../src/cilium/labels.ts";

/** A small field to stand tests on: workloads, Services, edges and policies in a line each. */
export const workload = (
  id: string,
  labels: Record<string, string>,
  more: Partial<WorkloadFact> & { ports?: readonly (readonly [name: string | null, port: number])[] } = {},
): WorkloadFact => {
  const [namespace = "", kind = "", name = ""] = id.split("/");
  const { ports = [], ...rest } = more;
  return {
    namespace,
    kind,
    name,
    podLabels: labels,
    labelsComplete: true,
    serviceAccount: null,
    containers: [
      {
        name: "app",
        image: null,
        ports: ports.map(([portName, port]) => ({
          name: portName,
          port,
          protocol: "TCP" as const,
          sure: "certain" as const,
        })),
        probePorts: [],
      },
    ],
    hostNetwork: false,
    secondaryNetworks: [],
    suspended: false,
    transient: false,
    sure: "certain",
    from: { kind: "manifest", name },
    owner: null,
    origin: null,
    ...rest,
  };
};

export const service = (
  id: string,
  selector: Record<string, string> | null,
  ports: readonly (readonly [port: number, target: number])[],
  more: Partial<ServiceFact> = {},
): ServiceFact => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    name,
    type: "ClusterIP",
    selector,
    ports: ports.map(([port, target]) => ({
      name: null,
      port,
      targetPort: target,
      containerPort: target,
      protocol: "TCP",
    })),
    loadBalancerIps: [],
    hostnames: [],
    externalTrafficPolicy: null,
    externalName: null,
    sure: "certain",
    origin: null,
    ...more,
  };
};

export const namespaceFact = (name: string, more: Partial<NamespaceFact> = {}): NamespaceFact => ({
  name,
  folder: `apps/${name}`,
  labels: {},
  suspended: false,
  dormant: false,
  origin: null,
  ...more,
});

export const inventory = (parts: Partial<Inventory>): Inventory => {
  const names = new Set((parts.workloads ?? []).map((w) => w.namespace));
  return {
    commit: null,
    namespaces: [...names].map((name) => namespaceFact(name)),
    kustomizations: [],
    objects: [],
    policies: [],
    workloads: [],
    services: [],
    gateways: [],
    routes: [],
    declared: [],
    orphans: [],
    problems: [],
    ...parts,
  };
};

export const gateway = (id: string, labels: Record<string, string>, more: Partial<GatewayFact> = {}): GatewayFact => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    name,
    podLabels: labels,
    podNamespace: namespace,
    listeners: [
      { name: "https", port: 443, containerPort: 10443, protocol: "HTTPS", hostname: "*.example.com", udp: false },
    ],
    addresses: [],
    sure: "certain",
    origin: null,
    ...more,
  };
};

const SILENT: CiliumWord = { named: [], unnamed: { flows: 0, lastSeen: 0 } };

export const end = (from: WorkloadFact | string, more: Partial<EdgeEnd> = {}): EdgeEnd =>
  typeof from === "string"
    ? { id: from, labels: [from], namespace: null, workload: null, ips: [], names: [], ...more }
    : {
        id: `${from.namespace}/${from.kind}/${from.name}`,
        labels: podIdentityLabels({ podLabels: from.podLabels, namespace: from.namespace, cluster: "default" }),
        namespace: from.namespace,
        workload: { kind: from.kind, name: from.name },
        ips: [],
        names: [],
        ...more,
      };

export const edge = (
  source: EdgeEnd,
  destination: EdgeEnd,
  port: number,
  more: Partial<Omit<Edge, "word">> & { word?: Partial<Edge["word"]>; protocol?: Protocol } = {},
): Edge => ({
  source,
  destination,
  protocol: "TCP",
  port,
  flows: 10,
  firstSeen: 1_000,
  lastSeen: 2_000,
  verdicts: { FORWARDED: 10 },
  drops: [],
  seenAt: ["egress", "ingress"],
  nodes: ["node-1"],
  ...more,
  word: { egress: SILENT, ingress: SILENT, ...more.word },
});

/** A CiliumNetworkPolicy that adds allows and locks nothing. */
export const additive = (id: string, spec: Record<string, unknown>): PolicyDocument =>
  policy(id, { enableDefaultDeny: { ingress: false, egress: false }, ...spec });

export const policy = (id: string, spec: Record<string, unknown>): PolicyDocument => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    object: {
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name, namespace },
      spec,
    },
    origin: null,
  };
};

export const applied = (document: PolicyDocument, owner: string | null = null): AppliedPolicy => {
  const { metadata } = document.object as { metadata: { name: string; namespace: string } };
  return {
    ...document,
    ref: { kind: "CiliumNetworkPolicy", namespace: metadata.namespace, name: metadata.name },
    owner,
  };
};

export const tcp = (...ports: readonly number[]): readonly unknown[] => [
  { ports: ports.map((port) => ({ port: String(port), protocol: "TCP" })) },
];
