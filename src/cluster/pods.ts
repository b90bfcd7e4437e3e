import { labelSet, type LabelSet } from "../facts/labels.ts";
import type { LivePod } from "../facts/ports.ts";
import type { Protocol } from "../facts/verdict.ts";
import { field, items, nameOf, namespaceOf, number, stringMap, text, texts, time } from "./objects.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "TCP", UDP: "UDP", SCTP: "SCTP" };

const portsOf = (pod: unknown): LivePod["ports"] =>
  [...items(field(pod, "spec", "containers")), ...items(field(pod, "spec", "initContainers"))].flatMap((container) =>
    items(field(container, "ports")).flatMap((written) => {
      const port = number(field(written, "containerPort"));
      const protocol = PROTOCOLS[text(field(written, "protocol")) ?? "TCP"];
      return port === null || protocol === undefined ? [] : [{ name: text(field(written, "name")), port, protocol }];
    }),
  );

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;
const WAYS = ["httpGet", "tcpSocket", "grpc"] as const;

const probePortsOf = (pod: unknown): readonly (number | string)[] => [
  ...new Set(
    items(field(pod, "spec", "containers")).flatMap((container) =>
      PROBES.flatMap((probe) =>
        WAYS.flatMap((way) => {
          const port = field(container, probe, way, "port");
          return number(port) ?? text(port) ?? [];
        }),
      ),
    ),
  ),
];

/** What Multus says it attached beyond the pod's own network. */
const networksOf = (pod: unknown): readonly string[] => {
  const written = text(field(pod, "metadata", "annotations", "k8s.v1.cni.cncf.io/network-status"));
  try {
    const networks: unknown = JSON.parse(written ?? "[]");
    return items(networks).flatMap((n) => (field(n, "default") === true ? [] : (text(field(n, "name")) ?? [])));
  } catch {
    return [];
  }
};

/**
 * What made the pod, as Hubble names it: a ReplicaSet stands for its Deployment, and a Job with a minute in its name for
 * its CronJob.
 */
const workloadOf = (pod: unknown): LivePod["workload"] => {
  const owners = items(field(pod, "metadata", "ownerReferences"));
  const owner = owners.find((o) => field(o, "controller") === true) ?? owners[0];
  const kind = text(field(owner, "kind"));
  const name = text(field(owner, "name"));
  if (kind === null || name === null) return null;
  const hash = text(field(pod, "metadata", "labels", "pod-template-hash"));
  if (kind === "ReplicaSet" && hash !== null && name.endsWith(`-${hash}`))
    return { kind: "Deployment", name: name.slice(0, -hash.length - 1) };
  const minute = kind === "Job" ? /^(.+)-\d{8,10}$/.exec(name)?.[1] : undefined;
  return minute === undefined ? { kind, name } : { kind: "CronJob", name: minute };
};

const identities = (endpoints: readonly unknown[]): ReadonlyMap<string, LabelSet> =>
  new Map(
    endpoints.flatMap((endpoint) => {
      const labels = texts(field(endpoint, "status", "identity", "labels"));
      return labels.length === 0 ? [] : [[`${namespaceOf(endpoint)}/${nameOf(endpoint)}`, labelSet(labels)] as const];
    }),
  );

/** Pods that run or are about to; those that are done no longer speak. */
export const livePods = (pods: readonly unknown[], endpoints: readonly unknown[]): readonly LivePod[] => {
  const identity = identities(endpoints);
  return pods.flatMap((pod) => {
    const phase = field(pod, "status", "phase");
    if (phase === "Succeeded" || phase === "Failed") return [];
    const namespace = namespaceOf(pod);
    const name = nameOf(pod);
    return [
      {
        namespace,
        name,
        node: text(field(pod, "spec", "nodeName")) ?? "",
        ip: text(field(pod, "status", "podIP")),
        labels: stringMap(field(pod, "metadata", "labels")),
        identity: identity.get(`${namespace}/${name}`) ?? null,
        workload: workloadOf(pod),
        hostNetwork: field(pod, "spec", "hostNetwork") === true,
        startedAt: time(field(pod, "status", "startTime")),
        ports: portsOf(pod),
        probePorts: probePortsOf(pod),
        serviceAccount: text(field(pod, "spec", "serviceAccountName")),
        secondaryNetworks: networksOf(pod),
      },
    ];
  });
};
