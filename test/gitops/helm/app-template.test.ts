import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { memoryTree } from "../../../src/facts/tree.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";

const release = (name: string, version: string, values: unknown): string =>
  JSON.stringify({
    apiVersion: "helm.toolkit.fluxcd.io/v2",
    kind: "HelmRelease",
    metadata: { name },
    spec: { chart: { spec: { chart: "app-template", version } }, values },
  });

const read = (version: string, values: unknown) =>
  readInventory(
    memoryTree({
      "kustomization.yaml": "namespace: shop\nresources: [app.yaml]\n",
      "app.yaml": release("app", version, values),
    }),
    defaultClusterFacts,
  );

const told = (version: string, values: unknown): readonly string[] => {
  const { workloads, services, routes } = read(version, values);
  const label = (labels: Readonly<Record<string, string>>): string =>
    labels["app.kubernetes.io/component"] ?? labels["app.kubernetes.io/controller"] ?? "-";
  return [
    ...workloads.map((w) => `${w.kind} ${w.name} ${label(w.podLabels)} ${w.hostNetwork ? "host" : "pod"} ${w.sure}`),
    ...services.map(
      (s) => `Service ${s.name} to ${label(s.selector ?? {})} ${s.ports.map((p) => p.containerPort).join()}`,
    ),
    ...routes.map(
      (r) => `${r.kind} ${r.hostnames.join()} to ${r.backends.map((b) => `${b.service}:${b.port}`).join()}`,
    ),
  ];
};

const image = { repository: "registry.example/app", tag: "1" };

describe("the app-template, by its major version", () => {
  it("1: one controller, told at the top", () => {
    const values = {
      controller: { type: "statefulset" },
      image,
      hostNetwork: true,
      service: { main: { ports: { http: { port: 8080 } } } },
      ingress: { main: { enabled: true, hosts: [{ host: "app.example.org", paths: [{ path: "/" }] }] } },
    };
    expect(told("1.5.1", values)).toEqual([
      "StatefulSet app - host certain",
      "Service app to - 8080",
      "Ingress app.example.org to app:8080",
    ]);
  });

  it("2: several controllers; a service is main's unless it says otherwise, and is named by its key", () => {
    const values = {
      controllers: {
        main: { containers: { main: { image }, side: { image, ports: [{ name: "m", containerPort: 9100 }] } } },
        back: { type: "cronjob", cronjob: { schedule: "@daily" }, containers: { main: { image } } },
      },
      service: { main: { ports: { http: { port: 80, targetPort: 3000 }, metrics: { port: 9100, targetPort: "m" } } } },
      ingress: {
        main: { hosts: [{ host: "app.example.org", paths: [{ path: "/", service: { name: "main", port: "http" } }] }] },
      },
    };
    expect(told("2.6.0", values)).toEqual([
      "Deployment app main pod certain",
      "CronJob app-back back pod certain",
      "Service app to main 3000,9100",
      "Ingress app.example.org to app:80",
    ]);
  });

  it("3: controllers of every type, and a route by the identifier of its service", () => {
    const values = {
      controllers: {
        web: { containers: { app: { image } } },
        worker: { type: "statefulset", containers: { app: { image } } },
        once: { type: "job", containers: { app: { image } } },
      },
      service: {
        web: { controller: "web", ports: { http: { port: 80, targetPort: 8080 } } },
        worker: { controller: "worker", ports: { dns: { port: 53, protocol: "UDP" } } },
      },
      route: {
        app: {
          hostnames: ["app.example.org"],
          parentRefs: [{ name: "inside", namespace: "network" }],
          rules: [{ backendRefs: [{ identifier: "web", port: "http" }] }],
        },
      },
    };
    expect(told("3.5.1", values)).toEqual([
      "Deployment app-web web pod certain",
      "StatefulSet app-worker worker pod certain",
      "Job app-once once pod certain",
      "Service app-web to web 8080",
      "Service app-worker to worker 53",
      "HTTPRoute app.example.org to app-web:80",
    ]);
  });

  it("4: another label for the controller, options for every pod, names from templates", () => {
    const values = {
      defaultPodOptions: { hostNetwork: true },
      controllers: { app: { containers: { app: { image } } } },
      service: { app: { controller: "app", ports: { http: { port: 9000 } } } },
      route: {
        app: {
          hostnames: ["{{ .Release.Name }}.example.org"],
          parentRefs: [{ name: "inside", namespace: "network" }],
          rules: [{ backendRefs: [{ identifier: "app", port: "http" }] }],
        },
      },
    };
    expect(told("4.1.1", values)).toEqual([
      "Deployment app app host certain",
      "Service app to app 9000",
      "HTTPRoute app.example.org to app:9000",
    ]);
  });
});
