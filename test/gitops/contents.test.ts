import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const read = (...manifests: readonly string[]) =>
  readInventory(
    memoryTree({
      "kustomization.yaml": `namespace: web\nresources: [${manifests.map((_, i) => `m${i}.yaml`).join(", ")}]\n`,
      ...Object.fromEntries(manifests.map((text, i) => [`m${i}.yaml`, text])),
    }),
    defaultClusterFacts,
  );

const release = (version: string, values: string): string => `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: at}
spec: {url: oci://registry.example/app-template, ref: {tag: ${version}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: wiki}
spec:
  chartRef: {kind: OCIRepository, name: at}
  values:
${values.replace(/^/gm, "    ")}
`;

const VALUES = `controllers:
  wiki:
    containers:
      app:
        image: {repository: registry.example/wiki, tag: "1"}
        probes:
          liveness: {enabled: true}
  worker:
    type: cronjob
    cronjob: {schedule: "@daily"}
    pod:
      labels: {tier: back}
      annotations: {k8s.v1.cni.cncf.io/networks: "iot, cameras"}
    containers:
      app: {}
service:
  wiki:
    controller: wiki
    type: LoadBalancer
    annotations: {lbipam.cilium.io/ips: "192.0.2.7"}
    ports:
      http: {port: 80, targetPort: 3000}
      metrics: {port: 9000}
  hidden: {enabled: false, controller: wiki, ports: {x: {port: 1}}}
route:
  app:
    hostnames: ["{{ .Release.Name }}.example.org"]
    parentRefs: [{name: external, namespace: network}]
    rules: [{backendRefs: [{identifier: wiki, port: http}]}]
`;

describe("the app-template", () => {
  it("tells controllers apart by the label of its release", () => {
    const labels = (version: string) =>
      read(release(version, VALUES)).workloads.find((w) => w.kind === "Deployment")?.podLabels;
    const both = { "app.kubernetes.io/name": "wiki", "app.kubernetes.io/instance": "wiki" };
    expect(labels("4.3.0")).toEqual({ ...both, "app.kubernetes.io/controller": "wiki" });
    expect(labels("5.0.1")).toEqual({ ...both, "app.kubernetes.io/controller": "wiki" });
    expect(labels("3.7.1")).toEqual({ ...both, "app.kubernetes.io/component": "wiki" });
    expect(labels("2.6.0")).toEqual({ ...both, "app.kubernetes.io/component": "wiki" });
  });

  it("makes one workload per controller, with the ports its Services lead to", () => {
    const { workloads } = read(release("4.3.0", VALUES));
    expect(workloads.map((w) => [w.kind, w.name, w.transient])).toEqual([
      ["Deployment", "wiki", false],
      ["CronJob", "wiki-worker", true],
    ]);
    const [wiki, worker] = workloads;
    expect(wiki?.containers[0]).toMatchObject({ name: "app", image: "registry.example/wiki:1", probePorts: [3000] });
    expect(wiki?.containers[0]?.ports.map((p) => [p.name, p.port])).toEqual([
      ["http", 3000],
      ["metrics", 9000],
    ]);
    expect(worker?.podLabels["tier"]).toBe("back");
    expect(worker?.secondaryNetworks).toEqual(["iot", "cameras"]);
  });

  it("points at the line of the values that asks for a workload", () => {
    expect(read(release("4.3.0", VALUES)).workloads[0]?.origin).toMatchObject({ file: "m0.yaml", line: 13 });
  });

  it("translates a Service port to the container's", () => {
    const { services } = read(release("4.3.0", VALUES));
    expect(services).toHaveLength(1);
    expect(services[0]).toMatchObject({
      name: "wiki",
      type: "LoadBalancer",
      loadBalancerIps: ["192.0.2.7"],
      selector: { "app.kubernetes.io/controller": "wiki" },
    });
    expect(services[0]?.ports.map((p) => [p.port, p.containerPort])).toEqual([
      [80, 3000],
      [9000, 9000],
    ]);
  });

  it("leads a route to the Service and its port", () => {
    expect(read(release("4.3.0", VALUES)).routes[0]).toMatchObject({
      hostnames: ["wiki.example.org"],
      gateways: ["network/external"],
      backends: [{ namespace: "web", service: "wiki", port: 80 }],
    });
  });

  it("names Services as each release does", () => {
    const two =
      "controllers: {wiki: {containers: {app: {}}}}\nservice:\n  wiki: {ports: {http: {port: 1}}}\n  api: {ports: {http: {port: 2}}}\n";
    const names = (version: string) => read(release(version, two)).services.map((s) => s.name);
    expect(names("4.3.0")).toEqual(["wiki", "wiki-api"]);
    expect(names("2.0.0")).toEqual(["wiki-wiki", "wiki-api"]);
  });

  it("reads the single controller of the first releases", () => {
    const first =
      "image: {repository: r, tag: 1}\npodLabels: {a: b}\nservice:\n  main: {ports: {http: {port: 8080}}}\n";
    const { workloads, services } = read(release("1.5.1", first));
    expect(workloads[0]).toMatchObject({ name: "wiki", podLabels: { "app.kubernetes.io/name": "wiki", a: "b" } });
    expect(services[0]).toMatchObject({ name: "wiki", ports: [{ port: 8080, containerPort: 8080 }] });
  });
});

