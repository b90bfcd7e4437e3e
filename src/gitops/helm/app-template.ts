import type { Origin } from "../../facts/policy.ts";
import { at, isRecord, list, portNumber, put, record, scalar, stringMap, text, type Json } from "../json.ts";
import { locateValue, type Release } from "./release.ts";
import type { Unit } from "./unit.ts";

/**
 * What the bjw-s app-template makes of its values. Its releases differ in what matters to policy: which label tells
 * controllers apart (none in 1.x, `component` in 2.x and 3.x, `controller` since 4.0), and how objects are named.
 */
const NEWEST = 4;

export const majorOf = (version: string | null): number => {
  const major = /(\d+)\./.exec(version ?? "")?.[1];
  return major === undefined ? NEWEST : Number(major);
};

const isEnabled = (item: unknown): item is Json => isRecord(item) && item["enabled"] !== false;

/** Enabled entries of a map of values, by their identifier. */
const enabled = (values: Json, key: string): readonly (readonly [string, Json])[] =>
  Object.entries(record(values[key])).flatMap(([id, item]) => (isEnabled(item) ? [[id, item] as const] : []));

interface Context {
  readonly release: Release;
  readonly major: number;
  readonly fullname: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The few templates that people really write into values; anything else stays as written. */
const fill = (written: string, { release, fullname }: Pick<Context, "release" | "fullname">): string =>
  written
    .replace(/\{\{-?\s*\.Release\.Name\s*-?\}\}/g, release.name)
    .replace(/\{\{-?\s*\.Release\.Namespace\s*-?\}\}/g, release.namespace)
    .replace(/\{\{-?\s*include\s+"bjw-s\.common\.lib\.chart\.names\.fullname"\s+\S+\s*-?\}\}/g, fullname);

const nameFor = (context: Context, id: string, item: Json, count: number, primary: boolean): string => {
  const { major, fullname } = context;
  const forced = text(item["forceRename"]);
  if (forced !== null && major >= 4) return fill(forced, context).toLowerCase();
  const override = text(item["nameOverride"]);
  if (major < 4 && override !== null) {
    const part = fill(override, context);
    return part === fullname ? fullname : `${fullname}-${part}`;
  }
  if (major < 3) return primary ? fullname : `${fullname}-${id}`;
  if (major < 4) return primary || count < 2 || id === fullname ? fullname : `${fullname}-${id}`;
  const always = at(context.release.values, "global", "alwaysAppendIdentifierToResourceName") === true;
  const prefix = text(item["prefix"]);
  const suffix = text(item["suffix"]);
  let name = prefix === null || fill(prefix, context) === fullname ? fullname : `${fill(prefix, context)}-${fullname}`;
  if ((count > 1 || always) && !name.endsWith(`-${id}`) && id !== name) name = `${name}-${id}`;
  if (suffix !== null && !name.endsWith(`-${fill(suffix, context)}`)) name = `${name}-${fill(suffix, context)}`;
  return name.toLowerCase();
};

const controllerLabels = (context: Context, id: string, controller: Json): Readonly<Record<string, string>> => {
  const own = context.major < 2 ? {} : { [`app.kubernetes.io/${context.major < 4 ? "component" : "controller"}`]: id };
  return { ...context.labels, ...own, ...stringMap(controller["extraSelectorLabels"]) };
};

/** A pod option: the controller's own, the default where it has none, both where the strategy says merge. */
const podOption = (context: Context, controller: Json, option: string): unknown => {
  const { values } = context.release;
  const own = at(controller, "pod", option);
  const standard = at(values, "defaultPodOptions", option);
  const merges = context.major < 3 || values["defaultPodOptionsStrategy"] === "merge";
  if (merges && isRecord(own) && isRecord(standard)) return { ...standard, ...own };
  return own ?? standard;
};

const protocolOf = (port: Json): string => {
  const written = text(port["protocol"]) ?? "TCP";
  return written === "HTTP" || written === "HTTPS" ? "TCP" : written;
};

interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly target: number | string;
  readonly protocol: string;
}

