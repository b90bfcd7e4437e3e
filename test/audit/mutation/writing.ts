/** One app of the repository: its manifests by file name, and what its policy opens. */
export interface App {
  readonly namespace: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** The sections of its policy, as YAML below `spec`; absent where the baseline is enough. */
  readonly policy?: string;
  readonly subject?: string;
}

export const NAMESPACES = [
  { name: "flux-system", locked: false },
  { name: "kube-system", locked: false },
  { name: "network", locked: true },
  { name: "web", locked: true },
  { name: "data", locked: true },
  { name: "storage", locked: true },
  { name: "iot", locked: true },
  { name: "observability", locked: true },
  { name: "auth", locked: true },
  { name: "tools", locked: true },
  { name: "staging", locked: false },
] as const;

export const indent = (text: string, by: number): string =>
  text
    .replace(/^\n+|\s+$/g, "")
    .split("\n")
    .map((line) => (line === "" ? line : " ".repeat(by) + line))
    .join("\n");

export const listing = (resources: readonly string[], namespace?: string, components: readonly string[] = []): string =>
  [
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    ...(namespace === undefined ? [] : [`namespace: ${namespace}`]),
    ...(components.length === 0 ? [] : ["components:", ...components.map((c) => `  - ${c}`)]),
    "resources:",
    ...resources.map((r) => `  - ${r}`),
    "",
  ].join("\n");

export const cnp = (name: string, spec: string): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: ${name}\nspec:\n${indent(spec, 2)}\n`;

export const allow = ({ name, policy = "", subject }: App): string =>
  cnp(
    `${name}-allow`,
    `endpointSelector:\n  matchLabels:\n    ${subject ?? `app.kubernetes.io/name: ${name}`}\nenableDefaultDeny:\n  ingress: false\n  egress: false\n${indent(policy, 0)}`,
  );

const ports = (written: readonly string[]): string =>
  `  toPorts:\n    - ports:\n${written
    .map((p) => {
      const [port, protocol = "TCP"] = p.split("/");
      return `        - port: "${port}"\n          protocol: ${protocol}`;
    })
    .join("\n")}`;

const peers = (key: string, pods: readonly string[]): string =>
  `- ${key}:\n${pods
    .map((pod) => {
      const slash = pod.indexOf("/");
      const [namespace, labels] = [pod.slice(0, slash), pod.slice(slash + 1)];
      const lines = labels.split(",").map((l) => (l.includes("=") ? l : `app.kubernetes.io/name=${l}`));
      return [
        "    - matchLabels:",
        `        io.kubernetes.pod.namespace: ${namespace}`,
        ...lines.map((l) => `        ${l.replace("=", ": ")}`),
      ].join("\n");
    })
    .join("\n")}`;

/** `from(["network/envoy"], ["8080"])`: a rule that admits pods, by namespace and name or labels. */
export const from = (pods: readonly string[], on: readonly string[]): string =>
  `${peers("fromEndpoints", pods)}\n${ports(on)}`;
export const to = (pods: readonly string[], on: readonly string[]): string =>
  `${peers("toEndpoints", pods)}\n${ports(on)}`;
export const fromEntities = (entities: readonly string[], on: readonly string[]): string =>
  `- fromEntities:\n${entities.map((e) => `    - ${e}`).join("\n")}\n${ports(on)}`;
export const toEntities = (entities: readonly string[], on: readonly string[]): string =>
  `- toEntities:\n${entities.map((e) => `    - ${e}`).join("\n")}\n${ports(on)}`;
export const toNames = (names: readonly string[], on: readonly string[]): string =>
  `- toFQDNs:\n${names.map((n) => `    - matchName: ${n}`).join("\n")}\n${ports(on)}`;
export const toCidr = (cidr: string, on: readonly string[]): string => `- toCIDR:\n    - ${cidr}\n${ports(on)}`;

export const sections = (ingress: readonly string[], egress: readonly string[] = []): string =>
  [
    ...(ingress.length === 0 ? [] : ["ingress:", ...ingress.map((r) => indent(r, 2))]),
    ...(egress.length === 0 ? [] : ["egress:", ...egress.map((r) => indent(r, 2))]),
  ].join("\n");

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
