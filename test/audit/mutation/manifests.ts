import { indent } from "./writing.ts";

interface Plain {
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly image?: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly envFrom?: string;
  readonly args?: readonly string[];
  readonly mounts?: string;
}

/** A workload in plain manifests, labelled by its name, with a Service in front. */
export const plain = (
  name: string,
  { kind = "Deployment", port, env = {}, envFrom, args = [], mounts, image }: Plain,
): string =>
  `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
    spec:
      containers:
        - name: ${name}
          image: ${image ?? `registry.example/${name}:1.0.0`}
          ports:
            - name: main
              containerPort: ${port}
${args.length === 0 ? "" : `          args:\n${args.map((a) => `            - ${JSON.stringify(a)}`).join("\n")}\n`}${
    Object.keys(env).length === 0
      ? ""
      : `          env:\n${Object.entries(env)
          .map(([k, v]) => `            - name: ${k}\n              value: ${JSON.stringify(v)}`)
          .join("\n")}\n`
  }${envFrom === undefined ? "" : `          envFrom:\n            - configMapRef:\n                name: ${envFrom}\n`}${
    mounts === undefined
      ? ""
      : `          volumeMounts:\n            - name: config\n              mountPath: /config\n      volumes:\n        - name: config\n          configMap:\n            name: ${mounts}\n`
  }`;

export const service = (name: string, port: number, target: number | string = "main", more = ""): string =>
  `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
spec:
  selector:
    app.kubernetes.io/name: ${name}
  ports:
    - name: main
      port: ${port}
      targetPort: ${target}
${more === "" ? "" : `${indent(more, 2)}\n`}`;

export const configMap = (name: string, data: Readonly<Record<string, string>>): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n${Object.entries(data)
    .map(([k, v]) => (v.includes("\n") ? `  ${k}: |\n${indent(v, 4)}` : `  ${k}: ${JSON.stringify(v)}`))
    .join("\n")}\n`;

export const release = (name: string, chart: string, values: string): string =>
  `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: ${name}
spec:
  interval: 1h
  chart:
    spec:
      chart: ${chart}
      version: 1.0.0
      sourceRef:
        kind: HelmRepository
        name: charts
        namespace: flux-system
  values:
${indent(values, 4)}
`;

/** The app-template as most home clusters write it. */
export const templated = (
  name: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
  route?: string,
  servicePort = port,
): string =>
  release(
    name,
    "app-template",
    `controllers:
  ${name}:
    containers:
      app:
        image:
          repository: registry.example/${name}
          tag: 1.0.0
${
  Object.keys(env).length === 0
    ? ""
    : `        env:\n${Object.entries(env)
        .map(([k, v]) => `          ${k}: ${JSON.stringify(v)}`)
        .join("\n")}\n`
}        probes:
          liveness:
            enabled: true
            custom: true
            spec:
              httpGet:
                path: /healthz
                port: ${port}
service:
  app:
    controller: ${name}
    ports:
      http:
        port: ${servicePort}
${servicePort === port ? "" : `        targetPort: ${port}\n`}${
      route === undefined
        ? ""
        : `route:
  app:
    hostnames:
      - ${route}
    parentRefs:
      - name: edge
        namespace: network
        sectionName: https
    rules:
      - backendRefs:
          - identifier: app
            port: ${servicePort}
`
    }`,
  );

export const httpRoute = (name: string, host: string, service: string, port: number, kind = "HTTPRoute"): string =>
  `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata:
  name: ${name}
spec:
  parentRefs:
    - name: edge
      namespace: network
  hostnames:
    - ${host}
  rules:
    - backendRefs:
        - name: ${service}
          port: ${port}
`;

export const ingress = (name: string, host: string, service: string, port: number, className = "nginx"): string =>
  `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
spec:
  ingressClassName: ${className}
  rules:
    - host: ${host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: ${service}
                port:
                  number: ${port}
`;

export const cronJob = (name: string, script: string, labels: Readonly<Record<string, string>>): string =>
  `apiVersion: batch/v1
kind: CronJob
metadata:
  name: ${name}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata:
          labels:
${Object.entries(labels)
  .map(([k, v]) => `            ${k}: ${v}`)
  .join("\n")}
        spec:
          restartPolicy: Never
          containers:
            - name: main
              image: registry.example/tools:1.0.0
              command: ["/bin/sh", "-c"]
              args:
                - |
${indent(script, 18)}
`;
