import { ENVOY, NETWORK, NGINX, WEB } from "./front.ts";
import { configMap, httpRoute, ingress, plain, release, service, templated } from "./manifests.ts";
import { from, fromEntities, sections, to, toCidr, toEntities, toNames, type App } from "./writing.ts";

const cluster = `apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: shop-db
spec:
  instances: 1
  storage:
    size: 5Gi
  backup:
    barmanObjectStore:
      destinationPath: s3://shop-db/
      endpointURL: http://objects.storage.svc.cluster.local:9000
`;

const data: readonly App[] = [
  {
    namespace: "data",
    name: "shop-db",
    files: { "cluster.yaml": cluster },
    subject: "cnpg.io/cluster: shop-db",
    policy: sections([from(["web/shop", "web/shop-report"], ["5432"])], [to(["storage/objects"], ["3900"])]),
  },
  {
    namespace: "data",
    name: "mysql",
    files: {
      "statefulset.yaml": plain("mysql", { kind: "StatefulSet", port: 3306 }),
      "service.yaml": service("mysql", 3306),
    },
    policy: sections([from(["web/blog"], ["3306"])]),
  },
  {
    namespace: "data",
    name: "events",
    files: {
      "statefulset.yaml": plain("events", { kind: "StatefulSet", port: 5672 }),
      "service.yaml": service("events", 5672),
    },
    policy: sections([from(["web/report-ui", "tools/worker"], ["5672"])]),
  },
  {
    namespace: "data",
    name: "cache",
    files: {
      "cache.yaml":
        "apiVersion: dragonflydb.io/v1alpha1\nkind: Dragonfly\nmetadata:\n  name: cache\nspec:\n  replicas: 1\n",
    },
    subject: "app: cache",
    policy: sections([from(["web/shop", "auth/login"], ["6379"])]),
  },
];

const rest: readonly App[] = [
  {
    namespace: "storage",
    name: "objects",
    files: {
      "deployment.yaml": plain("objects", { port: 3900 }),
      "service.yaml": service("objects", 9000, 3900),
      "route.yaml": httpRoute("objects", "s3.home.example", "objects", 9000),
    },
    policy: sections([
      from([ENVOY], ["3900"]),
      from(["web/blog", "data/cnpg.io/cluster=shop-db", "observability/prometheus-blackbox-exporter"], ["3900"]),
    ]),
  },
  {
    namespace: "iot",
    name: "broker",
    files: {
      "statefulset.yaml": plain("broker", { kind: "StatefulSet", port: 1883 }),
      "service.yaml": service("broker", 1883, "main", "type: LoadBalancer\nloadBalancerIP: 10.45.0.20"),
    },
    policy: sections([fromEntities(["world", "remote-node"], ["1883"]), from(["tools/worker"], ["1883"])]),
  },
  {
    namespace: "iot",
    name: "cameras",
    files: {
      "deployment.yaml": plain("cameras", { port: 5000, mounts: "cameras" }),
      "config.yaml": configMap("cameras", {
        "config.yml":
          "cameras:\n  door:\n    input: rtsp://192.168.40.7:554/stream\nmqtt:\n  host: broker.iot.svc.cluster.local\n  port: 1883\n",
      }),
    },
    policy: sections([], [toCidr("192.168.40.7/32", ["554"])]),
  },
  {
    namespace: "observability",
    name: "prometheus",
    files: {
      "release.yaml": release("prometheus", "kube-prometheus-stack", "fullnameOverride: prometheus"),
      "probe.yaml": `apiVersion: monitoring.coreos.com/v1
kind: Probe
metadata:
  name: shop
spec:
  module: http_2xx
  prober:
    url: blackbox.observability.svc.cluster.local:9115
  targets:
    staticConfig:
      static:
        - https://shop.home.example
        - http://objects.storage.svc.cluster.local:9000/health
`,
      "monitor.yaml": `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: shop
spec:
  namespaceSelector:
    matchNames:
      - web
  selector:
    matchLabels:
      app.kubernetes.io/name: shop
  endpoints:
    - port: http
`,
    },
    policy: sections([], [toEntities(["cluster"], ["8080", "8090", "9187", "9115", "10250", "9100"])]),
  },
  {
    namespace: "observability",
    name: "blackbox",
    files: { "release.yaml": release("blackbox", "prometheus-blackbox-exporter", "fullnameOverride: blackbox") },
    subject: "app.kubernetes.io/name: prometheus-blackbox-exporter",
    policy: sections([], [to([ENVOY], ["10443", "10443/UDP"]), to(["storage/objects"], ["3900"])]),
  },
  {
    namespace: "auth",
    name: "login",
    files: {
      "release.yaml": templated(
        "login",
        9091,
        {
          LDAP_URL: "ldap://directory.auth.svc.cluster.local:3890",
          REDIS_HOST: "cache.data.svc.cluster.local",
          SMTP_ADDRESS: "smtp://mail.tools.svc.cluster.local:25",
        },
        "auth.home.example",
      ),
    },
    policy: sections([from([ENVOY], ["9091"])], [to(["data/app=cache"], ["6379"]), to(["tools/mail"], ["2525"])]),
  },
  {
    namespace: "auth",
    name: "directory",
    files: { "deployment.yaml": plain("directory", { port: 3890 }), "service.yaml": service("directory", 3890) },
    policy: sections([from(["tools/wiki"], ["3890"])]),
  },
  {
    namespace: "tools",
    name: "mail",
    files: { "deployment.yaml": plain("mail", { port: 2525 }), "service.yaml": service("mail", 25, 2525) },
    policy: sections([from(["web/shop", "auth/login"], ["2525"])], [toNames(["smtp.outside.example"], ["587"])]),
  },
  {
    namespace: "tools",
    name: "worker",
    files: {
      "deployment.yaml": plain("worker", {
        port: 8085,
        args: ["--broker=mqtt://broker.iot.svc.cluster.local:1883", "--events=events.data.svc.cluster.local:5672"],
      }),
    },
    policy: sections([], [to(["iot/broker"], ["1883"]), to(["data/events"], ["5672"])]),
  },
  {
    namespace: "tools",
    name: "wiki",
    files: {
      "deployment.yaml": plain("wiki", {
        port: 8081,
        env: { LDAP_HOST: "directory.auth.svc.cluster.local", LDAP_PORT: "3890" },
      }),
      "service.yaml": service("wiki", 80),
      "ingress.yaml": ingress("wiki", "wiki.home.example", "wiki", 80),
    },
    policy: sections([from([NGINX], ["8081"])], [to(["auth/directory"], ["3890"])]),
  },
  {
    namespace: "tools",
    name: "wiki-proxy",
    files: {
      "release.yaml": templated(
        "wiki-proxy",
        4180,
        { OAUTH2_PROXY_OIDC_ISSUER_URL: "https://auth.home.example" },
        "edit.home.example",
      ),
    },
    policy: sections([from([ENVOY], ["4180"])], [to([ENVOY], ["10443", "10443/UDP"])]),
  },
  {
    namespace: "staging",
    name: "preview",
    files: { "deployment.yaml": plain("preview", { port: 8080 }), "service.yaml": service("preview", 80) },
    policy: sections([from([ENVOY], ["8080"])]),
  },
];

export const APPS: readonly App[] = [...NETWORK, ...WEB, ...data, ...rest];
