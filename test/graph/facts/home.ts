import { DAY, HOUR } from "../../../src/facts/clock.ts";
import { defaultCampaign } from "../../../src/facts/campaign.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import type { Edge } from "../../../src/facts/edge.ts";
import { OperatorError } from "../../../src/facts/errors.ts";
import type { ClusterReader, EvidenceReader } from "../../../src/facts/ports.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import { writer } from "../../../src/gitops/edit.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import type { ReaderPorts } from "../../../src/graph/facts/reader.ts";
import type { LiveCluster } from "../../../src/rollout/live.ts";
import { memoryForge } from "../memory-forge.ts";
import { coverage, liveFrom } from "../gates/cluster.ts";

export const NOW = Date.UTC(2026, 4, 20, 12);

const flux = (name: string, path: string, more = ""): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: ${name}, namespace: flux-system }
spec:
  interval: 1h
  path: ${path}
  prune: true
  sourceRef: { kind: GitRepository, name: home }
${more}`;

const namespace = (name: string, labels = "app: web"): Record<string, string> => ({
  [`apps/${name}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`,
  [`apps/${name}/kustomization.yaml`]: `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: ${name}
resources:
  - ./namespace.yaml
  - ./web.yaml
`,
  [`apps/${name}/web.yaml`]: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      ${labels}
  template:
    metadata:
      labels:
        ${labels}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          ports:
            - containerPort: 8080
`,
});

/** A repository of two idle apps and Prometheus, as small as Flux allows. */
export const REPOSITORY: Readonly<Record<string, string>> = {
  "flux/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ./sync.yaml\n  - ./apps.yaml\n",
  "flux/sync.yaml": `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: home, namespace: flux-system }
spec: { url: https://git.example/home.git, interval: 5m }
---
${flux("flux-system", "./flux")}`,
  "flux/apps.yaml": flux("apps", "./apps"),
  "apps/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ./collab\n  - ./media\n  - ./observability\n",
  ...namespace("collab"),
  ...namespace("media"),
  ...namespace("observability", "app.kubernetes.io/name: prometheus"),
};

export const evidence = (edges: readonly Edge[] = [], length = 2 * DAY): EvidenceReader => ({
  edges: () => Promise.resolve(edges),
  coverage: ({ from, to, nodes }) =>
    Promise.resolve({ ...coverage(length), from, to, vacuous: nodes !== null && nodes.length === 0 }),
  starts: () => Promise.resolve([]),
  namesOf: () => Promise.resolve([]),
  span: () => Promise.resolve({ from: NOW - length, to: NOW }),
});

/** A cluster that runs what it is told, and lets the rollback's identity do what `mayI` says. */
export const cluster = (live: LiveCluster, more: Partial<ClusterReader> = {}): ClusterReader => ({
  name: "home",
  pods: () => Promise.resolve(live.pods),
  services: () => Promise.resolve(live.services),
  policies: () => Promise.resolve(live.policies),
  kustomizations: () => Promise.resolve(live.kustomizations),
  sources: () => Promise.resolve(live.sources),
  namespaces: () => Promise.resolve(live.namespaces),
  nodes: () => Promise.resolve(live.nodes),
  mayI: () => Promise.resolve(true),
  dryRun: () => Promise.resolve(null),
  ...more,
});

export const silentCluster: ClusterReader = cluster(
  { pods: [], services: [], policies: [], kustomizations: [], sources: [], namespaces: [], nodes: [] },
  {
    pods: () =>
      Promise.reject(new OperatorError("outside", "the API server does not answer", { remedy: "Look at the VPN." })),
  },
);

export const ports = (more: Partial<ReaderPorts> = {}): ReaderPorts => ({
  forge: memoryForge(REPOSITORY),
  clock: { now: () => NOW },
  campaign: defaultCampaign,
  settings: defaultSettings(),
  facts: defaultClusterFacts,
  cluster: null,
  evidence: evidence(),
  attestations: null,
  readInventory: (tree) => readInventory(tree, defaultClusterFacts),
  writer,
  build: () => Promise.resolve(new Map()),
  confirmation: () => Promise.resolve(null),
  rollback: null,
  play: () => Promise.resolve(["took it off, and it stayed off"]),
  ...more,
});

export { HOUR, liveFrom };
