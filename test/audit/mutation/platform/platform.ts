import { httpRoute, ingress, plain, release, service, templated } from "../manifests.ts";
import { from, fromEntities, sections, to, toCidr, toEntities, toNames, type App } from "../writing.ts";

const ENVOY = "network/envoy";
const NGINX = "network/ingress-nginx";
const SVC = "svc.cluster.local";

const resource = (apiVersion: string, kind: string, name: string, spec: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec:\n  ${spec.split("\n").join("\n  ")}\n`;

const gateway = `${resource("gateway.networking.k8s.io/v1", "GatewayClass", "envoy", "controllerName: gateway.envoyproxy.io/gatewayclass-controller")}---
${resource("gateway.networking.k8s.io/v1", "Gateway", "edge", 'gatewayClassName: envoy\naddresses:\n  - type: IPAddress\n    value: 10.45.0.10\nlisteners:\n  - name: https\n    port: 443\n    protocol: HTTPS\n    hostname: "*.home.example"')}`;

/** The door: Envoy Gateway, an Ingress controller beside it, a tunnel. */
export const DOOR: readonly App[] = [
  {
    namespace: "network",
    name: "envoy-gateway",
    files: { "release.yaml": release("envoy-gateway", "gateway-helm", "deployment: {}"), "gateway.yaml": gateway },
    subject: "app.kubernetes.io/name: envoy",
    policy: sections(
      [
        fromEntities(["world", "remote-node"], ["10443"]),
        from(["identity/oauth2-proxy", "apps/orders", "network/cloudflared", "observability/app=board"], ["10443"]),
      ],
      [toEntities(["cluster"], ["3000", "4180", "8080", "8081", "9090"])],
    ),
  },
  {
    namespace: "network",
    name: "ingress-nginx",
    files: {
      "release.yaml": release(
        "ingress-nginx",
        "ingress-nginx",
        "controller:\n  service:\n    loadBalancerIP: 10.45.0.11",
      ),
    },
    policy: sections(
      [
        fromEntities(["world", "remote-node"], ["80", "443"]),
        fromEntities(["kube-apiserver", "remote-node"], ["8443"]),
      ],
      [to(["apps/catalog"], ["8081"])],
    ),
  },
  {
    namespace: "network",
    name: "cloudflared",
    files: {
      "deployment.yaml": plain("cloudflared", {
        port: 2000,
        image: "docker.io/cloudflare/cloudflared:2025.1.0",
        args: ["tunnel", "--no-autoupdate", "run"],
      }),
    },
    policy: sections(
      [],
      [to([ENVOY], ["10443"]), toEntities(["world"], ["7844", "7844/UDP"]), toEntities(["world"], ["443"])],
    ),
  },
];

/** What people use: by the app-template, by plain manifests, by a Job. */
export const USED: readonly App[] = [
  {
    namespace: "apps",
    name: "orders",
    files: {
      "release.yaml": templated(
        "orders",
        8080,
        {
          DATABASE_URL: `mysql://orders.databases.${SVC}:3306/orders`,
          AMQP_URL: `amqp://bus.databases.${SVC}:5672`,
          LEDGER_HOST: `ledger-pooler.databases.${SVC}`,
          LEDGER_PORT: "5432",
          OIDC_ISSUER: "https://sso.home.example/realms/home",
        },
        "orders.home.example",
        80,
      ),
      "mover.yaml": `${resource("volsync.backube/v1alpha1", "ReplicationSource", "orders", 'sourcePVC: orders\ntrigger:\n  schedule: "0 4 * * *"\nrestic:\n  repository: orders-restic')}---
apiVersion: v1
kind: Secret
metadata:
  name: orders-restic
stringData:
  RESTIC_REPOSITORY: s3:http://objects.storage.${SVC}:9000/backups/orders
`,
      "scaler.yaml": resource(
        "keda.sh/v1alpha1",
        "ScaledObject",
        "orders",
        `scaleTargetRef:\n  name: orders\ntriggers:\n  - type: prometheus\n    metadata:\n      serverAddress: http://vmsingle-metrics.observability.${SVC}:8429\n      query: rate(orders_total[5m])\n      threshold: "10"`,
      ),
    },
    policy: sections(
      [from([ENVOY], ["8080"])],
      [
        to(["databases/mariadb"], ["3306"]),
        to(["databases/bus"], ["5672"]),
        to(["databases/cnpg.io/poolerName=ledger-pooler"], ["5432"]),
        to([ENVOY], ["10443"]),
      ],
    ),
  },
  {
    namespace: "apps",
    name: "orders-backup",
    files: {},
    subject: "app.kubernetes.io/created-by: volsync",
    policy: sections([], [to(["storage/objects"], ["3900"])]),
  },
  {
    namespace: "apps",
    name: "catalog",
    files: {
      "deployment.yaml": plain("catalog", {
        port: 8081,
        env: {
          ELASTICSEARCH_URL: `https://search-es-http.databases.${SVC}:9200`,
          KAFKA_BROKERS: `stream-kafka-bootstrap.databases.${SVC}:9092`,
          REDIS_HOST: `valkey-master.databases.${SVC}`,
        },
      }),
      "service.yaml": service("catalog", 80),
      "ingress.yaml": ingress("catalog", "catalog.home.example", "catalog", 80),
    },
    policy: sections(
      [from([NGINX], ["8081"])],
      [
        to(["databases/elasticsearch.k8s.elastic.co/cluster-name=search"], ["9200"]),
        to(["databases/strimzi.io/name=stream-kafka"], ["9092"]),
        to(["databases/valkey"], ["6379"]),
      ],
    ),
  },
  {
    namespace: "apps",
    name: "importer",
    files: {
      "job.yaml": `apiVersion: batch/v1
kind: Job
metadata:
  name: importer
spec:
  template:
    metadata:
      labels:
        app.kubernetes.io/name: importer
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: registry.example/tools:1.0.0
          command: ["/bin/sh", "-c"]
          args:
            - |
              curl -fsSL https://data.outside.example/dump.sql.gz -o /tmp/dump.sql.gz
              gunzip -c /tmp/dump.sql.gz | mysql -h orders.databases.${SVC} -P 3306 orders
`,
    },
    policy: sections([], [toNames(["data.outside.example"], ["443"]), to(["databases/mariadb"], ["3306"])]),
  },
  {
    namespace: "storage",
    name: "objects",
    files: { "deployment.yaml": plain("objects", { port: 3900 }), "service.yaml": service("objects", 9000, 3900) },
    policy: sections([
      from(["databases/cnpg.io/cluster=ledger", "apps/app.kubernetes.io/created-by=volsync"], ["3900"]),
    ]),
  },
  {
    namespace: "lan",
    name: "hub",
    files: {
      "deployment.yaml": plain("hub", { port: 8123 }).replace(
        "      labels:\n        app.kubernetes.io/name: hub\n    spec:",
        '      labels:\n        app.kubernetes.io/name: hub\n      annotations:\n        k8s.v1.cni.cncf.io/networks: \'[{"name":"iot"}]\'\n    spec:',
      ),
      "service.yaml": service("hub", 8123, "main", "type: LoadBalancer\nloadBalancerIP: 10.45.0.20"),
    },
    policy: sections([fromEntities(["world", "remote-node"], ["8123"])]),
  },
  {
    namespace: "lan",
    name: "bridge",
    files: {
      "deployment.yaml": plain("bridge", { port: 8000, env: { BRIDGE_HOST: "192.168.40.9", BRIDGE_PORT: "443" } }),
    },
    policy: sections([], [toCidr("192.168.40.9/32", ["443"])]),
  },
  {
    namespace: "lan",
    name: "resolver",
    files: {
      "deployment.yaml": plain("resolver", { port: 53 }).replace(
        "              containerPort: 53",
        "              containerPort: 53\n              protocol: UDP",
      ),
      "service.yaml": service("resolver", 53, 53, "type: LoadBalancer\nloadBalancerIP: 10.45.0.21").replace(
        "      targetPort: 53",
        "      targetPort: 53\n      protocol: UDP",
      ),
    },
    policy: sections([fromEntities(["world", "remote-node"], ["53/UDP", "53"])], [toEntities(["world"], ["853"])]),
  },
  {
    namespace: "lan",
    name: "discovery",
    files: {
      "daemonset.yaml": plain("discovery", { kind: "DaemonSet", port: 5353 }).replace(
        "    spec:\n      containers",
        "    spec:\n      hostNetwork: true\n      containers",
      ),
    },
  },
];

