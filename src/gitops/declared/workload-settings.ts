import type { WorkloadFact } from "../../facts/inventory.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, isRecord, list, record, text, type Json, type Path } from "../json.ts";
import type { Release } from "../helm/release.ts";
import { templatePath } from "../workloads.ts";
import { environmentReferences, placeIn, referencesOf, type Configs, type Reference } from "./configs.ts";
import { search, type Found, type Place } from "./settings.ts";

/** What one workload is told, and where. */
export interface Told {
  readonly workload: Pick<WorkloadFact, "namespace" | "kind" | "name">;
  readonly found: readonly Found[];
}

const fromReferences = (references: readonly Reference[], namespace: string, configs: Configs): readonly Found[] => {
  const seen = new Map(references.map((r) => [`${r.kind}/${r.name}/${r.key ?? ""}`, r]));
  return [...seen.values()].flatMap(({ kind, name, key }) => {
    const config = configs(kind, namespace, name);
    if (config === null) return [];
    const data: Json = key === null ? config.data : { [key]: config.data[key] };
    return search(data, [], placeIn(config.object, config.base, "certain"));
  });
};

/** A workload written as a manifest: environment, arguments, and the configuration it takes in. */
export const toldByManifest = (object: Rendered, configs: Configs): readonly Told[] => {
  const path = templatePath(object.kind);
  const spec = [...path, "spec"];
  const pod = at(object.object, ...spec);
  if (!isRecord(pod)) return [];
  const place = placeIn(object, [], "certain");
  const own = (["containers", "initContainers"] as const).flatMap((field) =>
    list(at(pod, field)).flatMap((container, index) =>
      (["env", "args", "command"] as const).flatMap((key) =>
        search(at(container, key), [...spec, field, index, key], place),
      ),
    ),
  );
  const found = [...own, ...fromReferences(referencesOf(pod), object.namespace ?? "", configs)];
  return [{ workload: { namespace: object.namespace ?? "", kind: object.kind, name: object.name }, found }];
};

const valuesPlace = (
  release: Release,
  sure: Place["sure"],
): readonly { readonly values: Json; readonly place: Place }[] =>
  release.sources.map((source) => ({
    values: source.values,
    place: {
      sure,
      locate: (path: Path, line: number, column: number) => {
        const start = source.locate(path);
        const inline = release.sources.at(-1) === source;
        if (line === 0 && column === 0) return start;
        return inline
          ? release.object.locateText(["spec", "values", ...path], line, column)
          : { ...start, line: start.line + line };
      },
    },
  }));

/** Volumes of the app-template that hold configuration, and which controllers mount them. */
const mounted = (values: Json, controller: string, fill: (name: string) => string): readonly Reference[] =>
  Object.values(record(values["persistence"])).flatMap((volume) => {
    const advanced = at(volume, "advancedMounts");
    if (isRecord(advanced) && !Object.hasOwn(advanced, controller) && !isRecord(at(volume, "globalMounts"))) return [];
    const type = text(at(volume, "type"));
    const name = text(at(volume, "name"));
    if (name === null || (type !== "configMap" && type !== "secret")) return [];
    return [{ kind: type === "secret" ? ("Secret" as const) : ("ConfigMap" as const), name: fill(name), key: null }];
  });

/** The app-template: each controller is told by its own containers and by what it mounts. */
export const toldByAppTemplate = (
  release: Release,
  workloads: readonly WorkloadFact[],
  configs: Configs,
): readonly Told[] => {
  const fill = (name: string): string => name.replace(/\{\{-?\s*\.Release\.Name\s*-?\}\}/g, release.name);
  const { values } = release;
  const single = values["controllers"] === undefined;
  const ids = single ? ["main"] : Object.keys(record(values["controllers"]));
  return ids.flatMap((id, index) => {
    const workload = single ? workloads[0] : (workloads.find((w) => isController(w, id)) ?? workloads[index]);
    if (workload === undefined) return [];
    const own = valuesPlace(release, "certain").flatMap(({ values: written, place }) => {
      if (single) return [...search(written["env"], ["env"], place), ...search(written["args"], ["args"], place)];
      const shared = ["configMaps", "secrets"].flatMap((field) => search(written[field], [field], place));
      const base = ["controllers", id];
      const containers = ["containers", "initContainers"].flatMap((field) =>
        Object.keys(record(at(written, ...base, field))).flatMap((name) =>
          ["env", "args", "command"].flatMap((key) =>
            search(at(written, ...base, field, name, key), [...base, field, name, key], place),
          ),
        ),
      );
      return [...containers, ...shared];
    });
    const controller = single ? values : at(values, "controllers", id);
    const containers = single
      ? [controller]
      : [
          ...Object.values(record(at(controller, "containers"))),
          ...Object.values(record(at(controller, "initContainers"))),
        ];
    const references = [
      ...containers.flatMap((c) => environmentReferences(at(c, "env"), at(c, "envFrom"))),
      ...mounted(values, id, fill),
    ].map((r) => ({ ...r, name: fill(r.name) }));
    return [{ workload, found: [...own, ...fromReferences(references, release.namespace, configs)] }];
  });
};

const isController = (workload: WorkloadFact, id: string): boolean =>
  workload.podLabels["app.kubernetes.io/controller"] === id || workload.podLabels["app.kubernetes.io/component"] === id;

/** Values that say nothing of what the program itself connects to. */
const ASIDE = new Set(
  (
    "annotations labels podAnnotations podLabels commonLabels commonAnnotations affinity nodeSelector tolerations " +
    "topologySpreadConstraints image images resources securityContext podSecurityContext containerSecurityContext route ingress " +
    "httpRoute gateway service serviceMonitor podMonitor persistence livenessProbe readinessProbe startupProbe probes " +
    "dashboards dashboardProviders networkPolicy rbac serviceAccount tests nameOverride fullnameOverride imagePullSecrets"
  ).split(" "),
);

/** Another chart's values: the workload whose name the first key is, else the release's first. */
export const toldByChart = (release: Release, workloads: readonly WorkloadFact[]): readonly Told[] => {
  const [first] = workloads;
  if (first === undefined) return [];
  const skip = (path: Path): boolean => ASIDE.has(String(path.at(-1)));
  const sections = valuesPlace(release, first.sure === "guess" ? "guess" : "likely").flatMap(({ values, place }) =>
    Object.keys(values).map((key) => ({ key, found: search(values[key], [key], place, skip) })),
  );
  return sections.flatMap(({ key, found }) => {
    if (found.length === 0 || ASIDE.has(key)) return [];
    const part = key.toLowerCase();
    const workload = workloads.find(
      (w) => w.name.toLowerCase().split("-").includes(part) || w.name.toLowerCase().startsWith(`${part}-`),
    );
    return [{ workload: workload ?? first, found }];
  });
};
