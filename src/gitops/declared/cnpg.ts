import type { DeclaredEdge, WorkloadFact } from "../../facts/inventory.ts";
import { at, isRecord, list, portNumber, text, type Path } from "../json.ts";
import { byName, edge, hostOrAddress, to, type Reading, type Source } from "./reading.ts";

const cnpgStore = (reading: Reading, sources: readonly Source[], path: Path): readonly DeclaredEdge[] => {
  const { object } = reading;
  const store = at(object.object, ...path);
  if (!isRecord(store)) return [];
  if (text(store["endpointURL"]) !== null) return to(reading, sources, [...path, "endpointURL"], "backup");
  const bucket = text(store["destinationPath"]) ?? "";
  const host = bucket.startsWith("s3:") ? "s3.amazonaws.com" : null;
  const origin = object.locate([...path, "destinationPath"]) ?? object.origin;
  return host === null
    ? []
    : sources.map((s) => edge(s, { kind: "host", host }, 443, "TCP", "backup", "destinationPath", origin));
};

/** The pods and Jobs of a CNPG cluster write to its object store, and read from other clusters when they are restored. */
export const cnpgCluster = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const own = contents.workloads.filter(
    (w) =>
      w.namespace === object.namespace &&
      w.podLabels["cnpg.io/cluster"] === object.name &&
      w.podLabels["cnpg.io/podRole"] !== "pooler",
  );
  // Only instances and recovery Jobs speak to the store; a new instance copies from the first.
  const stored = own.filter((w) => !w.transient || w.podLabels["cnpg.io/jobRole"] === "full-recovery");
  const clusters = list(at(object.object, "spec", "externalClusters"));
  const stores = [
    ...list(at(object.object, "spec", "plugins")).map((plugin) => text(at(plugin, "parameters", "barmanObjectName"))),
    ...clusters.map((cluster) => text(at(cluster, "plugin", "parameters", "barmanObjectName"))),
  ];
  const named = reading.objects.filter(
    (o) => o.kind === "ObjectStore" && o.namespace === object.namespace && stores.includes(o.name),
  );
  const outer = clusters.flatMap((cluster, index) => {
    const path = ["spec", "externalClusters", index, "connectionParameters"];
    const host = text(at(cluster, "connectionParameters", "host"));
    const origin = object.locate([...path, "host"]) ?? object.origin;
    const port = portNumber(at(cluster, "connectionParameters", "port")) ?? 5432;
    const direct =
      host === null
        ? []
        : own.map((s) =>
            edge(
              s,
              hostOrAddress(host),
              port,
              "TCP",
              "database",
              "spec.externalClusters.connectionParameters.host",
              origin,
            ),
          );
    return [...direct, ...cnpgStore(reading, stored, ["spec", "externalClusters", index, "barmanObjectStore"])];
  });
  return [
    ...cnpgStore(reading, stored, ["spec", "backup", "barmanObjectStore"]),
    ...named.flatMap((store) => cnpgStore({ ...reading, object: store }, stored, ["spec", "configuration"])),
    ...outer,
    ...cnpgOperator(reading, own),
  ];
};

/** The operator asks every instance how it is; new instances copy from the first. */
const cnpgOperator = ({ object, contents }: Reading, own: readonly WorkloadFact[]): readonly DeclaredEdge[] => {
  const target = { kind: "workload", namespace: object.namespace ?? "", name: object.name } as const;
  const instances = at(object.object, "spec", "instances");
  const copying = typeof instances === "number" && instances > 1 ? own : [];
  const origin = object.locate(["spec", "instances"]) ?? object.origin;
  return [
    ...byName(contents, "cloudnative-pg").map((s) => edge(s, target, 8000, "TCP", "operator", "kind", object.origin)),
    ...copying
      .filter((w) => !w.transient || w.podLabels["cnpg.io/jobRole"] === "join")
      .map((s) => edge(s, target, 5432, "TCP", "replication", "spec.instances", origin)),
  ];
};