describe("what runs beside it", () => {
  it("reads a manifest's named target port through its pods", () => {
    const { services, workloads } = read(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: 0\n  template:\n    metadata: {labels: {app: a}}\n    spec:\n      hostNetwork: true\n      containers: [{name: a, ports: [{name: web, containerPort: 8080}]}]\n",
      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}, ports: [{port: 80, targetPort: web}]}\n",
    );
    expect(services[0]?.ports).toEqual([
      { name: null, port: 80, targetPort: "web", containerPort: 8080, protocol: "TCP" },
    ]);
    expect(workloads[0]).toMatchObject({ hostNetwork: true, suspended: true, sure: "certain", labelsComplete: true });
  });

  it("knows the pods and the Jobs of a CNPG cluster", () => {
    const { workloads, services } = read(
      "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: pg}\nspec: {instances: 3}\n",
    );
    expect(workloads.map((w) => [w.name, w.podLabels["cnpg.io/podRole"] ?? w.podLabels["cnpg.io/jobRole"]])).toEqual([
      ["pg", "instance"],
      ["pg-initdb", "initdb"],
      ["pg-join", "join"],
    ]);
    expect(workloads.every((w) => !w.labelsComplete && w.sure === "likely")).toBe(true);
    expect(services.map((s) => s.name)).toEqual(["pg-rw", "pg-ro", "pg-r"]);
  });

  it("finds the primary behind a hand-written Service, although its label moves", () => {
    const { services } = read(
      "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  selector: {cnpg.io/cluster: pg, cnpg.io/instanceRole: primary}\n  ports: [{port: 5432}]\n",
    );
    expect(services[0]?.selector).toEqual({ "cnpg.io/cluster": "pg" });
  });

  it("knows the proxies of an Envoy Gateway: their namespace, labels and shifted ports, UDP where HTTP/3 is on", () => {
    const { gateways, workloads } = read(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: envoy}\nspec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}\n",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: external}\nspec:\n  gatewayClassName: envoy\n  listeners: [{name: https, protocol: HTTPS, port: 443}, {name: mqtt, protocol: TCP, port: 1883}]\n",
      "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: ClientTrafficPolicy\nmetadata: {name: c}\nspec: {http3: {}, targetSelectors: [{kind: Gateway}]}\n",
    );
    expect(gateways[0]).toMatchObject({ podNamespace: "web", podLabels: { "app.kubernetes.io/name": "envoy" } });
    expect(gateways[0]?.listeners.map((l) => [l.port, l.containerPort, l.udp])).toEqual([
      [443, 10443, true],
      [1883, 1883, false],
    ]);
    expect(workloads.map((w) => w.kind)).toEqual(["Gateway"]);
  });

  it("knows an ingress controller as the pods that come to the backends of its class", () => {
    const { gateways, routes } = read(
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: front}\nspec:\n  chart: {spec: {chart: ingress-nginx}}\n  values: {controller: {ingressClassResource: {name: inside}}}\n",
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: app}\nspec:\n  ingressClassName: inside\n  rules: [{host: a.example, http: {paths: [{path: /, backend: {service: {name: app, port: {number: 80}}}}]}}]\n",
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: other}\nspec: {ingressClassName: outside}\n",
    );
    expect(gateways[0]).toMatchObject({
      ingressClass: "inside",
      podLabels: { "app.kubernetes.io/component": "controller" },
    });
    expect(routes.map((r) => r.gateways)).toEqual([["web/front"], ["outside"]]);
  });

  it("knows Traefik's own routes, and Cilium's ingress as an entity without pods", () => {
    const { gateways, routes, workloads } = read(
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: traefik}\nspec: {chart: {spec: {chart: traefik}}}\n",
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cilium}\nspec:\n  chart: {spec: {chart: cilium}}\n  values: {ingressController: {enabled: true}}\n",
      "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: app}\nspec:\n  routes: [{match: 'Host(`a.example`) && PathPrefix(`/x`)', services: [{name: app, port: 80}]}]\n",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge}\nspec:\n  gatewayClassName: cilium\n  listeners: [{name: http, protocol: HTTP, port: 80}]\n",
    );
    expect(routes).toMatchObject([
      {
        hostnames: ["a.example"],
        gateways: ["web/traefik"],
        backends: [{ namespace: "web", service: "app", port: 80 }],
      },
    ]);
    expect(gateways.map((g) => [g.name, g.servedBy])).toEqual([
      ["edge", "cilium"],
      ["traefik", undefined],
      ["cilium-ingress", "cilium"],
    ]);
    expect(workloads.some((w) => w.kind === "Gateway")).toBe(false);
  });

  it("calls what it knows of a well-known chart likely, and of an unknown one a guess", () => {
    const helm = (chart: string): string =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  chart: {spec: {chart: ${chart}, version: 1.0.0}}\n  values: {service: {port: 8080}}\n`;
    const known = read(helm("cert-manager")).workloads;
    expect(known.map((w) => w.name)).toEqual(["x-cert-manager", "x-cert-manager-cainjector", "x-cert-manager-webhook"]);
    expect(new Set(known.map((w) => w.sure))).toEqual(new Set(["likely"]));
    const unknown = read(helm("nobody-knows")).workloads;
    expect(unknown).toMatchObject([{ name: "x-nobody-knows", sure: "guess", labelsComplete: false }]);
  });

  it("takes values from a generated ConfigMap, and says so when a Secret adds more", () => {
    const tree = memoryTree({
      "kustomization.yaml":
        "namespace: web\nresources: [r.yaml]\nconfigMapGenerator: [{name: v, files: [values.yaml]}]\nconfigurations: [refs.yaml]\n",
      "refs.yaml":
        "nameReference:\n  - kind: ConfigMap\n    fieldSpecs: [{path: spec/valuesFrom/name, kind: HelmRelease}]\n",
      "values.yaml": "service:\n  port: 8443\n",
      "r.yaml":
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\nspec:\n  chart: {spec: {chart: x}}\n  valuesFrom: [{kind: ConfigMap, name: v}]\n",
    });
    expect(readInventory(tree, defaultClusterFacts).services[0]?.ports[0]?.port).toBe(8443);
  });
});
