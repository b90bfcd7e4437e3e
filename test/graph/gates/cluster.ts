import { parseAllDocuments } from "yaml";
import { defaultCampaign } from "../../../src/facts/campaign.ts";
import { changeset } from "../../../src/facts/changeset.ts";
import type { ChangeKind, FileChange } from "../../../src/facts/changeset.ts";
import { DAY } from "../../../src/facts/clock.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import type { Coverage } from "../../../src/facts/coverage.ts";
import type { Edge, EdgeEnd } from "../../../src/facts/edge.ts";
import type { Finding } from "../../../src/facts/finding.ts";
import type {
  AppliedPolicy,
  FluxKustomization,
  Inventory,
  RenderedObject,
  WorkloadFact,
} from "../../../src/facts/inventory.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import { isPolicyKind } from "../../../src/rollout/rendered-diff.ts";
import type { LiveKustomization, LivePolicy } from "../../../src/facts/ports.ts";
import type { LaneId } from "../../../src/facts/rollout.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import { memoryTree, overlay } from "../../../src/facts/tree.ts";
import type { Protocol } from "../../../src/facts/verdict.ts";
import { podIdentityLabels } from "../../../src/cilium/labels.ts";
import type { GateFacts, LiveCluster } from "../../../src/graph/gate.ts";

/** A cluster in a few lines of YAML: `apps` applies what has no other owner. */
export const NOW = Date.UTC(2026, 4, 20, 12);
export const BASE = "b".repeat(40);

export interface Sketch {
  readonly namespaces?: readonly string[];
  readonly workloads?: readonly WorkloadFact[];
  /** YAML documents, by the id of the Flux Kustomization that applies them. */
  readonly objects?: Readonly<Record<string, string>>;
  readonly kustomizations?: readonly Partial<FluxKustomization>[];
  readonly more?: Partial<Inventory>;
}

const at = (file: string) => ({ file, line: 1, column: 1 });

const CLUSTERWIDE = new Set(["Namespace", "CiliumClusterwideNetworkPolicy", "ClusterSecretStore"]);

const objectsFrom = (yaml: string, owner: string): RenderedObject[] =>
  parseAllDocuments(yaml).map((document, i) => {
    const object = document.toJS() as {
      apiVersion: string;
      kind: string;
      metadata: { name: string; namespace?: string };
    };
    const origin = at(`${owner}/${i}.yaml`);
    return {
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace: CLUSTERWIDE.has(object.kind) ? null : (object.metadata.namespace ?? null),
      name: object.metadata.name,
      object,
      origin,
      locate: () => origin,
      owner,
    };
  });

const policyOf = (o: RenderedObject): AppliedPolicy[] =>
  isPolicyKind(o.kind)
    ? [
        {
          ref: { kind: o.kind, namespace: o.namespace, name: o.name },
          object: o.object,
          namespace: o.namespace,
          origin: o.origin,
          locate: o.locate,
          owner: o.owner,
        },
      ]
    : [];

export const inventory = (sketch: Sketch): Inventory => {
  const byOwner = Object.entries(sketch.objects ?? {}).map(
    ([owner, yaml]) => [owner, objectsFrom(yaml, owner)] as const,
  );
  const objects = byOwner.flatMap(([, list]) => list);
  const owners = new Set([
    "flux-system/cluster",
    "flux-system/apps",
    ...byOwner.map(([owner]) => owner),
    ...(sketch.kustomizations ?? []).map((k) => k.id ?? ""),
  ]);
  const kustomizations = [...owners].map((id): FluxKustomization => {
    const [namespace = "", name = ""] = id.split("/");
    return {
      id,
      namespace,
      name,
      path: name,
      targetNamespace: null,
      suspended: false,
      dependsOn: [],
      parent: id === "flux-system/cluster" ? null : "flux-system/cluster",
      source: { kind: "GitRepository", namespace: "flux-system", name: "home" },
      origin: at(`${name}/ks.yaml`),
      objects: objects.filter((o) => o.owner === id),
      ...sketch.kustomizations?.find((k) => k.id === id),
    };
  });
  return {
    commit: BASE,
    namespaces: ["flux-system", "kube-system", ...(sketch.namespaces ?? [])].map((name) => ({
      name,
      folder: name,
      labels: {},
      suspended: false,
      dormant: false,
      origin: null,
    })),
    kustomizations,
    objects,
    policies: objects.flatMap(policyOf),
    workloads: sketch.workloads ?? [],
    services: [],
    gateways: [],
    routes: [],
    declared: [],
    orphans: [],
    problems: [],
    ...sketch.more,
  };
};