/** Who people are. */
export const IDENTITY: readonly App[] = [
  {
    namespace: "identity",
    name: "sso",
    files: {
      "keycloak.yaml": resource(
        "k8s.keycloak.org/v2alpha1",
        "Keycloak",
        "sso",
        `instances: 1\ndb:\n  vendor: postgres\n  host: ledger-rw.databases.${SVC}\nhttp:\n  httpEnabled: true`,
      ),
      "route.yaml": httpRoute("sso", "sso.home.example", "sso-service", 8080),
    },
    subject: "app: keycloak",
    policy: sections([from([ENVOY], ["8080"])], [to(["databases/cnpg.io/cluster=ledger"], ["5432"])]),
  },
  {
    namespace: "identity",
    name: "oauth2-proxy",
    files: {
      "release.yaml": release(
        "oauth2-proxy",
        "oauth2-proxy",
        "extraArgs:\n  oidc-issuer-url: https://sso.home.example/realms/home\n  upstream: static://202",
      ),
      "route.yaml": httpRoute("gate", "gate.home.example", "oauth2-proxy", 80),
    },
    policy: sections([from([ENVOY], ["4180"])], [to([ENVOY], ["10443"])]),
  },
  {
    namespace: "identity",
    name: "authorizer",
    files: {
      "deployment.yaml": plain("authorizer", { port: 9090 }),
      "service.yaml": service("authorizer", 80),
      "policy.yaml": resource(
        "gateway.envoyproxy.io/v1alpha1",
        "SecurityPolicy",
        "gate",
        "targetRefs:\n  - group: gateway.networking.k8s.io\n    kind: HTTPRoute\n    name: gate\nextAuth:\n  http:\n    backendRefs:\n      - name: authorizer\n        port: 80",
      ),
    },
    policy: sections([from([ENVOY], ["9090"])]),
  },
];

