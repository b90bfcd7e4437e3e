import type { GatewayFact, RouteFact, ServiceFact, WorkloadFact } from "../facts/inventory.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { challengeSolvers } from "./certificates.ts";
import { gatewayService, gatewayWorkload, readGateways } from "./gateways.ts";
import { renderAppTemplate } from "./helm/app-template.ts";
import { renderChart } from "./helm/chart.ts";
import { readReleases, type Release } from "./helm/release.ts";
import type { Unit } from "./helm/unit.ts";
import { readIngressControllers, throughControllers } from "./ingress-controllers.ts";
import { at, text } from "./json.ts";
import { operatorServices, operatorWorkloads } from "./operators.ts";
import { routeOf } from "./routes.ts";
import { podsBehind, serviceOf } from "./services.ts";
import { workloadOf } from "./workloads.ts";

/** What runs and how it is reached, as far as manifests, charts and operators tell. */
export interface Contents {
  readonly releases: readonly Release[];
  readonly units: readonly Unit[];
  readonly workloads: readonly WorkloadFact[];
  readonly services: readonly ServiceFact[];
  readonly gateways: readonly GatewayFact[];
  readonly routes: readonly RouteFact[];
  /** The workloads that one release makes. */
  readonly workloadsOf: (release: Release) => readonly WorkloadFact[];
}

const unitOf = (object: Rendered, isSuspended: (owner: string | null) => boolean): Unit => ({
  value: object.object,
  kind: object.kind,
  namespace: object.namespace ?? "",
  name: object.name,
  owner: object.owner,
  origin: object.origin,
  suspended: isSuspended(object.owner),
  sure: "certain",
  labelsComplete: true,
  from: { kind: "manifest", name: object.name },
});

const isAppTemplate = (release: Release): boolean => release.chart.name === "app-template";

export const readContents = (
  objects: readonly Rendered[],
  isSuspended: (owner: string | null) => boolean,
): Contents => {
  const releases = readReleases(objects, isSuspended);
  const made = new Map(releases.map((r) => [r, isAppTemplate(r) ? renderAppTemplate(r) : renderChart(r)]));
  const units = [...objects.map((object) => unitOf(object, isSuspended)), ...[...made.values()].flat()];
  const controller = releases.find((r) => r.chart.name === "gateway-helm" || r.chart.name === "envoy-gateway");
  const gateways = readGateways(objects, controller ?? null, releases);
  const workloadsOf = (release: Release): readonly WorkloadFact[] =>
    (made.get(release) ?? []).flatMap((unit) => workloadOf(unit) ?? []);
  const ingress = readIngressControllers(releases, workloadsOf);
  const written = new Map(objects.flatMap((o) => (o.kind === "Gateway" ? [[o.origin, o] as const] : [])));
  const classOf = (gateway: GatewayFact): string =>
    text(at(gateway.origin === null ? null : written.get(gateway.origin)?.object, "spec", "gatewayClassName")) ?? "";
  const ownerOf = (gateway: GatewayFact): string | null =>
    gateway.origin === null ? null : (written.get(gateway.origin)?.owner ?? null);
  const running = [
    ...units.flatMap((unit) => workloadOf(unit) ?? []),
    ...objects.flatMap((object) => operatorWorkloads(object, isSuspended(object.owner))),
  ];
  // A controller whose own pods are the data plane has them, and a Service in front, by its chart.
  const provisioned = gateways.filter((g) => podsBehind(g.podNamespace, g.podLabels, running).length === 0);
  const workloads = [
    ...running,
    ...provisioned.flatMap((gateway) => gatewayWorkload(gateway, ownerOf(gateway)) ?? []),
    ...challengeSolvers(objects),
  ];
  const behind = [...units, ...objects.flatMap(operatorServices)];
  return {
    releases,
    units,
    workloads,
    services: [
      ...behind.flatMap((unit) => serviceOf(unit, workloads) ?? []),
      ...provisioned.map((gateway) => gatewayService(gateway, classOf(gateway))),
    ],
    gateways: [...gateways, ...ingress],
    routes: throughControllers(
      units.flatMap((unit) => routeOf(unit) ?? []),
      ingress,
    ),
    workloadsOf,
  };
};