/** `collab/Deployment/web`, labelled `app: web`, listening on the given ports. */
export const workload = (id: string, ports: readonly number[] = [], more: Partial<WorkloadFact> = {}): WorkloadFact => {
  const [namespace = "", kind = "", name = ""] = id.split("/");
  return {
    namespace,
    kind,
    name,
    podLabels: { app: name },
    labelsComplete: true,
    serviceAccount: null,
    containers: [
      {
        name,
        image: `registry.example/${name}:1`,
        ports: ports.map((port) => ({ name: null, port, protocol: "TCP", sure: "certain" })),
        probePorts: [],
      },
    ],
    hostNetwork: false,
    secondaryNetworks: [],
    suspended: false,
    transient: false,
    sure: "certain",
    from: { kind: "manifest", name },
    owner: "flux-system/apps",
    origin: at(`${namespace}/${name}.yaml`),
    ...more,
  };
};

export const policy = (namespace: string, name: string, spec: string): string =>
  `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:
${spec.replace(/^/gm, "  ")}`;

export const docs = (...documents: readonly string[]): string => documents.join("\n---\n");

const SOFT = "enableDefaultDeny: { ingress: false, egress: false }";

/** What every namespace gets first; it locks nobody. */
export const baseline = (namespace: string): string =>
  docs(
    policy(
      namespace,
      "allow-dns",
      `endpointSelector: {}
${SOFT}
egress:
  - toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": kube-system, "k8s:k8s-app": kube-dns } }]
    toPorts: [{ ports: [{ port: "53", protocol: UDP }, { port: "53", protocol: TCP }] }]`,
    ),
    policy(
      namespace,
      "allow-intra-namespace",
      `endpointSelector: {}\n${SOFT}\ningress: [{ fromEndpoints: [{}] }]\negress: [{ toEndpoints: [{}] }]`,
    ),
  );

export const defaultDeny = (namespace: string): string =>
  policy(namespace, "default-deny", "endpointSelector: {}\ningress: [{}]\negress: [{}]");

export const allow = (namespace: string, name: string, rules: string): string =>
  policy(namespace, name, `${SOFT}\n${rules}`);

/** The other end of an edge by id: a workload, `reserved:X`, `cidr:X` or `fqdn:X`. */
export const end = (id: string): EdgeEnd => {
  const [namespace, kind, name] = id.split("/");
  const isPod = kind !== undefined && name !== undefined && namespace !== undefined;
  return {
    id,
    labels: isPod ? podIdentityLabels({ podLabels: { app: name }, namespace }) : [id],
    namespace: isPod ? namespace : null,
    workload: isPod ? { kind, name } : null,
    ips: [],
    names: [],
  };
};

export const edge = (
  from: string,
  to: string,
  port: number,
  protocol: Protocol = "TCP",
  more: Partial<Edge> = {},
): Edge => ({
  source: end(from),
  destination: end(to),
  protocol,
  port,
  flows: 12,
  firstSeen: NOW - 2 * DAY,
  lastSeen: NOW - 60_000,
  verdicts: { FORWARDED: 12 },
  drops: [],
  seenAt: ["egress", "ingress"],
  word: {
    egress: { named: [], unnamed: { flows: 0, lastSeen: 0 } },
    ingress: { named: [], unnamed: { flows: 0, lastSeen: 0 } },
  },
  nodes: ["worker-1"],
  ...more,
});

