import { from, sections, to, type App } from "../writing.ts";
import { release } from "../manifests.ts";

const resource = (apiVersion: string, kind: string, name: string, spec: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\nspec:\n  ${spec.split("\n").join("\n  ")}\n`;

/** Databases, brokers and search engines, as their operators run them, each in the labels that the operator gives. */
export const DATABASES: readonly App[] = [
  {
    namespace: "databases",
    name: "mariadb",
    files: {
      "operator.yaml": release("mariadb-operator", "mariadb-operator", "webhook:\n  enabled: false"),
      "mariadb.yaml": resource("k8s.mariadb.com/v1alpha1", "MariaDB", "orders", "replicas: 1\nport: 3306"),
    },
    subject: "app.kubernetes.io/name: mariadb",
    policy: sections([from(["apps/orders", "apps/importer"], ["3306"])]),
  },
  {
    namespace: "databases",
    name: "bus",
    files: { "cluster.yaml": resource("rabbitmq.com/v1beta1", "RabbitmqCluster", "bus", "replicas: 3") },
    policy: sections([from(["apps/orders"], ["5672"])]),
  },
  {
    namespace: "databases",
    name: "search",
    files: {
      "elasticsearch.yaml": resource(
        "elasticsearch.k8s.elastic.co/v1",
        "Elasticsearch",
        "search",
        "version: 9.1.0\nnodeSets:\n  - name: default\n    count: 1",
      ),
    },
    subject: "elasticsearch.k8s.elastic.co/cluster-name: search",
    policy: sections([from(["apps/catalog"], ["9200"])]),
  },
  {
    namespace: "databases",
    name: "stream",
    files: {
      "kafka.yaml": resource(
        "kafka.strimzi.io/v1beta2",
        "Kafka",
        "stream",
        "kafka:\n  listeners:\n    - name: plain\n      port: 9092\n      type: internal\n      tls: false",
      ),
    },
    subject: "strimzi.io/name: stream-kafka",
    policy: sections([from(["apps/catalog"], ["9092"])]),
  },
  {
    namespace: "databases",
    name: "ledger",
    files: {
      "cluster.yaml": resource(
        "postgresql.cnpg.io/v1",
        "Cluster",
        "ledger",
        "instances: 3\nstorage:\n  size: 5Gi\nplugins:\n  - name: barman-cloud.cloudnative-pg.io\n    isWALArchiver: true\n    parameters:\n      barmanObjectName: ledger-store",
      ),
      "pooler.yaml": resource(
        "postgresql.cnpg.io/v1",
        "Pooler",
        "ledger-pooler",
        "cluster:\n  name: ledger\ninstances: 1\ntype: rw\npgbouncer:\n  poolMode: session",
      ),
      "store.yaml": resource(
        "barmancloud.cnpg.io/v1",
        "ObjectStore",
        "ledger-store",
        "configuration:\n  destinationPath: s3://ledger/\n  endpointURL: http://objects.storage.svc.cluster.local:9000",
      ),
      "backup.yaml": resource(
        "postgresql.cnpg.io/v1",
        "ScheduledBackup",
        "ledger",
        'schedule: "0 0 3 * * *"\nmethod: plugin\ncluster:\n  name: ledger\npluginConfiguration:\n  name: barman-cloud.cloudnative-pg.io',
      ),
    },
    subject: "cnpg.io/cluster: ledger",
    policy: sections([from(["apps/orders", "identity/app=keycloak"], ["5432"])], [to(["storage/objects"], ["3900"])]),
  },
  {
    namespace: "databases",
    name: "valkey",
    files: { "release.yaml": release("valkey", "valkey", "architecture: standalone\nauth:\n  enabled: false") },
    policy: sections([from(["apps/catalog"], ["6379"])]),
  },
];
