import { cnp, indent, toEntities } from "./writing.ts";

const SOFT = "enableDefaultDeny:\n  ingress: false\n  egress: false";
const EVERY = "endpointSelector: {}";

const flux = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: cluster
  namespace: flux-system
spec:
  interval: 10m
  url: ssh://git@git.outside.example/home/cluster.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef:
    kind: GitRepository
    name: cluster
`;

/** Flux's own, the baseline every namespace takes, and the lock. */
export const BASE: Readonly<Record<string, string>> = {
  "cluster/flux.yaml": flux,
  "components/baseline/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
  - allow-dns.yaml
  - allow-apiserver.yaml
  - allow-within.yaml
  - allow-scrape.yaml
`,
  "components/baseline/allow-dns.yaml": cnp(
    "allow-dns",
    `${EVERY}
${SOFT}
egress:
  - toEndpoints:
      - matchLabels:
          io.kubernetes.pod.namespace: kube-system
          k8s-app: kube-dns
    toPorts:
      - ports:
          - port: "53"
            protocol: UDP
          - port: "53"
            protocol: TCP
        rules:
          dns:
            - matchPattern: "*"
`,
  ),
  "components/baseline/allow-apiserver.yaml": cnp(
    "allow-apiserver",
    `${EVERY}\n${SOFT}\negress:\n${indent(toEntities(["kube-apiserver"], ["6443"]), 2)}`,
  ),
  "components/baseline/allow-within.yaml": cnp(
    "allow-within",
    `${EVERY}\n${SOFT}\ningress:\n  - fromEndpoints:\n      - {}\negress:\n  - toEndpoints:\n      - {}`,
  ),
  "components/baseline/allow-scrape.yaml": cnp(
    "allow-scrape",
    `${EVERY}
${SOFT}
ingress:
  - fromEndpoints:
      - matchLabels:
          io.kubernetes.pod.namespace: observability
          app.kubernetes.io/name: prometheus
`,
  ),
  "components/default-deny/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources:
  - default-deny.yaml
`,
  "components/default-deny/default-deny.yaml": cnp("default-deny", `${EVERY}\ningress:\n  - {}\negress:\n  - {}`),
};