const portsOf = (service: Json): readonly NamedPort[] =>
  Object.entries(record(service["ports"])).flatMap(([name, item]) => {
    if (!isEnabled(item)) return [];
    const range = record(item["portRange"]);
    const start = portNumber(range["start"]);
    const end = portNumber(range["end"] ?? range["stop"]);
    if (start !== null && end !== null && end - start < 1_000)
      return Array.from({ length: end - start + 1 }, (_, i) => ({
        name: `${name}-${start + i}`,
        port: start + i,
        target: start + i,
        protocol: protocolOf(item),
      }));
    const port = portNumber(item["port"]);
    if (port === null) return [];
    const target = portNumber(item["targetPort"]) ?? text(item["targetPort"]) ?? port;
    return [{ name, port, target, protocol: protocolOf(item) }];
  });

const probe = (written: unknown, fallback: number | string | null): unknown => {
  if (!isRecord(written) || written["enabled"] !== true) return undefined;
  if (written["custom"] === true) return written["spec"];
  if (written["type"] === "COMMAND" || written["command"] !== undefined) return undefined;
  const port = portNumber(written["port"]) ?? text(written["port"]) ?? fallback;
  return port === null ? undefined : { tcpSocket: { port } };
};

interface Service {
  readonly id: string;
  readonly value: Json;
  readonly name: string;
  readonly controller: string | null;
  readonly ports: readonly NamedPort[];
}

const servicesOf = (context: Context, controllers: readonly (readonly [string, Json])[]): readonly Service[] => {
  const services = enabled(context.release.values, "service");
  const [only, second] = controllers;
  return services.map(([id, value]) => ({
    id,
    value,
    name: nameFor(
      context,
      id,
      value,
      services.length,
      value["primary"] === true || (context.major < 3 && id === "main"),
    ),
    controller:
      text(value["controller"]) ?? (context.major < 2 ? "main" : second === undefined ? (only?.[0] ?? null) : null),
    ports: portsOf(value),
  }));
};

const containerOf = (name: string, written: Json, ports: readonly NamedPort[], primary: NamedPort | null): Json => {
  const image = record(written["image"]);
  const repository = text(image["repository"]);
  const tag = scalar(image["tag"]);
  const reference =
    text(written["image"]) ?? (repository === null ? null : `${repository}${tag === null ? "" : `:${tag}`}`);
  const probes = record(written["probes"]);
  const own = list(written["ports"]);
  const known = new Set(own.map((p) => at(p, "containerPort")));
  const served = ports.flatMap((p) =>
    typeof p.target === "number" && !known.has(p.target)
      ? [{ name: p.name, containerPort: p.target, protocol: p.protocol }]
      : [],
  );
  const made: Record<string, unknown> = {
    name,
    ...(reference === null ? {} : { image: reference }),
    ports: [...own, ...served],
  };
  for (const kind of ["liveness", "readiness", "startup"]) {
    const found = probe(probes[kind], primary?.target ?? null);
    if (found !== undefined) made[`${kind}Probe`] = found;
  }
  return made;
};

const accountOf = (context: Context, controller: Json): string | null => {
  const { values } = context.release;
  const chosen = controller["serviceAccount"];
  const accounts = Object.entries(record(values["serviceAccount"])).filter(([, item]) => isEnabled(item));
  if (context.major < 4) {
    const name = text(at(chosen, "name")) ?? text(at(values, "serviceAccount", "name"));
    return name ?? (at(values, "serviceAccount", "create") === true ? context.fullname : "default");
  }
  const named = (id: string, item: unknown): string => nameFor(context, id, record(item), accounts.length, false);
  const identifier = text(at(chosen, "identifier"));
  if (identifier !== null) return named(identifier, at(values, "serviceAccount", identifier));
  if (text(at(chosen, "name")) !== null) return text(at(chosen, "name"));
  const [only] = accounts;
  if (only !== undefined && accounts.length === 1) return named(only[0], only[1]);
  // Later releases make an account of their own unless told not to; which one did so cannot be told from the values.
  return null;
};

const KINDS: Readonly<Record<string, string>> = {
  deployment: "Deployment",
  statefulset: "StatefulSet",
  daemonset: "DaemonSet",
  cronjob: "CronJob",
  job: "Job",
};

