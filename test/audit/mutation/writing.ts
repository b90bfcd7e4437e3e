/** One app of the repository: its manifests by file name, and what its policy opens. */
export interface App {
  readonly namespace: string;
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** The sections of its policy, as YAML below `spec`; absent where the baseline is enough. */
  readonly policy?: string;
  readonly subject?: string;
}

export interface NamespaceStyle {
  readonly name: string;
  readonly locked: boolean;
}

export const NAMESPACES: readonly NamespaceStyle[] = [
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
];

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