/** What watches: VictoriaMetrics, Grafana by its operator, KEDA, Kyverno, the metrics API, secrets. */
export const WATCHING: readonly App[] = [
  {
    namespace: "observability",
    name: "victoria",
    files: {
      "single.yaml": resource("operator.victoriametrics.com/v1beta1", "VMSingle", "metrics", 'retentionPeriod: "1"'),
      "agent.yaml": resource(
        "operator.victoriametrics.com/v1beta1",
        "VMAgent",
        "agent",
        `remoteWrite:\n  - url: http://vmsingle-metrics.observability.${SVC}:8429/api/v1/write`,
      ),
    },
    subject: "app.kubernetes.io/name: vmsingle",
    policy: sections([from(["scaling/keda-operator"], ["8429"])]),
  },
  {
    namespace: "observability",
    name: "board",
    files: {
      "grafana.yaml": resource(
        "grafana.integreatly.org/v1beta1",
        "Grafana",
        "board",
        "config:\n  server:\n    root_url: https://board.home.example\n  auth.generic_oauth:\n    auth_url: https://sso.home.example/auth\n    token_url: https://sso.home.example/token",
      ),
      "datasource.yaml": resource(
        "grafana.integreatly.org/v1beta1",
        "GrafanaDatasource",
        "metrics",
        `instanceSelector:\n  matchLabels:\n    dashboards: board\ndatasource:\n  name: metrics\n  type: prometheus\n  url: http://vmsingle-metrics.observability.${SVC}:8429`,
      ),
      "route.yaml": httpRoute("board", "board.home.example", "board-service", 3000),
    },
    subject: "app: board",
    policy: sections([from([ENVOY], ["3000"])], [to([ENVOY], ["10443"])]),
  },
  {
    namespace: "scaling",
    name: "keda-operator",
    files: { "release.yaml": release("keda", "keda", "crds:\n  install: true") },
    policy: sections([], [to(["observability/vmsingle"], ["8429"])]),
  },
  {
    namespace: "scaling",
    name: "keda-called",
    files: {},
    subject: "app.kubernetes.io/part-of: keda-operator",
    policy: sections([fromEntities(["kube-apiserver", "remote-node"], ["6443", "9443"])]),
  },
  {
    namespace: "scaling",
    name: "kyverno",
    files: { "release.yaml": release("kyverno", "kyverno", "reportsController:\n  enabled: false") },
    subject: "app.kubernetes.io/part-of: kyverno",
    policy: sections([fromEntities(["kube-apiserver", "remote-node"], ["9443"])]),
  },
  {
    namespace: "scaling",
    name: "metrics-server",
    files: { "release.yaml": release("metrics-server", "metrics-server", "replicas: 1") },
    policy: sections(
      [fromEntities(["kube-apiserver", "remote-node"], ["10250"])],
      [toEntities(["host", "remote-node"], ["10250"])],
    ),
  },
  {
    namespace: "secrets",
    name: "external-secrets",
    files: {
      "release.yaml": release("external-secrets", "external-secrets", "bitwarden-sdk-server:\n  enabled: true"),
      "store.yaml": resource(
        "external-secrets.io/v1",
        "ClusterSecretStore",
        "bitwarden",
        `provider:\n  bitwardensecretsmanager:\n    bitwardenServerSDKURL: https://bitwarden-sdk-server.vaults.${SVC}:9998`,
      ),
    },
    policy: sections([], [to(["vaults/bitwarden-sdk-server"], ["9998"])]),
  },
  {
    namespace: "secrets",
    name: "external-secrets-webhook",
    files: {},
    policy: sections([fromEntities(["kube-apiserver", "remote-node"], ["10250"])]),
  },
  {
    namespace: "vaults",
    name: "bitwarden-sdk-server",
    files: {
      "deployment.yaml": plain("bitwarden-sdk-server", {
        port: 9998,
        env: { API_URL: "https://api.vault.example", IDENTITY_URL: "https://identity.vault.example" },
      }),
      "service.yaml": service("bitwarden-sdk-server", 9998),
    },
    policy: sections(
      [from(["secrets/external-secrets"], ["9998"])],
      [toNames(["api.vault.example", "identity.vault.example"], ["443"])],
    ),
  },
];
