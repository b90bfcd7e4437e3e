import { podIdentityLabels } from "../cilium/labels.ts";
import type { ContainerFact, Inventory, WorkloadFact } from "../facts/inventory.ts";
import { labelSet, NAMESPACE_LABEL } from "../facts/labels.ts";
import type { LivePod } from "../facts/ports.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Endpoint } from "../facts/verdict.ts";
import { dig, list, nonEmpty, record } from "../facts/json.ts";
import { specsOf } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";

/** An endpoint that a judgement is made for, with a name for people. */
export interface Subject {
  readonly namespace: string;
  /** `ns/Kind/name`, or what it stands for. */
  readonly who: string;
  readonly endpoint: Endpoint;
  /** `stand-in`: a pod that could exist, so that a policy which selects nothing known is judged too. */
  readonly kind: "pod" | "workload" | "stand-in";
}

type Labels = Readonly<Record<string, string>>;

const namedPortsOf = (
  ports: readonly { readonly name: string | null; readonly port: number; readonly protocol: string }[],
): NonNullable<Endpoint["namedPorts"]> => {
  const named: Record<string, { port: number; protocol: "TCP" | "UDP" | "SCTP" }> = {};
  for (const { name, port, protocol } of ports) {
    if (name === null || (protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP")) continue;
    named[name] = { port, protocol };
  }
  return named;
};

const namespaceLabelsOf = (inventory: Inventory): ReadonlyMap<string, Labels> =>
  new Map(inventory.namespaces.map((ns) => [ns.name, ns.labels]));

const workloadSubject = (workload: WorkloadFact, labels: Labels, settings: CiliumSettings): Subject => ({
  namespace: workload.namespace,
  who: `${workload.namespace}/${workload.kind}/${workload.name}`,
  kind: "workload",
  endpoint: {
    labels: podIdentityLabels({
      podLabels: workload.podLabels,
      namespace: workload.namespace,
      namespaceLabels: labels,
      serviceAccount: workload.serviceAccount,
      cluster: settings.clusterName,
    }),
    namedPorts: namedPortsOf(workload.containers.flatMap((c: ContainerFact) => c.ports)),
  },
});

const podSubject = (pod: LivePod, labels: Labels, settings: CiliumSettings): Subject => ({
  namespace: pod.namespace,
  who:
    pod.workload === null
      ? `${pod.namespace}/Pod/${pod.name}`
      : `${pod.namespace}/${pod.workload.kind}/${pod.workload.name}`,
  kind: "pod",
  endpoint: {
    labels:
      pod.identity ??
      podIdentityLabels({
        podLabels: pod.labels,
        namespace: pod.namespace,
        namespaceLabels: labels,
        serviceAccount: null,
        cluster: settings.clusterName,
      }),
    namedPorts: namedPortsOf(pod.ports),
  },
});

const standIn = (
  namespace: string,
  podLabels: Labels,
  labels: Labels,
  who: string,
  settings: CiliumSettings,
): Subject => ({
  namespace,
  who,
  kind: "stand-in",
  endpoint: {
    labels: podIdentityLabels({ podLabels, namespace, namespaceLabels: labels, cluster: settings.clusterName }),
  },
});

/** Labels that a selector asks for: what a pod would have to carry to be selected. Null: no pod can be made up for it. */
const describedBy = (selector: unknown): { labels: Labels; namespace: string | null } | null => {
  const labels: Record<string, string> = {};
  let namespace: string | null = null;
  const wants = new Map<string, string>();
  for (const [key, value] of Object.entries(record(dig(selector, "matchLabels")))) wants.set(key, String(value));
  for (const expression of list(dig(selector, "matchExpressions"))) {
    const key = nonEmpty(dig(expression, "key"));
    const operator = dig(expression, "operator");
    if (key === null) return null;
    if (operator === "In") wants.set(key, nonEmpty(list(dig(expression, "values"))[0]) ?? "");
    if (operator === "Exists" && !wants.has(key)) wants.set(key, "any");
  }
  for (const [written, value] of wants) {
    const colon = written.indexOf(":");
    const source = colon < 0 ? "any" : written.slice(0, colon);
    const key = colon < 0 ? written : written.slice(colon + 1);
    if (source !== "any" && source !== "k8s") return null;
    if (key === NAMESPACE_LABEL) namespace = value;
    else labels[key] = value;
  }
  return { labels, namespace };
};

const standInsFor = (
  policy: NamedPolicy,
  labelsOf: ReadonlyMap<string, Labels>,
  settings: CiliumSettings,
): readonly Subject[] => {
  const key = policy.ref.kind === "NetworkPolicy" ? "podSelector" : "endpointSelector";
  return specsOf(policy).flatMap((spec) => {
    const wanted = describedBy(dig(spec, key));
    if (wanted === null) return [];
    const own = policy.ref.namespace ?? wanted.namespace;
    const namespaces = own === null ? [...labelsOf.keys()] : [own];
    const who = `a pod that ${policy.ref.name} would select`;
    return namespaces.map((ns) => standIn(ns, wanted.labels, labelsOf.get(ns) ?? {}, `${ns}: ${who}`, settings));
  });
};

/**
 * Everything a policy could select: live pods, workloads of the inventory, one stand-in without labels per namespace, and
 * one for each selector of the given policies, because a Job's pod that does not run today is locked just the same.
 */
export const subjectsOf = (options: {
  readonly inventory: Inventory;
  readonly pods: readonly LivePod[];
  readonly policies: readonly NamedPolicy[];
  readonly settings: CiliumSettings;
}): readonly Subject[] => {
  const { inventory, pods, policies, settings } = options;
  const labelsOf = namespaceLabelsOf(inventory);
  const all: Subject[] = [
    // Host-network pods have the node's identity and are never subjects (C A.3.3).
    ...pods
      .filter((pod) => !pod.hostNetwork)
      .map((pod) => podSubject(pod, labelsOf.get(pod.namespace) ?? {}, settings)),
    ...inventory.workloads
      .filter((workload) => !workload.hostNetwork)
      .map((workload) => workloadSubject(workload, labelsOf.get(workload.namespace) ?? {}, settings)),
    ...[...labelsOf].map(([ns, labels]) => standIn(ns, {}, labels, `${ns}: a pod without labels`, settings)),
    ...policies.flatMap((policy) => standInsFor(policy, labelsOf, settings)),
  ];
  const distinct = new Map<string, Subject>();
  for (const subject of all) {
    const key = labelSet(subject.endpoint.labels).join(",");
    if (!distinct.has(key)) distinct.set(key, subject);
  }
  return [...distinct.values()];
};
