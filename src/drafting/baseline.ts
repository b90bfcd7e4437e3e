import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Entry, PolicyParts } from "./policy-object.ts";

/** One policy of the baseline: an allow that every pod of a namespace needs, and why. */
export interface BaselinePolicy {
  readonly file: string;
  readonly parts: PolicyParts;
  readonly requirement: string;
  readonly lesson: number | null;
}

const tcp = (port: number) => ({ port: String(port), protocol: "TCP" });
const udp = (port: number) => ({ port: String(port), protocol: "UDP" });

const additive = (name: string, ingress: readonly Entry[], egress: readonly Entry[]): PolicyParts => ({
  name,
  namespace: null,
  selector: { labels: {}, absent: [] },
  ingress,
  egress,
});

/** The plan's five additive allows, corrected by C H (P "Baseline policies"; C D.4, D.5, B.4.3). */
export const baselinePolicies = (facts: ClusterFacts): readonly BaselinePolicy[] => {
  const { dns, monitoring } = facts;
  const pods = (namespace: string, labels: Readonly<Record<string, string>>) => ({
    matchLabels: { "io.kubernetes.pod.namespace": namespace, ...labels },
  });
  return [
    {
      file: "allow-apiserver.yaml",
      requirement: "clients of the Kubernetes API reach it by its entity, never by address",
      lesson: 14,
      parts: additive(
        "allow-apiserver",
        [],
        [
          {
            comment: ["By entity: an address never matches a node that serves the API (lesson 14)."],
            rule: { toEntities: ["kube-apiserver"], toPorts: [{ ports: [tcp(facts.apiserverPort)] }] },
          },
        ],
      ),
    },
    {
      file: "allow-dns.yaml",
      requirement: "every pod resolves names, over UDP and for long answers over TCP",
      lesson: 27,
      parts: additive(
        "allow-dns",
        [],
        [
          {
            comment: ["The dns rule lets Cilium learn the answers that toFQDNs rules match on (lesson 12)."],
            rule: {
              toEndpoints: [pods(dns.namespace, dns.labels)],
              toPorts: [{ ports: [udp(dns.port), tcp(dns.port)], rules: { dns: [{ matchPattern: "*" }] } }],
            },
          },
        ],
      ),
    },
    {
      file: "allow-host-probes.yaml",
      requirement: "nodes reach the pods they host and, after a reschedule, those they do not",
      lesson: 36,
      parts: additive(
        "allow-host-probes",
        [
          {
            comment: ["What is the pod's own node today is a remote node after a reschedule (lesson 36)."],
            rule: { fromEntities: ["host", "remote-node"] },
          },
        ],
        [],
      ),
    },
    {
      file: "allow-intra-namespace.yaml",
      requirement: "workloads of one namespace talk to each other",
      lesson: null,
      parts: additive(
        "allow-intra-namespace",
        [{ comment: [], rule: { fromEndpoints: [{}] } }],
        [{ comment: [], rule: { toEndpoints: [{}] } }],
      ),
    },
    {
      file: "allow-monitoring.yaml",
      requirement: "Prometheus reads metrics on whatever port they are served",
      lesson: 27,
      parts: additive(
        "allow-monitoring",
        [{ comment: [], rule: { fromEndpoints: [pods(monitoring.namespace, monitoring.labels)] } }],
        [],
      ),
    },
  ];
};

export const componentKustomization = (files: readonly string[]): string =>
  [
    "---",
    "apiVersion: kustomize.config.k8s.io/v1alpha1",
    "kind: Component",
    "resources:",
    ...[...files].sort().map((file) => `  - ./${file}`),
    "",
  ].join("\n");
