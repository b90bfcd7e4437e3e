import type { OperatorKnowledge, OperatorPods } from "./operator.ts";

const mariadb = { "app.kubernetes.io/name": "mariadb", "app.kubernetes.io/instance": "{name}" };
const rabbit = { "app.kubernetes.io/name": "{name}" };
const elastic = (kind: string): Readonly<Record<string, string>> => ({ "common.k8s.elastic.co/type": kind });
const strimzi = (kind: string, part: string): Readonly<Record<string, string>> => ({
  "strimzi.io/cluster": "{name}",
  "strimzi.io/kind": kind,
  "strimzi.io/name": `{name}-${part}`,
});
const redis = (kind: string): OperatorPods => ({
  kind,
  name: "{name}",
  labels: { app: "{name}" },
  ports: ["redis:6379"],
});

/** Databases, brokers and search engines that run by a custom resource. */
export const DATABASE_OPERATORS: readonly OperatorKnowledge[] = [
  {
    operator: "mariadb-operator",
    group: "k8s.mariadb.com",
    kind: "MariaDB",
    pods: [
      { kind: "MariaDB", name: "{name}", labels: mariadb, ports: ["mariadb:3306"], serviceAccount: "{name}" },
      {
        kind: "Deployment",
        name: "{name}-metrics",
        labels: { "app.kubernetes.io/name": "exporter", "app.kubernetes.io/instance": "{name}-metrics" },
        ports: ["metrics:9104"],
        when: "spec.metrics",
      },
    ],
    services: [
      { name: "{name}", selector: mariadb, ports: ["3306:3306"] },
      { name: "{name}-primary", selector: mariadb, ports: ["3306:3306"] },
      { name: "{name}-secondary", selector: mariadb, ports: ["3306:3306"] },
      { name: "{name}-internal", selector: mariadb, ports: ["3306:3306"] },
    ],
  },
  {
    operator: "rabbitmq-cluster-operator",
    group: "rabbitmq.com",
    kind: "RabbitmqCluster",
    pods: [
      {
        kind: "RabbitmqCluster",
        name: "{name}",
        labels: {
          ...rabbit,
          "app.kubernetes.io/component": "rabbitmq",
          "app.kubernetes.io/part-of": "rabbitmq",
        },
        ports: ["amqp:5672", "management:15672", "prometheus:15692", "epmd:4369", "cluster-rpc:25672"],
        serviceAccount: "{name}-server",
      },
    ],
    services: [
      { name: "{name}", selector: rabbit, ports: ["5672:5672", "15672:15672", "15692:15692"] },
      { name: "{name}-nodes", selector: rabbit, ports: ["4369:4369", "25672:25672"] },
    ],
  },
  {
    operator: "eck",
    group: "elasticsearch.k8s.elastic.co",
    kind: "Elasticsearch",
    pods: [
      {
        kind: "Elasticsearch",
        name: "{name}",
        labels: { ...elastic("elasticsearch"), "elasticsearch.k8s.elastic.co/cluster-name": "{name}" },
        ports: ["https:9200", "transport:9300"],
      },
    ],
    services: ["{name}-es-http:9200", "{name}-es-internal-http:9200", "{name}-es-transport:9300"].map((written) => {
      const [name = "", port = ""] = written.split(":");
      const selector = { ...elastic("elasticsearch"), "elasticsearch.k8s.elastic.co/cluster-name": "{name}" };
      return { name, selector, ports: [`${port}:${port}`] };
    }),
  },
  {
    operator: "eck",
    group: "kibana.k8s.elastic.co",
    kind: "Kibana",
    pods: [
      {
        kind: "Kibana",
        name: "{name}",
        labels: { ...elastic("kibana"), "kibana.k8s.elastic.co/name": "{name}" },
        ports: ["https:5601"],
      },
    ],
    services: [
      {
        name: "{name}-kb-http",
        selector: { ...elastic("kibana"), "kibana.k8s.elastic.co/name": "{name}" },
        ports: ["5601:5601"],
      },
    ],
  },
  {
    operator: "strimzi",
    group: "kafka.strimzi.io",
    kind: "Kafka",
    pods: [
      {
        kind: "Kafka",
        name: "{name}-kafka",
        labels: strimzi("Kafka", "kafka"),
        ports: ["tcp-ctrlplane:9090", "tcp-replication:9091", "tcp-clients:9092", "tcp-clientstls:9093"],
      },
      {
        kind: "Deployment",
        name: "{name}-entity-operator",
        labels: strimzi("Kafka", "entity-operator"),
        ports: ["healthcheck:8081"],
        serviceAccount: "{name}-entity-operator",
        when: "spec.entityOperator",
      },
    ],
    services: ["bootstrap", "brokers"].map((part) => ({
      name: `{name}-kafka-${part}`,
      selector: strimzi("Kafka", "kafka"),
      ports: ["9091:9091", "9092:9092", "9093:9093"],
    })),
  },
  {
    operator: "strimzi",
    group: "kafka.strimzi.io",
    kind: "KafkaConnect",
    pods: [
      {
        kind: "KafkaConnect",
        name: "{name}-connect",
        labels: strimzi("KafkaConnect", "connect"),
        ports: ["rest-api:8083"],
      },
    ],
    services: [{ name: "{name}-connect-api", selector: strimzi("KafkaConnect", "connect"), ports: ["8083:8083"] }],
  },
  {
    operator: "zalando-postgres",
    group: "acid.zalan.do",
    kind: "postgresql",
    pods: [
      {
        kind: "postgresql",
        name: "{name}",
        labels: { application: "spilo", "cluster-name": "{name}" },
        ports: ["postgresql:5432", "patroni:8008"],
        serviceAccount: "postgres-pod",
      },
    ],
    services: ["{name}", "{name}-repl"].map((name) => ({
      name,
      selector: { application: "spilo", "cluster-name": "{name}" },
      ports: ["5432:5432"],
    })),
  },
  {
    operator: "crunchy-postgres",
    group: "postgres-operator.crunchydata.com",
    kind: "PostgresCluster",
    pods: [
      {
        kind: "PostgresCluster",
        name: "{name}",
        labels: { "postgres-operator.crunchydata.com/cluster": "{name}" },
        ports: ["postgres:5432", "patroni:8008"],
      },
    ],
    services: ["{name}-primary", "{name}-ha", "{name}-replicas", "{name}-pgbouncer"].map((name) => ({
      name,
      selector: { "postgres-operator.crunchydata.com/cluster": "{name}" },
      ports: ["5432:5432"],
    })),
  },
  {
    operator: "mongodb-community",
    group: "mongodbcommunity.mongodb.com",
    kind: "MongoDBCommunity",
    pods: [{ kind: "MongoDBCommunity", name: "{name}", labels: { app: "{name}-svc" }, ports: ["mongodb:27017"] }],
    services: [{ name: "{name}-svc", selector: { app: "{name}-svc" }, ports: ["27017:27017"] }],
  },
  {
    operator: "redis-operator",
    group: "redis.redis.opstreelabs.in",
    kind: "Redis",
    pods: [redis("Redis")],
    services: [{ name: "{name}", selector: { app: "{name}" }, ports: ["6379:6379"] }],
  },
  {
    operator: "minio",
    group: "minio.min.io",
    kind: "Tenant",
    pods: [
      {
        kind: "Tenant",
        name: "{name}",
        labels: { "v1.min.io/tenant": "{name}" },
        ports: ["minio:9000", "console:9443"],
      },
    ],
    services: [
      { name: "minio", selector: { "v1.min.io/tenant": "{name}" }, ports: ["443:9000", "80:9000"] },
      { name: "{name}-hl", selector: { "v1.min.io/tenant": "{name}" }, ports: ["9000:9000"] },
    ],
  },
];
