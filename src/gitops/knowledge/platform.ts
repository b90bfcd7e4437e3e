import { app, component, type ChartKnowledge } from "./chart.ts";

/** Certificates, secrets, storage, network and the other things a cluster stands on. */
export const PLATFORM: readonly ChartKnowledge[] = [
  {
    charts: ["cert-manager"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { ...component("cert-manager", "controller"), app: "cert-manager" },
        ports: ["http-metrics:9402", "http-healthz:9403"],
        serviceAccount: "{fullname}",
      },
      {
        kind: "Deployment",
        name: "{fullname}-cainjector",
        labels: { ...component("cainjector", "cainjector"), app: "cainjector" },
        ports: ["http-metrics:9402"],
        serviceAccount: "{fullname}-cainjector",
      },
      {
        kind: "Deployment",
        name: "{fullname}-webhook",
        labels: { ...component("webhook", "webhook"), app: "webhook" },
        ports: ["https:10250", "healthcheck:6080", "http-metrics:9402"],
        serviceAccount: "{fullname}-webhook",
      },
    ],
    services: [
      { name: "{fullname}", selector: component("cert-manager", "controller"), ports: ["9402:9402"] },
      { name: "{fullname}-webhook", selector: component("webhook", "webhook"), ports: ["443:10250"] },
    ],
  },
  {
    charts: ["cloudnative-pg"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("cloudnative-pg"),
        ports: ["webhook-server:9443", "metrics:8080"],
        serviceAccount: "{fullname}",
      },
    ],
    services: [{ name: "cnpg-webhook-service", selector: app("cloudnative-pg"), ports: ["443:9443"] }],
  },
  {
    charts: ["plugin-barman-cloud"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("plugin-barman-cloud"),
        ports: ["grpc:9090", "health:8081"],
      },
    ],
    services: [{ name: "barman-cloud", selector: app("plugin-barman-cloud"), ports: ["9090:9090"] }],
  },
  {
    charts: ["gateway-helm", "envoy-gateway"],
    workloads: [
      {
        kind: "Deployment",
        name: "envoy-gateway",
        labels: { ...app("gateway-helm"), "control-plane": "envoy-gateway" },
        ports: ["grpc:18000", "ratelimit:18001", "wasm:18002", "metrics:19001", "webhook:9443"],
        serviceAccount: "envoy-gateway",
      },
      { kind: "Job", name: "{release}-gateway-helm-certgen", labels: { app: "certgen" } },
    ],
    services: [
      {
        name: "envoy-gateway",
        selector: { ...app("gateway-helm"), "control-plane": "envoy-gateway" },
        ports: ["18000:18000", "18001:18001", "18002:18002", "19001:19001", "9443:9443"],
      },
    ],
  },
  {
    charts: ["external-secrets"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("external-secrets"),
        ports: ["metrics:8080"],
        serviceAccount: "{fullname}",
      },
      {
        kind: "Deployment",
        name: "{fullname}-cert-controller",
        labels: app("external-secrets-cert-controller"),
        ports: ["metrics:8080", "ready:8081"],
      },
      {
        kind: "Deployment",
        name: "{fullname}-webhook",
        labels: app("external-secrets-webhook"),
        ports: ["webhook:10250", "metrics:8080", "ready:8081"],
      },
      {
        kind: "Deployment",
        name: "bitwarden-sdk-server",
        labels: app("bitwarden-sdk-server"),
        ports: ["http:9998"],
        when: "bitwarden-sdk-server.enabled",
      },
    ],
    services: [
      { name: "{fullname}-webhook", selector: app("external-secrets-webhook"), ports: ["443:webhook"] },
      {
        name: "bitwarden-sdk-server",
        selector: app("bitwarden-sdk-server"),
        ports: ["9998:http"],
        when: "bitwarden-sdk-server.enabled",
      },
    ],
  },
  {
    charts: ["external-dns"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("external-dns"), ports: ["http:7979"] }],
  },
  {
    charts: ["metrics-server"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("metrics-server"), ports: ["https:10250"] }],
    services: [{ name: "{fullname}", selector: app("metrics-server"), ports: ["443:https"] }],
  },
  {
    charts: ["reloader"],
    workloads: [
      {
        kind: "Deployment",
        name: "{release}-reloader",
        labels: { ...app("reloader"), app: "{release}-reloader" },
        ports: ["http:9090"],
      },
    ],
  },
  {
    charts: ["reflector"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("reflector"), ports: ["http:25080"] }],
  },
  {
    charts: ["descheduler"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("descheduler"), ports: ["http-metrics:10258"] }],
  },
  {
    charts: ["coredns"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { ...app("coredns"), "k8s-app": "kube-dns" },
        ports: ["udp-53:53/UDP", "tcp-53:53", "tcp-9153:9153"],
      },
    ],
    services: [{ name: "kube-dns", selector: { "k8s-app": "kube-dns" }, ports: ["53:53/UDP", "53:53"] }],
  },
  {
    charts: ["cilium"],
    workloads: [
      {
        kind: "DaemonSet",
        name: "cilium",
        labels: {
          "k8s-app": "cilium",
          "app.kubernetes.io/name": "cilium-agent",
          "app.kubernetes.io/part-of": "cilium",
        },
        hostNetwork: true,
      },
      {
        kind: "DaemonSet",
        name: "cilium-envoy",
        labels: {
          "k8s-app": "cilium-envoy",
          "app.kubernetes.io/name": "cilium-envoy",
          "app.kubernetes.io/part-of": "cilium",
        },
        hostNetwork: true,
      },
      {
        kind: "Deployment",
        name: "cilium-operator",
        labels: {
          "io.cilium/app": "operator",
          name: "cilium-operator",
          "app.kubernetes.io/name": "cilium-operator",
          "app.kubernetes.io/part-of": "cilium",
        },
        hostNetwork: true,
      },
      {
        kind: "Deployment",
        name: "hubble-relay",
        labels: {
          "k8s-app": "hubble-relay",
          "app.kubernetes.io/name": "hubble-relay",
          "app.kubernetes.io/part-of": "cilium",
        },
        ports: ["grpc:4245"],
        when: "hubble.relay.enabled",
      },
      {
        kind: "Deployment",
        name: "hubble-ui",
        labels: {
          "k8s-app": "hubble-ui",
          "app.kubernetes.io/name": "hubble-ui",
          "app.kubernetes.io/part-of": "cilium",
        },
        ports: ["http:8081", "grpc:8090"],
        when: "hubble.ui.enabled",
      },
    ],
    services: [
      { name: "hubble-relay", selector: { "k8s-app": "hubble-relay" }, ports: ["80:4245"] },
      { name: "hubble-ui", selector: { "k8s-app": "hubble-ui" }, ports: ["80:8081"] },
    ],
  },
  {
    charts: ["istiod"],
    workloads: [
      {
        kind: "Deployment",
        name: "istiod",
        labels: {
          app: "istiod",
          istio: "pilot",
          "app.kubernetes.io/name": "istiod",
          "app.kubernetes.io/instance": "{release}",
        },
        ports: ["http-debug:8080", "grpc-xds:15010", "tls-xds:15012", "https-webhooks:15017", "http-monitoring:15014"],
        serviceAccount: "istiod",
      },
    ],
    services: [
      {
        name: "istiod",
        selector: { app: "istiod", istio: "pilot" },
        ports: ["15010:15010", "15012:15012", "443:15017", "15014:15014"],
      },
    ],
  },
  {
    charts: ["gha-runner-scale-set-controller"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: {
          ...app("gha-rs-controller"),
          "app.kubernetes.io/component": "controller-manager",
          "app.kubernetes.io/part-of": "gha-rs-controller",
        },
        ports: ["metrics:8080"],
      },
    ],
  },
  {
    charts: ["gha-runner-scale-set"],
    workloads: [
      {
        kind: "Job",
        name: "{scaleSet}",
        labels: {
          "app.kubernetes.io/name": "{scaleSet}",
          "app.kubernetes.io/instance": "{scaleSet}",
          "actions.github.com/scale-set-name": "{scaleSet}",
          "actions.github.com/scale-set-namespace": "{namespace}",
          "app.kubernetes.io/component": "runner",
          "app.kubernetes.io/part-of": "gha-runner-scale-set",
        },
      },
    ],
  },
];
