import type { RouteFact } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import type { Context } from "./context.ts";
import { asList, asText, at } from "./json.ts";
import type { PodView } from "./pods.ts";

export interface Backend {
  readonly pod: PodView;
  readonly match: "yes" | "maybe";
  readonly containerPort: number;
  readonly service: string;
  /** How sure the Service is, and with it the port that it leads to. */
  readonly sure: Certainty;
}

/** The pods and container ports behind one backend of a route. */
export const backendsOf = (context: Context, route: RouteFact): readonly Backend[] =>
  route.backends.flatMap((b) => {
    const service = context.service(b.namespace, b.service);
    const port = service?.ports.find((p) => p.port === b.port || p.name === b.port);
    if (service === null || port === undefined) return [];
    return context.backends(service).flatMap(({ pod, match }): Backend[] => {
      const target = port.containerPort ?? (typeof port.targetPort === "number" ? port.targetPort : null);
      return target === null
        ? []
        : [{ pod, match, containerPort: target, service: `${service.namespace}/${service.name}`, sure: service.sure }];
    });
  });

const refs = (value: unknown): readonly unknown[] => [...asList(at(value, "backendRefs")), at(value, "backendRef")];

/** What a gateway asks before it lets a visitor through: the external authorisation of a SecurityPolicy. */
const authorisers = (context: Context): readonly RouteFact[] =>
  context.inventory.objects.flatMap((object): RouteFact[] => {
    if (object.kind !== "SecurityPolicy" || object.namespace === null) return [];
    const { namespace } = object;
    const spec = object.object["spec"];
    const backends = ["http", "grpc"].flatMap((form) =>
      refs(at(spec, "extAuth", form)).flatMap((ref) => {
        const service = asText(at(ref, "name"));
        const port = Number(asText(at(ref, "port")) ?? "");
        if (service === null || !Number.isInteger(port) || port <= 0) return [];
        return [{ namespace: asText(at(ref, "namespace")) ?? namespace, service, port }];
      }),
    );
    if (backends.length === 0) return [];
    const targets = [...asList(at(spec, "targetRefs")), at(spec, "targetRef")].map((t) => asText(at(t, "name")));
    const routes = context.inventory.routes.filter((r) => r.namespace === namespace && targets.includes(r.name));
    const direct = context.inventory.gateways.filter((g) => g.namespace === namespace && targets.includes(g.name));
    const gateways = [...routes.flatMap((r) => r.gateways), ...direct.map((g) => `${g.namespace}/${g.name}`)];
    const origin = object.locate(["spec", "extAuth"]) ?? object.origin;
    return [
      { kind: "HTTPRoute", namespace, name: object.name, hostnames: [], gateways, backends, sure: "certain", origin },
    ];
  });

/** Every way in which a gateway sends to pods: its routes, and whom it asks before it lets a visitor through. */
export const publishedRoutes = (context: Context): readonly RouteFact[] => [
  ...context.inventory.routes,
  ...authorisers(context),
];
