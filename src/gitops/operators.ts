import type { Unit } from "./helm/unit.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { at, flag, list, portNumber, record, scalar, stringMap, type Json } from "./json.ts";
import type { OperatorKnowledge, OperatorPods } from "./knowledge/operator.ts";
import { OPERATORS } from "./knowledge/operators.ts";
import { groupOf } from "./walk/resource.ts";
import { containerFacts } from "./workloads.ts";
import type { WorkloadFact } from "../facts/inventory.ts";

const fill = (template: string, object: Rendered): string =>
  template.replace(/\{([\w.]+)\}/g, (_, key: string) => {
    if (key === "name") return object.name;
    if (key === "namespace") return object.namespace ?? "";
    return scalar(at(object.object, ...key.split("."))) ?? "";
  });

const fillAll = (map: Readonly<Record<string, string>>, object: Rendered): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, fill(value, object)]));

const isThere = (pods: OperatorPods, object: Json): boolean =>
  (pods.when === undefined || at(object, ...pods.when.split(".")) !== undefined) &&
  (pods.unless === undefined || at(object, ...pods.unless.split(".")) === undefined) &&
  (pods.several === undefined || Number(at(object, ...pods.several.split("."))) > 1);

const knowledgeOf = (object: Rendered): OperatorKnowledge | null =>
  OPERATORS.find((o) => o.kind === object.kind && o.group === groupOf(object.object)) ?? null;

/** CNPG adds what a cluster's manifest lets its pods inherit. */
const inherited = (object: Rendered): Readonly<Record<string, string>> => ({
  ...stringMap(at(object.object, "spec", "inheritedMetadata", "labels")),
  ...stringMap(at(object.object, "spec", "podMetadata", "labels")),
});

/** Pods that an operator makes of a custom resource; empty for any other object. */
export const operatorWorkloads = (object: Rendered, suspended: boolean): readonly WorkloadFact[] => {
  const knowledge = knowledgeOf(object);
  if (knowledge === null) return [];
  return knowledge.pods
    .filter((pods) => isThere(pods, object.object))
    .map((pods) => ({
      namespace: object.namespace ?? "",
      kind: pods.kind,
      name: fill(pods.name, object),
      podLabels: { ...inherited(object), ...fillAll(pods.labels, object) },
      labelsComplete: false,
      serviceAccount: pods.serviceAccount === undefined ? null : fill(pods.serviceAccount, object),
      containers: containerFacts(
        {
          containers: [
            {
              name: knowledge.operator,
              ports: (pods.ports ?? []).map((written) => {
                const [name, port] = written.split(":");
                return { name, containerPort: portNumber(port) };
              }),
            },
          ],
        },
        "likely",
      ),
      hostNetwork:
        pods.hostNetwork === true ||
        flag(at(object.object, "spec", "network", "hostNetwork")) ||
        at(object.object, "spec", "network", "provider") === "host",
      secondaryNetworks: [],
      suspended: suspended || at(object.object, "metadata", "annotations", "cnpg.io/hibernation") === "on",
      transient: pods.transient === true,
      sure: "likely" as const,
      from: { kind: "operator" as const, name: knowledge.operator },
      owner: object.owner,
      origin: object.origin,
    }));
};

/** Services that an operator makes of a custom resource, and those a CNPG cluster asks for beside them. */
export const operatorServices = (object: Rendered): readonly Unit[] => {
  const knowledge = knowledgeOf(object);
  if (knowledge === null) return [];
  const unit = (value: Json): Unit => ({
    value,
    kind: "Service",
    namespace: object.namespace ?? "",
    name: scalar(at(value, "metadata", "name")) ?? "",
    owner: object.owner,
    origin: object.origin,
    suspended: false,
    sure: "likely",
    labelsComplete: false,
    from: { kind: "operator", name: knowledge.operator },
  });
  const standard = (knowledge.services ?? []).map((service) =>
    unit({
      metadata: { name: fill(service.name, object) },
      spec: {
        selector: fillAll(service.selector, object),
        ports: service.ports.map((written) => {
          const [port = "", target = port] = written.split(":");
          return { port: portNumber(port), targetPort: portNumber(target) ?? target };
        }),
      },
    }),
  );
  const [readWrite] = knowledge.services ?? [];
  const asked = list(at(object.object, "spec", "managed", "services", "additional")).map((entry) => {
    const template = at(entry, "serviceTemplate");
    return unit({
      metadata: at(template, "metadata"),
      spec: {
        ...record(at(template, "spec")),
        selector: fillAll(readWrite?.selector ?? {}, object),
        ports:
          list(at(template, "spec", "ports")).length > 0
            ? at(template, "spec", "ports")
            : [{ port: 5432, targetPort: 5432 }],
      },
    });
  });
  return [...standard, ...asked];
};
