import { get, listAt, type DefectClass, type Field, type Mutant } from "./kit.ts";
import { foreign, mutant, namespaceKey, NAMESPACE, peersOf, policies, rules, type PeerSite } from "./sites.ts";

const labelled = (field: Field): readonly PeerSite[] => foreign(field).filter((p) => Object.keys(p.labels).length > 0);

/** The same selector, said in other words that mean something else. */
const reworded = (
  id: string,
  what: string,
  word: (labels: Record<string, string>, p: PeerSite) => unknown,
): DefectClass => ({
  id,
  breaks: "spoken",
  plant: (f) =>
    labelled(f).map((p) =>
      mutant(
        p.site,
        p.peerPath,
        what,
        (d) => d.setIn(p.peerPath, word({ ...p.labels }, p)),
        p.namespace === null ? [] : [p.namespace],
      ),
    ),
});

const place = (p: PeerSite): Record<string, string> => ({ [namespaceKey(p)]: p.namespace ?? "" });
const first = (labels: Record<string, string>): readonly [string, string] => Object.entries(labels)[0] ?? ["app", "x"];
const rest = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).slice(1));

const keyed = (id: string, rename: (key: string) => string): DefectClass =>
  reworded(id, id, (labels, p) => {
    const [key, value] = first(labels);
    return { matchLabels: { ...place(p), ...rest(labels), [rename(key)]: value } };
  });

const subject = (id: string, word: (key: string, value: string) => unknown): DefectClass => ({
  id,
  breaks: "spoken",
  plant: (f) =>
    policies(f).flatMap((site): readonly Mutant[] => {
      const labels = (get(site.value, "spec", "endpointSelector", "matchLabels") ?? {}) as Record<string, string>;
      const [key, value] = Object.entries(labels)[0] ?? [];
      if (key === undefined || value === undefined) return [];
      return [
        mutant(site, ["spec", "endpointSelector"], id, (d) => d.setIn(["spec", "endpointSelector"], word(key, value))),
      ];
    }),
});

/** Selectors that mean more, less or something else than they look. */
export const SPELLINGS: readonly DefectClass[] = [
  reworded("peer with NotIn for In", "NotIn", (labels, p) => {
    const [key, value] = first(labels);
    return { matchLabels: place(p), matchExpressions: [{ key, operator: "NotIn", values: [value] }] };
  }),
  reworded("peer with DoesNotExist", "DoesNotExist", (labels, p) => {
    const [key] = first(labels);
    return { matchLabels: place(p), matchExpressions: [{ key, operator: "DoesNotExist" }] };
  }),
  reworded("expression on another namespace", "In elsewhere", (labels, p) => ({
    matchLabels: labels,
    matchExpressions: [{ key: namespaceKey(p), operator: "In", values: ["elsewhere", "kube-public"] }],
  })),
  reworded("labels not under matchLabels", "labels bare", (labels, p) => ({ ...place(p), ...labels })),
  {
    id: "another service account",
    breaks: "spoken",
    plant: (f) =>
      foreign(f)
        // A chart's pods may run as anybody.
        .filter((p) =>
          f.context.podsIn(p.namespace ?? "").every((pod) => pod.complete || pod.fact.serviceAccount !== null),
        )
        .map((p) =>
          mutant(
            p.site,
            p.peerPath,
            "nobody-at-all",
            (d) => d.setIn([...p.peerPath, "matchLabels", "io.cilium.k8s.policy.serviceaccount"], "nobody-at-all"),
            [p.namespace ?? ""],
          ),
        ),
  },
  reworded("namespace label that no namespace has", "namespace.labels", (labels) => ({
    matchLabels: { ...labels, "io.cilium.k8s.namespace.labels.zone": "nowhere" },
  })),
  reworded("namespace's own name label, another name", "namespace.labels name", (labels) => ({
    matchLabels: { ...labels, "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": "elsewhere" },
  })),
  reworded("namespace key misspelt", "io.kubernetes.pod/namespace", (labels, p) => ({
    matchLabels: { ...labels, "io.kubernetes.pod/namespace": p.namespace },
  })),
  keyed("label key misspelt", (key) => key.replace("kubernetes", "kubernets").replace(/^([^./]*)$/, "$1s")),
  keyed("prefix with a dot", (key) => `k8s.${key.replace(/^k8s:/, "")}`),
  keyed("prefix of a container's labels", (key) => `container:${key.replace(/^k8s:/, "")}`),
  subject("subject with NotIn for In", (key, value) => ({
    matchExpressions: [{ key, operator: "NotIn", values: [value] }],
  })),
  subject("subject with a key misspelt", (key, value) => ({
    matchLabels: { [key.replace("kubernetes", "kubernets").replace(/^([^./]*)$/, "$1s")]: value },
  })),
  {
    id: "subject's labels not under matchLabels",
    plant: (f) =>
      policies(f).flatMap((site) => {
        const labels = get(site.value, "spec", "endpointSelector", "matchLabels");
        const path = ["spec", "endpointSelector"];
        return labels === undefined ? [] : [mutant(site, path, "bare labels", (d) => d.setIn(path, labels))];
      }),
  },
  {
    id: "own namespace's labels swapped",
    breaks: "spoken",
    plant: (f) =>
      peersOf(f)
        .filter(
          (p) => (p.namespace === null || p.site.namespaces.includes(p.namespace)) && Object.keys(p.labels).length > 0,
        )
        .map((p) => {
          const key = Object.keys(p.labels).find((k) => !NAMESPACE.test(k)) ?? "";
          return mutant(p.site, p.peerPath, "other value", (d) =>
            d.setIn([...p.peerPath, "matchLabels", key], `${p.labels[key] ?? ""}-server`),
          );
        }),
  },
  {
    id: "peer on the other side's field",
    plant: (f) =>
      rules(f)
        .filter((r) => listAt(r.rule, r.direction === "ingress" ? "fromEndpoints" : "toEndpoints").length > 0)
        .map((r) => {
          const [mine, other] =
            r.direction === "ingress" ? ["fromEndpoints", "toEndpoints"] : ["toEndpoints", "fromEndpoints"];
          return mutant(r.site, r.path, other, (d) => {
            d.setIn([...r.path, other], d.getIn([...r.path, mine]));
            d.deleteIn([...r.path, mine]);
          });
        }),
  },
];
