import { configMap, cronJob, httpRoute, ingress, plain, release, service, templated } from "./manifests.ts";
import { from, fromEntities, sections, to, toEntities, toNames, type App } from "./writing.ts";

export const ENVOY = "network/envoy";
export const NGINX = "network/ingress-nginx";

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

/** What stands at the door. */
export const NETWORK: readonly App[] = [
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
      [
        fromEntities(["world", "remote-node"], ["80", "443"]),
        fromEntities(["kube-apiserver", "remote-node"], ["8443"]),
      ],
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

/** What visitors see. */
export const WEB: readonly App[] = [
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
