import type { ContainerFact, ContainerPort, WorkloadFact } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import { PROTOCOLS } from "./protocols.ts";
import type { Unit } from "./helm/unit.ts";
import { at, isRecord, list, portNumber, scalar, stringMap, text, type Json, type Path } from "./json.ts";

/** Where each kind keeps its pod template; a Pod is its own. */
const TEMPLATE: Readonly<Record<string, Path>> = {
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
  Pod: [],
};

export const makesPods = (kind: string): boolean => Object.hasOwn(TEMPLATE, kind);

export const templatePath = (kind: string): Path => TEMPLATE[kind] ?? [];

const portsOf = (container: unknown, sure: Certainty): readonly ContainerPort[] =>
  list(at(container, "ports")).flatMap((written) => {
    const port = portNumber(at(written, "containerPort"));
    const protocol = PROTOCOLS[(text(at(written, "protocol")) ?? "TCP").toUpperCase()];
    return port === null || protocol === undefined ? [] : [{ name: text(at(written, "name")), port, protocol, sure }];
  });

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

const probePortsOf = (container: unknown): readonly (number | string)[] => {
  const found = PROBES.flatMap((probe) =>
    (["httpGet", "tcpSocket", "grpc"] as const).flatMap((how) => {
      const written = at(container, probe, how, "port");
      return portNumber(written) ?? text(written) ?? [];
    }),
  );
  return [...new Set(found)];
};

export const containerFacts = (podSpec: unknown, sure: Certainty): readonly ContainerFact[] =>
  [...list(at(podSpec, "containers")), ...list(at(podSpec, "initContainers"))].map((container) => ({
    name: text(at(container, "name")) ?? "",
    image: text(at(container, "image")),
    ports: portsOf(container, sure),
    probePorts: probePortsOf(container),
  }));

/** Networks a pod asks of Multus, in both spellings of its annotation. */
export const secondaryNetworks = (annotations: unknown): readonly string[] => {
  const written = text(at(annotations, "k8s.v1.cni.cncf.io/networks"))?.trim() ?? "";
  if (written === "") return [];
  if (!written.startsWith("[")) return written.split(",").map((name) => name.trim());
  try {
    const parsed: unknown = JSON.parse(written);
    return list(parsed).flatMap((item) => scalar(at(item, "name")) ?? []);
  } catch {
    return [written];
  }
};

const isScaledAway = (kind: string, value: Json): boolean =>
  kind === "CronJob" || kind === "Job" ? at(value, "spec", "suspend") === true : at(value, "spec", "replicas") === 0;

/** The workload that an object is; null when it makes no pods. */
export const workloadOf = (unit: Unit): WorkloadFact | null => {
  const path = TEMPLATE[unit.kind];
  if (path === undefined) return null;
  const template = at(unit.value, ...path);
  if (!isRecord(template)) return null;
  const spec = at(template, "spec");
  return {
    namespace: unit.namespace,
    kind: unit.kind,
    name: unit.name,
    podLabels: stringMap(at(template, "metadata", "labels")),
    labelsComplete: unit.labelsComplete,
    serviceAccount: text(at(spec, "serviceAccountName")) ?? text(at(spec, "serviceAccount")),
    containers: containerFacts(spec, unit.sure),
    hostNetwork: at(spec, "hostNetwork") === true,
    secondaryNetworks: secondaryNetworks(at(template, "metadata", "annotations")),
    suspended: unit.suspended || isScaledAway(unit.kind, unit.value),
    transient: unit.kind === "Job" || unit.kind === "CronJob",
    sure: unit.sure,
    from: unit.from,
    owner: unit.owner,
    origin: unit.origin,
  };
};
