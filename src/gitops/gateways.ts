import type { GatewayFact, ServiceFact, WorkloadFact } from "../facts/inventory.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { at, isRecord, list, portNumber, scalar, stringMap, text, type Json } from "./json.ts";
import type { Release } from "./helm/release.ts";
import { askedAddresses } from "./services.ts";
import { groupOf } from "./walk/resource.ts";

/** How a gateway controller runs the data plane of a Gateway; data, because it differs per controller and nothing else does. */
interface DataPlane {
  /** Prefix of `controllerName`. */
  readonly controller: string;
  /** Labels on the data-plane pods; `{name}` and `{namespace}` are the Gateway's. */
  readonly labels: Readonly<Record<string, string>>;
  /** What is added to the port of a listener below 1024 to make the container port. */
  readonly shift: number;
  /** The proxies are the controller's own pods, of this chart, wherever it is released. */
  readonly chart?: string;
}

const DATA_PLANES: readonly DataPlane[] = [
  {
    controller: "gateway.envoyproxy.io/",
    labels: {
      "app.kubernetes.io/name": "envoy",
      "app.kubernetes.io/component": "proxy",
      "app.kubernetes.io/managed-by": "envoy-gateway",
      "gateway.envoyproxy.io/owning-gateway-name": "{name}",
      "gateway.envoyproxy.io/owning-gateway-namespace": "{namespace}",
    },
    shift: 10_000,
  },
  {
    controller: "istio.io/",
    labels: {
      "gateway.networking.k8s.io/gateway-name": "{name}",
      "gateway.istio.io/managed": "istio.io-gateway-controller",
    },
    shift: 0,
  },
  { controller: "traefik.io/", labels: { "app.kubernetes.io/name": "traefik" }, shift: 0, chart: "traefik" },
  {
    controller: "gateway.nginx.org/",
    labels: { "gateway.networking.k8s.io/gateway-name": "{name}" },
    shift: 0,
  },
  { controller: "kgateway.dev/", labels: { "gateway.networking.k8s.io/gateway-name": "{name}" }, shift: 8000 },
  { controller: "konghq.com/", labels: { "app.kubernetes.io/name": "kong" }, shift: 0, chart: "kong" },
];

const fill = (template: string, gateway: Rendered): string =>
  template.replaceAll("{name}", gateway.name).replaceAll("{namespace}", gateway.namespace ?? "");

/** The pods of a Gateway's data plane, for whoever asks what runs. */
export const gatewayWorkload = (gateway: GatewayFact, owner: string | null): WorkloadFact | null =>
  Object.keys(gateway.podLabels).length === 0
    ? null
    : {
        namespace: gateway.podNamespace,
        kind: "Gateway",
        name: gateway.name,
        podLabels: gateway.podLabels,
        labelsComplete: false,
        serviceAccount: null,
        containers: [
          {
            name: "proxy",
            image: null,
            ports: gateway.listeners.flatMap((l) => [
              {
                name: l.name,
                port: l.containerPort,
                protocol: l.protocol === "UDP" ? "UDP" : "TCP",
                sure: gateway.sure,
              },
              ...(l.udp && l.protocol !== "UDP"
                ? [{ name: l.name, port: l.containerPort, protocol: "UDP" as const, sure: gateway.sure }]
                : []),
            ]),
            probePorts: [],
          },
        ],
        hostNetwork: false,
        secondaryNetworks: [],
        suspended: false,
        transient: false,
        sure: gateway.sure,
        from: { kind: "operator", name: "gateway" },
        owner,
        origin: gateway.origin,
      };

/** The Service in front of it: Istio appends the class; Envoy Gateway a hash, so that nobody addresses it by name. */
export const gatewayService = (gateway: GatewayFact, className: string): ServiceFact => ({
  namespace: gateway.podNamespace,
  name: `${gateway.name}-${className}`,
  type: "LoadBalancer",
  selector: gateway.podLabels,
  ports: gateway.listeners.flatMap((l) => {
    const base = { name: l.name, port: l.port, targetPort: l.containerPort, containerPort: l.containerPort };
    const udp = { ...base, protocol: "UDP" as const };
    return l.protocol === "UDP" ? [udp] : [{ ...base, protocol: "TCP" as const }, ...(l.udp ? [udp] : [])];
  }),
  loadBalancerIps: gateway.addresses,
  hostnames: [],
  externalTrafficPolicy: null,
  externalName: null,
  sure: gateway.sure,
  origin: gateway.origin,
});

interface Surroundings {
  readonly classes: ReadonlyMap<string, Rendered>;
  readonly objects: readonly Rendered[];
  /** Namespace of the Envoy Gateway controller; its proxies run there unless they run beside their Gateway. */
  readonly controllerNamespace: string | null;
  readonly besideGateway: boolean;
  readonly releases: readonly Pick<Release, "namespace" | "chart">[];
}

