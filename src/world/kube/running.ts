import { iso } from "../../facts/clock.ts";
import { DIRECTIONS, type Direction } from "../../facts/verdict.ts";
import type { ClusterState } from "../cluster/flux.ts";
import { key, keyOf, specOf, type KubeObject } from "../cluster/objects.ts";
import { isReplica, type Pod } from "../cluster/pods.ts";
import type { WorldService } from "../scenario/model.ts";
import { APISERVER_PORT, APISERVER_VIP, NODES } from "../scenario/nodes.ts";
import { SERVICES } from "../scenario/areas.ts";
import { deciderOf } from "../traffic/decide.ts";

/** Objects that run rather than being applied: nodes, pods, endpoints, and what charts and operators made. */
export const runningObjects = (state: ClusterState, pods: readonly Pod[]): KubeObject[] => [
  ...NODES.flatMap(nodeObjects),
  ...pods.map(podObject),
  ...pods.filter((pod) => !pod.workload.hostNetwork).map((pod) => endpointObject(pod, state)),
  ...replicaSets(pods),
  ...madeWorkloads(state, pods),
  ...services(state),
  ...endpointSlices(state, pods),
];

const nodeObjects = (node: (typeof NODES)[number]): KubeObject[] => [
  {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      labels: {
        "kubernetes.io/hostname": node.name,
        ...(node.controlPlane ? { "node-role.kubernetes.io/control-plane": "" } : {}),
      },
    },
    spec: { podCIDR: `10.42.${String(node.index)}.0/24` },
    status: {
      addresses: [
        { type: "InternalIP", address: node.ip },
        { type: "Hostname", address: node.name },
      ],
      conditions: [{ type: "Ready", status: "True" }],
    },
  },
  {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNode",
    metadata: { name: node.name },
    spec: { addresses: [{ type: "InternalIP", ip: node.ip }] },
  },
];

const replicaSetName = (pod: Pod): string => `${pod.workload.name}-${pod.labels["pod-template-hash"] ?? ""}`;

const OWNER_API: Readonly<Record<Pod["workload"]["kind"], string>> = {
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  DaemonSet: "apps/v1",
  Cluster: "postgresql.cnpg.io/v1",
  Job: "batch/v1",
};

const ownerReferences = (pod: Pod): Readonly<Record<string, unknown>>[] => {
  const { kind, name } = pod.workload;
  const owner = kind === "Deployment" ? { kind: "ReplicaSet", name: replicaSetName(pod) } : { kind, name };
  return [{ apiVersion: OWNER_API[kind], ...owner, controller: true, uid: `${owner.kind}-${owner.name}` }];
};

const probesOf = (pod: Pod): Readonly<Record<string, unknown>> => {
  const [live, ready] = pod.workload.probes;
  return {
    ...(live === undefined ? {} : { livenessProbe: { tcpSocket: { port: live } } }),
    ...(ready === undefined ? {} : { readinessProbe: { tcpSocket: { port: ready } } }),
  };
};

const podObject = (pod: Pod): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: pod.name,
    namespace: pod.namespace,
    labels: pod.labels,
    creationTimestamp: iso(pod.startedAt),
    ...(pod.workload.secondaryNetworks.length === 0
      ? {}
      : { annotations: { "k8s.v1.cni.cncf.io/networks": pod.workload.secondaryNetworks.join(",") } }),
    ownerReferences: ownerReferences(pod),
  },
  spec: {
    nodeName: pod.node.name,
    serviceAccountName: pod.workload.serviceAccount,
    ...(pod.workload.hostNetwork ? { hostNetwork: true } : {}),
    containers: [
      {
        name: "app",
        image: `registry.example/${pod.workload.name}`,
        ports: pod.workload.ports.map((p) => ({ name: p.name, containerPort: p.port, protocol: p.protocol })),
        ...probesOf(pod),
      },
    ],
  },
  status: {
    phase: "Running",
    podIP: pod.ip,
    podIPs: [{ ip: pod.ip }],
    hostIP: pod.node.ip,
    startTime: iso(pod.startedAt),
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: iso(pod.startedAt + 8_000) }],
  },
});

const isEnforcing = (pod: Pod, state: ClusterState, direction: Direction): boolean =>
  deciderOf(state).set.defaultDeny({ labels: pod.identityLabels }, direction).value;

/** Whether a pod is under default-deny in any direction. */
export const isEnforced = (pod: Pod, state: ClusterState): boolean =>
  DIRECTIONS.some((direction) => isEnforcing(pod, state, direction));

/** The agent's own word on an endpoint: identity, address, and whether each direction is enforcing. */
const endpointObject = (pod: Pod, state: ClusterState): KubeObject => {
  const said = (direction: Direction): Readonly<Record<string, unknown>> => {
    const enforcing = isEnforcing(pod, state, direction);
    return { enforcing, state: enforcing ? "enforcing" : "non-enforcing" };
  };
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumEndpoint",
    metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels },
    status: {
      id: pod.endpointId,
      identity: { id: pod.identity, labels: pod.identityLabels },
      networking: { addressing: [{ ipv4: pod.ip }], node: pod.node.ip },
      policy: { ingress: said("ingress"), egress: said("egress") },
      state: "ready",
    },
  };
};