const workload = (
  context: Context,
  id: string,
  controller: Json,
  count: number,
  services: readonly Service[],
): Json => {
  const { release, major } = context;
  const kind = KINDS[text(controller["type"]) ?? "deployment"] ?? "Deployment";
  const own = services.filter((s) => s.controller === id);
  const ports = own.flatMap((s) => s.ports);
  const first = own.find((s) => s.value["primary"] === true) ?? own[0];
  const primary =
    first?.ports.find((p) => at(first.value, "ports", p.name, "primary") === true) ?? first?.ports[0] ?? null;
  const single = major < 2 ? [["main", release.values] as const] : null;
  const containers = (single ?? enabled(controller, "containers")).map(([name, written], index) =>
    containerOf(name, written, index === 0 ? ports : [], primary),
  );
  const initContainers = (major < 2 ? [] : enabled(controller, "initContainers")).map(([name, written]) =>
    containerOf(name, written, [], null),
  );
  const globalLabels =
    at(release.values, "global", "propagateGlobalMetadataToPods") === true
      ? stringMap(at(release.values, "global", "labels"))
      : {};
  const podLabels =
    major < 2 ? stringMap(release.values["podLabels"]) : stringMap(podOption(context, controller, "labels"));
  const labels = { ...globalLabels, ...podLabels, ...controllerLabels(context, id, controller) };
  const annotations = major < 2 ? release.values["podAnnotations"] : podOption(context, controller, "annotations");
  const hostNetwork = major < 2 ? release.values["hostNetwork"] : podOption(context, controller, "hostNetwork");
  const account = accountOf(context, controller);
  const template: Json = {
    metadata: { labels: filled(labels, context), annotations: stringMap(annotations) },
    spec: {
      containers,
      initContainers,
      ...(hostNetwork === true ? { hostNetwork } : {}),
      ...(account === null ? {} : { serviceAccountName: account }),
    },
  };
  const name = nameFor(context, id, controller, count, major < 2 || id === "main");
  const metadata = { name, namespace: release.namespace };
  if (kind === "CronJob") {
    const cron = record(controller["cronjob"]);
    return {
      kind,
      metadata,
      spec: { schedule: cron["schedule"], suspend: cron["suspend"], jobTemplate: { spec: { template } } },
    };
  }
  const replicas = controller["replicas"];
  return { kind, metadata, spec: { ...(replicas === undefined ? {} : { replicas }), template } };
};

const filled = (labels: Readonly<Record<string, string>>, context: Context): Readonly<Record<string, string>> => {
  const made: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) put(made, key, fill(value, context));
  return made;
};

const serviceObject = (context: Context, service: Service, controllers: readonly (readonly [string, Json])[]): Json => {
  const { value } = service;
  const controller = controllers.find(([id]) => id === service.controller)?.[1] ?? {};
  const selector = {
    ...(service.controller === null ? context.labels : controllerLabels(context, service.controller, controller)),
    ...stringMap(value["extraSelectorLabels"]),
  };
  const type = text(value["type"]) ?? "ClusterIP";
  return {
    kind: "Service",
    metadata: {
      name: service.name,
      namespace: context.release.namespace,
      labels: { ...context.labels, "app.kubernetes.io/service": service.name, ...stringMap(value["labels"]) },
      annotations: stringMap(value["annotations"]),
    },
    spec: {
      type,
      ...(type === "ExternalName" ? { externalName: value["externalName"] } : { selector }),
      loadBalancerIP: value["loadBalancerIP"],
      externalIPs: value["externalIPs"],
      externalTrafficPolicy: value["externalTrafficPolicy"],
      ports: service.ports.map((p) => ({ name: p.name, port: p.port, targetPort: p.target, protocol: p.protocol })),
    },
  };
};

const backend = (written: unknown, services: readonly Service[]): Json | null => {
  const id = text(at(written, "identifier"));
  const named = text(at(written, "name"));
  const service = services.find((s) => s.id === id || (id === null && s.name === named));
  const port =
    portNumber(at(written, "port")) ??
    service?.ports.find((p) => p.name === at(written, "port"))?.port ??
    service?.ports[0]?.port;
  const name = named ?? service?.name;
  if (name === undefined) return null;
  return { name, port, namespace: at(written, "namespace"), kind: at(written, "kind") };
};

