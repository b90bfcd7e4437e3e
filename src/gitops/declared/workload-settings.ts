import type { DeclaredEdge, WorkloadFact } from "../../facts/inventory.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, isRecord, list, record, text, type Json, type Path } from "../json.ts";
import type { Release } from "../helm/release.ts";
import { apiHosts } from "../knowledge/providers.ts";
import { templatePath } from "../workloads.ts";
import { environmentReferences, placeIn, referencesOf, type Configs, type Reference } from "./configs.ts";
import { calledByContainer, calledByFiles, shellOf, type CalledAt } from "./containers.ts";
import { edge } from "./reading.ts";
import type { Shell } from "./scripts.ts";
import { search, type Found, type Place } from "./settings.ts";

/** What one workload is told, and where. */
export interface Told {
  readonly workload: Pick<WorkloadFact, "namespace" | "kind" | "name">;
  readonly found: readonly Found[];
  /** Where its scripts go without a URL: package managers, database clients. */
  readonly called?: readonly CalledAt[];
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
  const namespace = object.namespace ?? "";
  const references = referencesOf(pod);
  const found = [...own, ...fromReferences(references, namespace, configs)];
  const containers = (["containers", "initContainers"] as const).flatMap((field) =>
    list(at(pod, field)).map((container, index) => ({ container, base: [...spec, field, index] })),
  );
  const called = [
    ...containers.flatMap(({ container, base }) => calledByContainer(container, base, place.locate)),
    ...scriptsIn(references, namespace, configs, shellOf(containers[0]?.container)),
  ];
  return [{ workload: { namespace, kind: object.kind, name: object.name }, found, called }];
};

/** What an operator makes of a custom resource is told by the resource: a database's host, a server's address. */
export const toldByResource = (object: Rendered, made: readonly WorkloadFact[]): readonly Told[] => {
  const lasting = made.filter((w) => !w.transient);
  if (lasting.length === 0) return [];
  const found = search(at(object.object, "spec"), ["spec"], placeIn(object, [], "likely"));
  return lasting.map((workload) => ({ workload, found }));
};

/** Scripts that are mounted: which container runs them nobody says, and nearly always it is the first. */
const scriptsIn = (
  references: readonly Reference[],
  namespace: string,
  configs: Configs,
  shell: Shell,
): readonly CalledAt[] => {
  const seen = new Map(references.map((r) => [`${r.kind}/${r.name}`, r]));
  return [...seen.values()].flatMap(({ kind, name }) => {
    const config = configs(kind, namespace, name);
    if (config === null) return [];
    return calledByFiles(config.data, shell, placeIn(config.object, config.base, "likely").locate);
  });
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
    const bases: readonly Path[] = single
      ? [[]]
      : ["containers", "initContainers"].flatMap((field) =>
          Object.keys(record(at(controller, field))).map((name) => ["controllers", id, field, name]),
        );
    const called = [
      ...bases.flatMap((base) => {
        const origin = valuesPlace(release, "certain").findLast((s) => at(s.values, ...base) !== undefined);
        return origin === undefined ? [] : calledByContainer(at(values, ...base), base, origin.place.locate);
      }),
      ...scriptsIn(references, release.namespace, configs, shellOf(containers[0])),
    ];
    return [{ workload, found: [...own, ...fromReferences(references, release.namespace, configs)], called }];
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
  const sections = valuesPlace(release, "likely").flatMap(({ values, place }) =>
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

/** external-dns says its provider in one word, which alone may mean much else: `aws`, `google`, `azure`. */
export const toldToExternalDns = (release: Release, workloads: readonly WorkloadFact[]): readonly DeclaredEdge[] => {
  if (release.chart.name !== "external-dns") return [];
  const { values } = release;
  const path = isRecord(values["provider"]) ? ["provider", "name"] : ["provider"];
  const name = text(at(values, ...path));
  const environment = shellOf({ env: values["env"] }).environment;
  const region = environment.get("AWS_REGION") ?? environment.get("AWS_DEFAULT_REGION") ?? null;
  const source = release.sources.findLast((s) => at(s.values, ...path) !== undefined);
  if (name === null || source === undefined) return [];
  return apiHosts(name, (key) => (key === "region" ? region : null)).flatMap((host) =>
    workloads.map((w) =>
      edge(w, { kind: "host", host }, 443, "TCP", "dns-provider", path.join("."), source.locate(path)),
    ),
  );
};
