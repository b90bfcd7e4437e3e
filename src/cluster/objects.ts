import type { V1OwnerReference, V1Pod, V1Service } from "@kubernetes/client-node";
import { labelSet } from "../facts/labels.ts";
import type { LiveKustomization, LivePod, LivePolicy, LiveService, LiveSource } from "../facts/ports.ts";
import type { PolicyKind } from "../facts/policy.ts";
import type { Protocol } from "../facts/verdict.ts";

type Json = Readonly<Record<string, unknown>>;

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** The items of a list as the API answers it. */
export const itemsOf = (answer: unknown): readonly Json[] => list(record(answer)["items"]).map(record);

const protocol = (name: string | undefined): Protocol => (name === "UDP" || name === "SCTP" ? name : "TCP");

/** A ReplicaSet is its Deployment's, a Job its CronJob's: names as Hubble and people use them. */
const workloadOf = (pod: V1Pod): LivePod["workload"] => {
  const owner =
    pod.metadata?.ownerReferences?.find((reference: V1OwnerReference) => reference.controller === true) ??
    pod.metadata?.ownerReferences?.[0];
  if (owner === undefined) return null;
  const hash = pod.metadata?.labels?.["pod-template-hash"];
  if (owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`))
    return { kind: "Deployment", name: owner.name.slice(0, -(hash.length + 1)) };
  const scheduled = owner.kind === "Job" ? /^(.+)-\d{8,}$/.exec(owner.name) : null;
  return scheduled?.[1] === undefined
    ? { kind: owner.kind, name: owner.name }
    : { kind: "CronJob", name: scheduled[1] };
};

/** `identities`: labels of CiliumEndpoints by `namespace/pod`. */
export const podOf = (pod: V1Pod, identities: ReadonlyMap<string, readonly string[]>): LivePod => {
  const namespace = pod.metadata?.namespace ?? "default";
  const name = pod.metadata?.name ?? "";
  const labels = identities.get(`${namespace}/${name}`);
  const started = pod.status?.startTime;
  return {
    namespace,
    name,
    node: pod.spec?.nodeName ?? "",
    ip: pod.status?.podIP ?? null,
    labels: pod.metadata?.labels ?? {},
    identity: labels === undefined ? null : labelSet(labels),
    workload: workloadOf(pod),
    hostNetwork: pod.spec?.hostNetwork === true,
    startedAt: started === undefined ? null : new Date(started).getTime(),
    ports: (pod.spec?.containers ?? []).flatMap((container) =>
      (container.ports ?? []).map((port) => ({
        name: port.name ?? null,
        port: port.containerPort,
        protocol: protocol(port.protocol),
      })),
    ),
  };
};

/** A pod that ran and is done hosts nothing any more. */
export const isRunning = (pod: V1Pod): boolean => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed";

export const identityLabels = (endpoint: Json): readonly [string, readonly string[]] => {
  const { namespace, name } = record(endpoint["metadata"]);
  const labels = list(record(record(endpoint["status"])["identity"])["labels"]).filter(
    (label) => typeof label === "string",
  );
  return [`${text(namespace) ?? "default"}/${text(name) ?? ""}`, labels];
};

export const serviceOf = (service: V1Service): LiveService => ({
  namespace: service.metadata?.namespace ?? "default",
  name: service.metadata?.name ?? "",
  type: service.spec?.type ?? "ClusterIP",
  selector: service.spec?.selector ?? null,
  clusterIps: (service.spec?.clusterIPs ?? []).filter((ip) => ip !== "None"),
  loadBalancerIps: (service.status?.loadBalancer?.ingress ?? []).flatMap((ingress) =>
    ingress.ip === undefined ? [] : [ingress.ip],
  ),
  ports: (service.spec?.ports ?? []).map((port) => ({
    name: port.name ?? null,
    port: port.port,
    targetPort: port.targetPort ?? port.port,
    protocol: protocol(port.protocol),
  })),
  externalTrafficPolicy: service.spec?.externalTrafficPolicy ?? null,
});

/** The Flux Kustomization that an object's labels name. */
const ownerOf = (object: Json): string | null => {
  const labels = record(record(object["metadata"])["labels"]);
  const name = text(labels["kustomize.toolkit.fluxcd.io/name"]);
  const namespace = text(labels["kustomize.toolkit.fluxcd.io/namespace"]);
  return name === null || namespace === null ? null : `${namespace}/${name}`;
};

const condition = (object: Json, type: string): Json | null =>
  list(record(object["status"])["conditions"])
    .map(record)
    .find((c) => c["type"] === type) ?? null;

const truth = (found: Json | null): boolean | null => {
  if (found?.["status"] === "True") return true;
  return found?.["status"] === "False" ? false : null;
};

export const policyOf = (kind: PolicyKind, object: Json): LivePolicy => {
  const { name, namespace } = record(object["metadata"]);
  const valid = condition(object, "Valid");
  return {
    ref: {
      kind,
      name: text(name) ?? "",
      namespace: kind === "CiliumClusterwideNetworkPolicy" ? null : (text(namespace) ?? "default"),
    },
    object: { ...object, kind },
    // Kubernetes' own kind has no such condition: the API server's schema is all there is.
    valid: kind === "NetworkPolicy" ? true : truth(valid),
    message: text(valid?.["message"]),
    owner: ownerOf(object),
  };
};

const idOf = (object: Json): string => {
  const { name, namespace } = record(object["metadata"]);
  return `${text(namespace) ?? "default"}/${text(name) ?? ""}`;
};

export const kustomizationOf = (object: Json): LiveKustomization => {
  const spec = record(object["spec"]);
  const ready = condition(object, "Ready");
  const own = text(record(object["metadata"])["namespace"]) ?? "default";
  const source = record(spec["sourceRef"]);
  return {
    id: idOf(object),
    suspended: spec["suspend"] === true,
    ready: truth(ready),
    message: text(ready?.["message"]),
    appliedRevision: text(record(object["status"])["lastAppliedRevision"]),
    path: (text(spec["path"]) ?? "").replace(/^\.\//, ""),
    source: `${text(source["kind"]) ?? "GitRepository"}/${text(source["namespace"]) ?? own}/${text(source["name"]) ?? ""}`,
    dependsOn: list(spec["dependsOn"])
      .map(record)
      .map((d) => `${text(d["namespace"]) ?? own}/${text(d["name"]) ?? ""}`),
    owner: ownerOf(object),
  };
};

export const sourceOf = (kind: string, object: Json): LiveSource => ({
  id: `${kind}/${idOf(object)}`,
  suspended: record(object["spec"])["suspend"] === true,
  fetchedRevision: text(record(record(object["status"])["artifact"])["revision"]),
});