const routeObject = (context: Context, id: string, route: Json, count: number, services: readonly Service[]): Json => {
  const only = services.length === 1 ? services[0] : undefined;
  const standard = only === undefined ? [] : [{ name: only.name, port: only.ports[0]?.port }];
  const rules = list(route["rules"]).map((rule) => {
    const written = list(at(rule, "backendRefs"));
    return {
      ...record(rule),
      backendRefs:
        written.length === 0
          ? at(rule, "filters") === undefined
            ? standard
            : []
          : written.flatMap((w) => backend(w, services) ?? []),
    };
  });
  return {
    kind: text(route["kind"]) ?? "HTTPRoute",
    metadata: {
      name: nameFor(context, id, route, count, false),
      namespace: text(route["namespaceOverride"]) ?? context.release.namespace,
      annotations: route["annotations"],
    },
    spec: {
      hostnames: list(route["hostnames"]).map((h) => (typeof h === "string" ? fill(h, context) : h)),
      parentRefs: route["parentRefs"],
      rules: rules.length === 0 ? [{ backendRefs: standard }] : rules,
    },
  };
};

const ingressObject = (
  context: Context,
  id: string,
  ingress: Json,
  count: number,
  services: readonly Service[],
): Json => ({
  kind: "Ingress",
  metadata: {
    name: nameFor(context, id, ingress, count, context.major < 3 && id === "main"),
    namespace: context.release.namespace,
    annotations: ingress["annotations"],
  },
  spec: {
    ingressClassName: ingress["className"] ?? ingress["ingressClassName"],
    rules: list(ingress["hosts"]).map((host) => ({
      host: fill(scalar(at(host, "host")) ?? "", context),
      http: {
        paths: list(at(host, "paths")).map((path) => {
          const found =
            backend(at(path, "service"), services) ??
            (services[0] === undefined ? null : { name: services[0].name, port: services[0].ports[0]?.port });
          return {
            backend: found === null ? {} : { service: { name: found["name"], port: { number: found["port"] } } },
          };
        }),
      },
    })),
  },
});

/** Workloads, Services, routes and policies of one app-template release, each at the place in the values that asks for it. */
export const renderAppTemplate = (release: Release): readonly Unit[] => {
  const { values } = release;
  const major = majorOf(release.chart.version);
  const name = text(at(values, "global", "nameOverride")) ?? release.name;
  const fullname =
    text(at(values, "global", "fullnameOverride")) ??
    (release.name.includes(name) ? release.name : `${release.name}-${name}`);
  const context: Context = {
    release,
    major,
    fullname,
    labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": release.name },
  };
  const controllers: readonly (readonly [string, Json])[] =
    major < 2 ? [["main", record(values["controller"])]] : enabled(values, "controllers");
  const services = servicesOf(context, controllers);
  const routes = enabled(values, "route");
  const ingresses = enabled(values, "ingress").filter(([, item]) => major >= 2 || item["enabled"] === true);
  const unit = (value: Json, origin: Origin): Unit => ({
    value,
    kind: text(value["kind"]) ?? "",
    namespace: text(at(value, "metadata", "namespace")) ?? release.namespace,
    name: text(at(value, "metadata", "name")) ?? release.name,
    owner: release.object.owner,
    origin,
    suspended: release.suspended,
    sure: release.valuesComplete ? "certain" : "likely",
    labelsComplete: release.valuesComplete && list(at(release.object.object, "spec", "postRenderers")).length === 0,
    from: { kind: "chart", name: "app-template" },
  });
  const where = (...path: readonly string[]): Origin => locateValue(release, path);
  return [
    ...controllers.map(([id, item]) =>
      unit(
        workload(context, id, item, controllers.length, services),
        major < 2 ? release.object.origin : where("controllers", id),
      ),
    ),
    ...services.map((service) => unit(serviceObject(context, service, controllers), where("service", service.id))),
    ...routes.map(([id, item]) => unit(routeObject(context, id, item, routes.length, services), where("route", id))),
    ...ingresses.map(([id, item]) =>
      unit(ingressObject(context, id, item, ingresses.length, services), where("ingress", id)),
    ),
  ];
};
