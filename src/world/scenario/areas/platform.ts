import type { Area, Workload } from "../model.ts";
import { APISERVER_PORT } from "../nodes.ts";
import { asked, every, journey, service, talk, tcp, udp, workload } from "../make.ts";

const flux = (name: string, node: string): Workload =>
  workload(`flux-system/${name}`, {
    nodes: [node],
    labels: {
      app: name,
      "app.kubernetes.io/component": name,
      "app.kubernetes.io/instance": "flux-system",
      "app.kubernetes.io/part-of": "flux",
    },
    serviceAccount: name,
    ports: [tcp("http", 9090), tcp("http-prom", 8080), tcp("healthz", 9440)],
    probes: [9440],
    metrics: 8080,
    appliedBy: null,
  });

const certManager = (name: string, component: string, node: string, given: Partial<Workload> = {}): Workload =>
  workload(`cert-manager/${name}`, {
    nodes: [node],
    labels: {
      app: component === "controller" ? "cert-manager" : component,
      "app.kubernetes.io/component": component,
      "app.kubernetes.io/instance": "cert-manager",
      "app.kubernetes.io/name": component === "controller" ? "cert-manager" : component,
    },
    serviceAccount: name,
    metrics: 9402,
    appliedBy: "cert-manager/cert-manager",
    ...given,
  });

const API_CLIENTS = [
  "kube-system/coredns",
  "flux-system/source-controller",
  "flux-system/kustomize-controller",
  "flux-system/helm-controller",
  "flux-system/notification-controller",
  "cert-manager/cert-manager",
  "cert-manager/cert-manager-cainjector",
  "cert-manager/cert-manager-webhook",
];

const fluxTalks = [
  talk("flux-system/source-controller", "outside:git", "443", every(5), { asks: "git.hosting.example" }),
  talk("flux-system/source-controller", "outside:charts", "443", every(60), { asks: "registry.example" }),
  ...["kustomize-controller", "helm-controller"].map((name) =>
    talk(`flux-system/${name}`, "flux-system/source-controller", "9090", every(30), {
      asks: "source-controller.flux-system.svc.cluster.local",
      via: "flux-system/source-controller:80",
    }),
  ),
  ...["kustomize-controller", "helm-controller", "source-controller"].map((name) =>
    talk(`flux-system/${name}`, "flux-system/notification-controller", "9090", every(60), {
      asks: "notification-controller.flux-system.svc.cluster.local",
      via: "flux-system/notification-controller:80",
    }),
  ),
];

/** DNS, the GitOps controllers, certificates: what everything else stands on. */
export const PLATFORM: Area = {
  workloads: [
    workload("kube-system/coredns", {
      nodes: ["node-1", "node-2"],
      labels: { "app.kubernetes.io/name": "coredns", "k8s-app": "kube-dns" },
      serviceAccount: "coredns",
      ports: [udp("dns", 53), tcp("dns-tcp", 53), tcp("metrics", 9153)],
      probes: [8080, 8181],
      metrics: 9153,
    }),
    workload("kube-system/hubble-relay", {
      nodes: ["node-2"],
      labels: {
        "app.kubernetes.io/name": "hubble-relay",
        "app.kubernetes.io/part-of": "cilium",
        "k8s-app": "hubble-relay",
      },
      serviceAccount: "hubble-relay",
      ports: [tcp("grpc", 4245)],
      probes: [4222],
      appliedBy: null,
    }),
    flux("source-controller", "node-2"),
    flux("kustomize-controller", "node-3"),
    flux("helm-controller", "node-3"),
    flux("notification-controller", "node-1"),
    certManager("cert-manager", "controller", "node-2", {
      ports: [tcp("http-metrics", 9402), tcp("http-healthz", 9403)],
      probes: [9403],
    }),
    certManager("cert-manager-cainjector", "cainjector", "node-3", { ports: [tcp("http-metrics", 9402)] }),
    certManager("cert-manager-webhook", "webhook", "node-3", {
      ports: [tcp("https", 10250), tcp("healthcheck", 6080), tcp("http-metrics", 9402)],
      probes: [6080],
    }),
  ],
  services: [
    service(
      "kube-system/kube-dns",
      10,
      [
        ["dns", 53, 53, "UDP"],
        ["dns-tcp", 53, 53],
        ["metrics", 9153, 9153],
      ],
      {
        backend: { workload: "kube-system/coredns", replica: null },
        selector: { "k8s-app": "kube-dns" },
        appliedBy: "kube-system/coredns",
      },
    ),
    service("kube-system/hubble-relay", 11, [["grpc", 80, 4245]], {
      selector: { "k8s-app": "hubble-relay" },
      appliedBy: null,
    }),
    service("flux-system/source-controller", 12, [["http", 80, 9090]], {
      selector: { app: "source-controller" },
      appliedBy: null,
    }),
    service("flux-system/notification-controller", 13, [["http", 80, 9090]], {
      selector: { app: "notification-controller" },
      appliedBy: null,
    }),
    service("cert-manager/cert-manager-webhook", 14, [["https", 443, 10250]], {
      selector: {
        "app.kubernetes.io/component": "webhook",
        "app.kubernetes.io/instance": "cert-manager",
        "app.kubernetes.io/name": "webhook",
      },
      appliedBy: "cert-manager/cert-manager",
    }),
  ],
  talks: [
    ...API_CLIENTS.map((id) => talk(id, "apiserver", String(APISERVER_PORT), every(10), { atStart: true })),
    talk("kube-system/coredns", "outside:resolver", "53/UDP", every(10)),
    talk("kube-system/hubble-relay", "node:node-1", "4244", every(15)),
    talk("kube-system/hubble-relay", "node:node-3", "4244", every(15)),
    ...fluxTalks,
    // Sixty days between renewals: no soak sees one.
    talk(
      "cert-manager/cert-manager",
      "outside:acme",
      "443",
      { kind: "days", every: 60, hour: 4 },
      { asks: "acme.ca.example" },
    ),
    talk(
      "cert-manager/cert-manager",
      "outside:acme-dns",
      "443",
      { kind: "days", every: 60, hour: 4 },
      { asks: "acmedns.provider.example" },
    ),
    // Whether the record has reached the zone's own servers, which are asked by address.
    talk("cert-manager/cert-manager", "outside:zone-servers", "53/UDP", { kind: "days", every: 60, hour: 4 }),
    // The API server dials the container port, and only when somebody writes a certificate (lesson 34).
    talk("node:node-1", "cert-manager/cert-manager-webhook", "10250", asked),
  ],
  journeys: [
    journey(
      "renew certificate",
      "cmctl renew sample-example-tls -n network",
      asked,
      "node:node-1 > cert-manager/cert-manager-webhook:10250",
      "cert-manager/cert-manager > outside:acme:443",
      "cert-manager/cert-manager > outside:acme-dns:443",
      "cert-manager/cert-manager > outside:zone-servers:53/UDP",
    ),
    journey(
      "apply certificate",
      "kubectl apply of a Certificate: the API server asks cert-manager's webhook",
      asked,
      "node:node-1 > cert-manager/cert-manager-webhook:10250",
    ),
  ],
};
