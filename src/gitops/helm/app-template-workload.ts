import { at, isRecord, list, portNumber, record, scalar, stringMap, text, type Json } from "../json.ts";
import { controllerLabels, enabled, filled, isEnabled, nameFor, type Context } from "./app-template-names.ts";
import type { NamedPort, Service } from "./app-template-services.ts";

/** A pod option: the controller's own, the default where it has none, both where the strategy says merge. */
const podOption = (context: Context, controller: Json, option: string): unknown => {
  const { values } = context.release;
  const own = at(controller, "pod", option);
  const standard = at(values, "defaultPodOptions", option);
  const merges = context.major < 3 || values["defaultPodOptionsStrategy"] === "merge";
  if (merges && isRecord(own) && isRecord(standard)) return { ...standard, ...own };
  return own ?? standard;
};

const probe = (written: unknown, fallback: number | string | null): unknown => {
  if (!isRecord(written) || written["enabled"] !== true) return undefined;
  if (written["custom"] === true) return written["spec"];
  if (written["type"] === "COMMAND" || written["command"] !== undefined) return undefined;
  const port = portNumber(written["port"]) ?? text(written["port"]) ?? fallback;
  return port === null ? undefined : { tcpSocket: { port } };
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

export const workload = (
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