/** Whether a ClientTrafficPolicy turns HTTP/3 on for the Gateway. */
const servesHttp3 = (gateway: Rendered, objects: readonly Rendered[]): boolean =>
  objects.some((object) => {
    if (object.kind !== "ClientTrafficPolicy" || object.namespace !== gateway.namespace) return false;
    const spec = at(object.object, "spec");
    if (!isRecord(at(spec, "http3"))) return false;
    const references = [...list(at(spec, "targetRefs")), at(spec, "targetRef")];
    const named = references.some((r) => at(r, "kind") === "Gateway" && at(r, "name") === gateway.name);
    const labels = stringMap(at(gateway.object, "metadata", "labels"));
    return (
      named ||
      list(at(spec, "targetSelectors")).some(
        (s) =>
          at(s, "kind") === "Gateway" &&
          Object.entries(stringMap(at(s, "matchLabels"))).every(([key, value]) => labels[key] === value),
      )
    );
  });

const proxyOf = (gateway: Rendered, { classes, objects }: Surroundings): Json | null => {
  const gatewayClass = classes.get(text(at(gateway.object, "spec", "gatewayClassName")) ?? "");
  const reference =
    at(gateway.object, "spec", "infrastructure", "parametersRef") ?? at(gatewayClass?.object, "spec", "parametersRef");
  const proxy = objects.find((o) => o.kind === "EnvoyProxy" && o.name === at(reference, "name"));
  return proxy?.object ?? null;
};

const podNamespaceOf = (gateway: Rendered, plane: DataPlane | null, around: Surroundings): string => {
  const own = gateway.namespace ?? "";
  if (plane?.chart !== undefined) return around.releases.find((r) => r.chart.name === plane.chart)?.namespace ?? own;
  const isEnvoyGateway = plane?.controller === "gateway.envoyproxy.io/";
  return isEnvoyGateway && !around.besideGateway ? (around.controllerNamespace ?? own) : own;
};

const gatewayOf = (gateway: Rendered, around: Surroundings): GatewayFact => {
  const className = text(at(gateway.object, "spec", "gatewayClassName")) ?? "";
  const controller = text(at(around.classes.get(className)?.object, "spec", "controllerName")) ?? "";
  const plane = DATA_PLANES.find(
    (p) =>
      controller.startsWith(p.controller) ||
      (controller === "" && p.controller.includes(className) && className !== ""),
  );
  const proxy = proxyOf(gateway, around);
  const envoy = at(proxy, "spec", "provider", "kubernetes");
  const workload = at(envoy, "envoyDeployment") ?? at(envoy, "envoyDaemonSet");
  const hostNetwork = at(workload, "pod", "hostNetwork") === true;
  // `useListenerPortAsContainerPort` takes the shift away.
  const shift = at(envoy, "useListenerPortAsContainerPort") === true || hostNetwork ? 0 : (plane?.shift ?? 0);
  const infrastructure = at(gateway.object, "spec", "infrastructure");
  const http3 = servesHttp3(gateway, around.objects);
  const listeners = list(at(gateway.object, "spec", "listeners")).flatMap((listener) => {
    const port = portNumber(at(listener, "port"));
    if (port === null) return [];
    const protocol = text(at(listener, "protocol")) ?? "HTTP";
    return [
      {
        name: text(at(listener, "name")) ?? "",
        port,
        containerPort: port < 1024 ? port + shift : port,
        protocol,
        hostname: text(at(listener, "hostname")),
        udp: protocol === "UDP" || (http3 && (protocol === "HTTPS" || protocol === "TLS")),
      },
    ];
  });
  const service = at(envoy, "envoyService", "annotations");
  const asked = list(at(gateway.object, "spec", "addresses")).flatMap((a) => scalar(at(a, "value")) ?? []);
  const podLabels = Object.fromEntries(
    Object.entries(plane?.labels ?? {}).map(([key, value]) => [key, fill(value, gateway)]),
  );
  const byCilium = controller.startsWith("io.cilium/") || (controller === "" && className === "cilium");
  return {
    ...(byCilium ? { servedBy: "cilium" as const } : {}),
    namespace: gateway.namespace ?? "",
    name: gateway.name,
    podLabels: {
      ...podLabels,
      ...stringMap(at(infrastructure, "labels")),
      ...stringMap(at(workload, "pod", "labels")),
    },
    podNamespace: podNamespaceOf(gateway, plane ?? null, around),
    listeners,
    addresses: [
      ...new Set([
        ...asked,
        ...askedAddresses(at(infrastructure, "annotations")),
        ...askedAddresses(service),
        ...askedAddresses(at(gateway.object, "metadata", "annotations")),
      ]),
    ],
    sure: plane === undefined && !byCilium ? "guess" : "likely",
    origin: gateway.origin,
  };
};

/** The Gateways with the pods that serve them: the peer that policy sees. */
export const readGateways = (
  objects: readonly Rendered[],
  controller: { readonly namespace: string; readonly values: Json } | null,
  releases: Surroundings["releases"] = [],
): readonly GatewayFact[] => {
  const classes = new Map(objects.filter((o) => o.kind === "GatewayClass").map((o) => [o.name, o]));
  const deploy = at(controller?.values, "config", "envoyGateway", "provider", "kubernetes", "deploy", "type");
  const around: Surroundings = {
    classes,
    objects,
    controllerNamespace: controller?.namespace ?? null,
    besideGateway: deploy === "GatewayNamespace",
    releases,
  };
  return objects.flatMap((object) =>
    object.kind === "Gateway" && groupOf(object.object) === "gateway.networking.k8s.io"
      ? [gatewayOf(object, around)]
      : [],
  );
};