const once = (objects: readonly KubeObject[]): KubeObject[] => [...new Map(objects.map((o) => [keyOf(o), o])).values()];

const replicaSets = (pods: readonly Pod[]): KubeObject[] =>
  once(
    pods
      .filter((pod) => pod.workload.kind === "Deployment")
      .map((pod) => ({
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          name: replicaSetName(pod),
          namespace: pod.namespace,
          labels: pod.labels,
          ownerReferences: [
            {
              apiVersion: "apps/v1",
              kind: "Deployment",
              name: pod.workload.name,
              controller: true,
              uid: `Deployment-${pod.workload.name}`,
            },
          ],
        },
        spec: { replicas: pod.workload.nodes.length, selector: { matchLabels: pod.labels } },
        status: { replicas: pod.workload.nodes.length, readyReplicas: pod.workload.nodes.length },
      })),
  );

/** Deployments and the like: Git's own where it has them, else what a chart or an operator made, always with status. */
const madeWorkloads = (state: ClusterState, pods: readonly Pod[]): KubeObject[] =>
  once(
    pods.map(({ workload }) => {
      const replicas = workload.nodes.length;
      const applied = state.objects.get(
        key(OWNER_API[workload.kind], workload.kind, workload.namespace, workload.name),
      );
      return {
        apiVersion: OWNER_API[workload.kind],
        kind: workload.kind,
        metadata: { name: workload.name, namespace: workload.namespace, labels: workload.labels },
        spec: {
          replicas,
          selector: { matchLabels: workload.labels },
          template: {
            metadata: { labels: workload.labels },
            spec: {
              serviceAccountName: workload.serviceAccount,
              containers: [
                {
                  name: "app",
                  ports: workload.ports.map((p) => ({ name: p.name, containerPort: p.port, protocol: p.protocol })),
                },
              ],
            },
          },
        },
        ...applied,
        status: { replicas, readyReplicas: replicas, availableReplicas: replicas },
      };
    }),
  );

const stands = (service: WorldService, state: ClusterState): boolean =>
  service.appliedBy === null || state.born.has(service.appliedBy);

const services = (state: ClusterState): KubeObject[] => [
  serviceObject("default", "kubernetes", APISERVER_VIP, [
    { name: "https", port: 443, targetPort: APISERVER_PORT, protocol: "TCP" },
  ]),
  ...SERVICES.filter((s) => stands(s, state)).map((s) => {
    const applied = state.objects.get(key("v1", "Service", s.namespace, s.name));
    const made = serviceObject(
      s.namespace,
      s.name,
      s.clusterIp,
      s.ports.map((p) => ({ name: p.name, port: p.port, targetPort: p.target, protocol: p.protocol })),
    );
    return {
      ...made,
      ...applied,
      spec: {
        ...specOf(made),
        ...(s.selector === null ? {} : { selector: s.selector }),
        ...(applied === undefined ? {} : specOf(applied)),
        clusterIP: s.clusterIp,
        clusterIPs: [s.clusterIp],
        type: s.type,
        ...(s.type === "LoadBalancer" ? { externalTrafficPolicy: "Cluster" } : {}),
      },
      status: { loadBalancer: s.loadBalancerIp === null ? {} : { ingress: [{ ip: s.loadBalancerIp }] } },
    };
  }),
];

const serviceObject = (
  namespace: string,
  name: string,
  clusterIP: string,
  ports: readonly Readonly<Record<string, unknown>>[],
): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports },
  status: { loadBalancer: {} },
});

const slice = (
  namespace: string,
  service: string,
  ports: readonly Readonly<Record<string, unknown>>[],
  endpoints: readonly Readonly<Record<string, unknown>>[],
): KubeObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `${service}-1`, namespace, labels: { "kubernetes.io/service-name": service } },
  addressType: "IPv4",
  ports,
  endpoints,
});

const endpointSlices = (state: ClusterState, pods: readonly Pod[]): KubeObject[] => [
  slice(
    "default",
    "kubernetes",
    [{ name: "https", port: APISERVER_PORT, protocol: "TCP" }],
    NODES.filter((n) => n.controlPlane).map((n) => ({ addresses: [n.ip], conditions: { ready: true } })),
  ),
  ...SERVICES.filter((s) => stands(s, state)).map((s) =>
    slice(
      s.namespace,
      s.name,
      s.ports.map((p) => ({ name: p.name, port: p.target, protocol: p.protocol })),
      pods
        .filter((p) => s.backend !== null && p.workload.id === s.backend.workload)
        .filter((p) => isReplica(s.backend?.replica ?? null, p))
        .map((p) => ({
          addresses: [p.ip],
          conditions: { ready: true },
          nodeName: p.node.name,
          targetRef: { kind: "Pod", namespace: p.namespace, name: p.name },
        })),
    ),
  ),
];
