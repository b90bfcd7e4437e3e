import type { DeclaredEdge } from "../../facts/inventory.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, isRecord, list, portNumber, stringMap, strings, text } from "../json.ts";
import { byName, edge, hasLabels, hostOrAddress, place, prometheus, to, type Reading } from "./reading.ts";

export const probe = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const spec = at(object.object, "spec");
  const prober = place(at(spec, "prober", "url"));
  const [name, namespace] = (prober?.host ?? "").split(".");
  const selector =
    contents.services.find((s) => s.name === name && s.namespace === (namespace ?? object.namespace))?.selector ?? null;
  const probers = contents.workloads.filter(
    (w) => selector !== null && w.namespace === (namespace ?? object.namespace) && hasLabels(w, selector),
  );
  const sources = probers.length > 0 ? probers : byName(contents, "prometheus-blackbox-exporter");
  const isPing = /icmp|ping/i.test(text(at(spec, "module")) ?? "");
  const path = ["spec", "targets", "staticConfig", "static"];
  const targets = strings(at(spec, "targets", "staticConfig", "static")).flatMap((written, index) => {
    const origin = object.locate([...path, index]) ?? object.origin;
    const found = place(written);
    const host = found?.host ?? written;
    if (isPing)
      return sources.map((s) => edge(s, hostOrAddress(host), 8, "ICMPv4" as const, "probe", path.join("."), origin));
    const port = found?.port ?? (/tcp|ssh|dns/i.test(text(at(spec, "module")) ?? "") ? null : 80);
    return port === null
      ? []
      : sources.map((s) => edge(s, hostOrAddress(host), port, "TCP" as const, "probe", path.join("."), origin));
  });
  return [...to(reading, prometheus(reading), ["spec", "prober", "url"], "probe"), ...targets];
};

export const scrapeConfig = (reading: Reading): readonly DeclaredEdge[] => {
  const { object } = reading;
  const secure = /https/i.test(text(at(object.object, "spec", "scheme")) ?? "");
  return list(at(object.object, "spec", "staticConfigs")).flatMap((config, index) =>
    strings(at(config, "targets")).flatMap((written, item) => {
      const path = ["spec", "staticConfigs", index, "targets", item];
      const found = place(written);
      const host = found?.host ?? written;
      const port = found?.port ?? (secure ? 443 : 80);
      const origin = object.locate(path) ?? object.origin;
      return prometheus(reading).map((s) =>
        edge(s, hostOrAddress(host), port, "TCP", "scrape", "spec.staticConfigs.targets", origin),
      );
    }),
  );
};

const namespacesOf = (object: Rendered): ((namespace: string) => boolean) => {
  const selector = at(object.object, "spec", "namespaceSelector");
  const named = strings(at(selector, "matchNames"));
  if (at(selector, "any") === true) return () => true;
  return (namespace) => (named.length > 0 ? named.includes(namespace) : namespace === object.namespace);
};

const selects = (selector: unknown, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(stringMap(at(selector, "matchLabels"))).every(([key, value]) => labels[key] === value) &&
  list(at(selector, "matchExpressions")).every((term) => {
    const value = labels[text(at(term, "key")) ?? ""];
    const values = strings(at(term, "values"));
    const operator = text(at(term, "operator"));
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    return operator === "Exists" ? value !== undefined : value === undefined;
  });

export const serviceMonitor = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const isThere = namespacesOf(object);
  const selector = at(object.object, "spec", "selector");
  const services = contents.services.filter(
    (s) => isThere(s.namespace) && isRecord(selector) && selects(selector, s.labels ?? {}),
  );
  return list(at(object.object, "spec", "endpoints")).flatMap((endpoint, index) => {
    const origin = object.locate(["spec", "endpoints", index]) ?? object.origin;
    return services.flatMap((service) => {
      const port = service.ports.find(
        (p) => p.name === at(endpoint, "port") || p.targetPort === at(endpoint, "targetPort"),
      );
      if (port === undefined) return [];
      const target = { kind: "service", namespace: service.namespace, name: service.name } as const;
      return prometheus(reading).map((s) =>
        edge(s, target, port.port, port.protocol, "scrape", "spec.endpoints", origin),
      );
    });
  });
};

export const podMonitor = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const isThere = namespacesOf(object);
  const pods = contents.workloads.filter(
    (w) => isThere(w.namespace) && selects(at(object.object, "spec", "selector"), w.podLabels),
  );
  return list(at(object.object, "spec", "podMetricsEndpoints")).flatMap((endpoint, index) => {
    const origin = object.locate(["spec", "podMetricsEndpoints", index]) ?? object.origin;
    return pods.flatMap((pod) => {
      const named = pod.containers
        .flatMap((c) => c.ports)
        .find((p) => p.name !== null && p.name === at(endpoint, "port"));
      const port = named?.port ?? portNumber(at(endpoint, "portNumber")) ?? portNumber(at(endpoint, "targetPort"));
      if (port === null) return [];
      const target = { kind: "workload", namespace: pod.namespace, name: pod.name } as const;
      return prometheus(reading).map((s) => edge(s, target, port, "TCP", "scrape", "spec.podMetricsEndpoints", origin));
    });
  });
};
