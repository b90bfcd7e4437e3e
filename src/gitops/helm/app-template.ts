import type { Origin } from "../../facts/policy.ts";
import { at, list, record, text, type Json } from "../json.ts";
import { enabled, majorOf, type Context } from "./app-template-names.ts";
import { ingressObject, routeObject, serviceObject, servicesOf } from "./app-template-services.ts";
import { workload } from "./app-template-workload.ts";
import { locateValue, type Release } from "./release.ts";
import type { Unit } from "./unit.ts";

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