/** A whole window on one node, every minute of it seen, with a kubelet probe as its control. */
export const coverage = (length: number, more: Partial<Coverage> = {}): Coverage => ({
  from: NOW - length,
  to: NOW,
  nodes: [
    {
      node: "worker-1",
      minutes: length / 60_000,
      coveredMinutes: length / 60_000,
      holes: [],
      seen: 10_000,
      lost: 0,
    },
  ],
  completeness: 1,
  vacuous: false,
  hoursOfDay: Array.from({ length: 24 }, () => true),
  control: { kind: "kubelet-probe", node: "worker-1", flows: 300, lastSeen: NOW - 10_000 },
  ...more,
});

export const finding = (rule: string, namespace: string | null, more: Partial<Finding> = {}): Finding => ({
  rule,
  severity: "error",
  namespace,
  policy: null,
  message: `${rule} in ${namespace ?? "the cluster"}`,
  origin: at(`${namespace ?? "cluster"}/policy.yaml`),
  related: [],
  fingerprint: `${rule}:${namespace ?? "-"}`,
  cause: null,
  lesson: null,
  fix: null,
  ...more,
});

/** The cluster runs what Git says, at the base commit. */
export const liveFrom = (state: Inventory, more: Partial<LiveCluster> = {}): LiveCluster => ({
  pods: state.workloads.map((w) => ({
    namespace: w.namespace,
    name: `${w.name}-0`,
    node: "worker-1",
    ip: null,
    labels: w.podLabels,
    identity: null,
    workload: { kind: w.kind, name: w.name },
    hostNetwork: w.hostNetwork,
    startedAt: NOW - 30 * DAY,
    ports: [],
  })),
  services: [],
  policies: state.policies.map((p): LivePolicy => ({
    ref: p.ref,
    object: p.object as Record<string, unknown>,
    valid: true,
    message: null,
    owner: p.owner,
  })),
  kustomizations: state.kustomizations.map((k): LiveKustomization => ({
    id: k.id,
    suspended: k.suspended,
    ready: true,
    message: null,
    appliedRevision: `main@sha1:${BASE}`,
    path: k.path,
    source: `${k.source.namespace}/${k.source.name}`,
    dependsOn: k.dependsOn,
    owner: k.parent,
  })),
  sources: [{ id: "flux-system/home", suspended: false, fetchedRevision: `main@sha1:${BASE}` }],
  namespaces: state.namespaces.map(({ name, labels }) => ({ name, labels })),
  nodes: [{ name: "worker-1", addresses: ["192.0.2.1"] }],
  ...more,
});

const KIND: Partial<Record<LaneId, ChangeKind>> = {
  "propose-default-deny": "default-deny",
  "propose-repair": "repair",
};

const silent = unknown("the test says nothing of it", "another test");

/** Facts of one request; everything not said is unknown, so that a test shows what its gate really needs. */
export const facts = (
  lane: LaneId,
  namespace: string,
  before: Inventory,
  after: Inventory,
  more: Partial<GateFacts> & { readonly files?: readonly FileChange[] } = {},
): GateFacts => {
  const { files = [{ path: `apps/${namespace}/netpol/policies.yaml`, mode: "100644", text: "kind: x\n" }], ...rest } =
    more;
  const tree = memoryTree({}, BASE);
  return {
    request: { lane, draft: null, namespace, edits: [], answer: null },
    reported: null,
    now: NOW,
    base: BASE,
    changeset: changeset(namespace, KIND[lane] ?? "allows", files),
    draft: null,
    tree: { before: tree, after: overlay(tree, files) },
    inventory: { before: known(before), after: known(after) },
    settings: defaultSettings(),
    cluster: defaultClusterFacts,
    pullRequests: known([]),
    loopholes: known([]),
    live: silent,
    evidence: silent,
    standings: silent,
    configured: { cluster: false, evidence: false },
    campaign: defaultCampaign,
    decisions: known([]),
    history: silent,
    soak: silent,
    lint: silent,
    findings: silent,
    rehearsal: silent,
    attestations: silent,
    confirmation: silent,
    undo: silent,
    ...rest,
  };
};
