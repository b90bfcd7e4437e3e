import type { ServiceFact, ServicePortFact, WorkloadFact } from "../facts/inventory.ts";
import type { Unit } from "./helm/unit.ts";
import { at, isRecord, list, portNumber, scalar, stringMap, strings, text, type Json } from "./json.ts";
import { PROTOCOLS } from "./protocols.ts";

/** Annotations that ask a load balancer for an address: Cilium's (both spellings), MetalLB's, kube-vip's. */
const ADDRESS_ANNOTATIONS = [
  "lbipam.cilium.io/ips",
  "io.cilium/lb-ipam-ips",
  "metallb.universe.tf/loadBalancerIPs",
  "metallb.io/loadBalancerIPs",
  "kube-vip.io/loadbalancerIPs",
];
const HOSTNAME_ANNOTATIONS = [
  "external-dns.alpha.kubernetes.io/hostname",
  "external-dns.alpha.kubernetes.io/internal-hostname",
  "coredns.io/hostname",
];

const parts = (written: string | null): readonly string[] =>
  (written ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));

export const askedAddresses = (annotations: unknown): readonly string[] =>
  ADDRESS_ANNOTATIONS.flatMap((key) => parts(scalar(at(annotations, key))));

export const publishedNames = (annotations: unknown): readonly string[] =>
  HOSTNAME_ANNOTATIONS.flatMap((key) => parts(scalar(at(annotations, key))));

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;

const selects = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** Pods behind a Service; a Service with an empty selector has none. */
export const podsBehind = (
  namespace: string,
  selector: Readonly<Record<string, string>> | null,
  workloads: readonly WorkloadFact[],
): readonly WorkloadFact[] =>
  selector === null || Object.keys(selector).length === 0
    ? []
    : workloads.filter((w) => w.namespace === namespace && selects(selector, w.podLabels));

/** Labels that move between pods while they run: by them no pod is known. CNPG puts both on whoever is primary. */
const MOVING: Readonly<Record<string, readonly string[]>> = { "cnpg.io/cluster": ["role", "cnpg.io/instanceRole"] };

const steady = (selector: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const moving = Object.entries(MOVING).flatMap(([mark, keys]) => (Object.hasOwn(selector, mark) ? keys : []));
  return Object.fromEntries(Object.entries(selector).filter(([key]) => !moving.includes(key)));
};

const portOf = (written: unknown, pods: readonly WorkloadFact[]): ServicePortFact | null => {
  const port = portNumber(at(written, "port"));
  const protocol = PROTOCOLS[(text(at(written, "protocol")) ?? "TCP").toUpperCase()];
  if (port === null || protocol === undefined) return null;
  const target = at(written, "targetPort");
  const targetPort = portNumber(target) ?? text(target) ?? port;
  const named = pods.flatMap((w) => w.containers.flatMap((c) => c.ports)).find((p) => p.name === targetPort);
  return {
    name: text(at(written, "name")),
    port,
    targetPort,
    containerPort: typeof targetPort === "number" ? targetPort : (named?.port ?? null),
    protocol,
  };
};

/** The Service that an object is; null for any other kind. Named target ports are looked up in the pods behind it. */
export const serviceOf = (unit: Unit, workloads: readonly WorkloadFact[]): ServiceFact | null => {
  if (unit.kind !== "Service") return null;
  const spec = at(unit.value, "spec");
  const annotations = at(unit.value, "metadata", "annotations");
  const written = at(spec, "selector");
  const selector = isRecord(written) ? steady(stringMap(written)) : null;
  const pods = podsBehind(unit.namespace, selector, workloads);
  const type = TYPES.find((t) => t === at(spec, "type")) ?? "ClusterIP";
  const policy = at(spec, "externalTrafficPolicy");
  const single = scalar(at(spec, "loadBalancerIP"));
  return {
    namespace: unit.namespace,
    name: unit.name,
    type,
    selector: type === "ExternalName" ? null : selector,
    ports: list(at(spec, "ports")).flatMap((p) => portOf(p, pods) ?? []),
    loadBalancerIps: [
      ...new Set([
        ...(single === null ? [] : [single]),
        ...askedAddresses(annotations),
        ...strings(at(spec, "externalIPs")),
      ]),
    ],
    hostnames: publishedNames(annotations),
    externalTrafficPolicy: policy === "Local" || policy === "Cluster" ? policy : null,
    externalName: text(at(spec, "externalName")),
    sure: unit.sure,
    origin: unit.origin,
    labels: serviceLabels(unit.value),
  };
};

const serviceLabels = (value: Json): Readonly<Record<string, string>> => stringMap(at(value, "metadata", "labels"));
