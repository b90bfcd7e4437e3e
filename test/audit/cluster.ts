import { LineCounter, isNode, parseAllDocuments } from "yaml";
import { audit } from "../../src/audit/audit.ts";
import type { AuditOptions, AuditReport } from "../../src/audit/audit.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { ClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Finding } from "../../src/facts/finding.ts";
import type {
  AppliedPolicy,
  ContainerPort,
  DeclaredEdge,
  GatewayFact,
  Inventory,
  RenderedObject,
  RouteFact,
  ServiceFact,
  WorkloadFact,
} from "../../src/facts/inventory.ts";
import type { Origin, PolicyKind } from "../../src/facts/policy.ts";
import { POLICY_KINDS } from "../../src/facts/policy.ts";

/** Manifests as text, in `namespace/file.yaml`, become the inventory that reading a repository would give. */
interface Written {
  readonly value: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  readonly locate: (path: readonly (string | number)[]) => Origin | null;
}

const read = (file: string, text: string): Written[] => {
  const lines = new LineCounter();
  return parseAllDocuments(text, { lineCounter: lines }).flatMap((document): Written[] => {
    const value: unknown = document.toJS();
    if (typeof value !== "object" || value === null) return [];
    const place = (offset: number): Origin => {
      const { line, col } = lines.linePos(offset);
      return { file, line, column: col };
    };
    const locate = (path: readonly (string | number)[]): Origin | null => {
      for (let length = path.length; length >= 0; length--) {
        const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
        const key = path[length - 1];
        if (length > 0 && typeof key === "string" && isNode(parent) && "items" in parent) {
          const pair = (parent.items as { key?: unknown }[]).find((p) => String(p.key) === key);
          if (isNode(pair?.key) && pair.key.range) return place(pair.key.range[0]);
        }
        const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return place(node.range[0]);
      }
      return null;
    };
    return [{ value: value as Record<string, unknown>, origin: place(document.contents?.range?.[0] ?? 0), locate }];
  });
};

const field = (value: unknown, ...path: string[]): unknown => {
  let current = value;
  for (const step of path) current = (current as Record<string, unknown> | null | undefined)?.[step];
  return current;
};

const isPolicyKind = (kind: string): kind is PolicyKind => (POLICY_KINDS as readonly string[]).includes(kind);

export interface Pod {
  readonly kind?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** `8080`, `metrics:9090`, `53/UDP`. */
  readonly ports?: readonly string[];
  readonly more?: Partial<WorkloadFact>;
}

const containerPort = (text: string): ContainerPort => {
  const match = /^(?:([a-z-]+):)?(\d+)(?:\/(\w+))?$/.exec(text);
  return {
    name: match?.[1] ?? null,
    port: Number(match?.[2] ?? 0),
    protocol: match?.[3] === "UDP" ? "UDP" : "TCP",
    sure: "certain",
  };
};

/** `pod("media/jellyfin", {ports: ["8096"]})`: labelled with its name unless said otherwise. */
export const pod = (id: string, { kind = "Deployment", labels, ports = [], more = {} }: Pod = {}): WorkloadFact => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    kind,
    name,
    podLabels: labels ?? { "app.kubernetes.io/name": name },
    labelsComplete: true,
    serviceAccount: null,
    containers: [{ name, image: null, ports: ports.map(containerPort), probePorts: [] }],
    hostNetwork: false,
    secondaryNetworks: [],
    suspended: false,
    transient: kind === "Job" || kind === "CronJob",
    sure: "certain",
    from: { kind: "manifest", name },
    owner: null,
    origin: { file: `${namespace}/${name}.yaml`, line: 1, column: 1 },
    ...more,
  };
};

/** `service("media/jellyfin", {app: "jellyfin"}, ["80:8096"])`. */
export const service = (
  id: string,
  selector: Readonly<Record<string, string>> | null,
  ports: readonly string[],
  more: Partial<ServiceFact> = {},
): ServiceFact => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    name,
    type: "ClusterIP",
    selector,
    ports: ports.map((text) => {
      const [numbers = "", protocol] = text.split("/");
      const [port = "", target = port] = numbers.split(":");
      const targetPort = /^\d+$/.test(target) ? Number(target) : target;
      return {
        name: null,
        port: Number(port),
        targetPort,
        containerPort: typeof targetPort === "number" ? targetPort : null,
        protocol: protocol === "UDP" ? "UDP" : "TCP",
      };
    }),
    loadBalancerIps: [],
    hostnames: [],
    externalTrafficPolicy: null,
    externalName: null,
    sure: "certain",
    origin: { file: `${namespace}/${name}-service.yaml`, line: 1, column: 1 },
    ...more,
  };
};

export interface Parts {
  /** Files and their text; policies among them are found by kind, namespaces by `metadata.namespace`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly workloads?: readonly WorkloadFact[];
  readonly services?: readonly ServiceFact[];
  readonly gateways?: readonly GatewayFact[];
  readonly routes?: readonly RouteFact[];
  readonly declared?: readonly DeclaredEdge[];
  readonly more?: Partial<Inventory>;
}

export const cluster = (parts: Parts): Inventory => {
  const policies: AppliedPolicy[] = [];
  const objects: RenderedObject[] = [];
  const namespaces = new Set((parts.workloads ?? []).map((w) => w.namespace));
  for (const [file, text] of Object.entries(parts.files ?? {}))
    for (const { value, origin, locate } of read(file, text)) {
      const kind = String(field(value, "kind"));
      const name = String(field(value, "metadata", "name"));
      const space = field(value, "metadata", "namespace");
      const namespace = typeof space === "string" ? space : null;
      if (namespace !== null) namespaces.add(namespace);
      const apiVersion = String(field(value, "apiVersion"));
      objects.push({ apiVersion, kind, namespace, name, object: value, origin, locate, owner: null });
      if (!isPolicyKind(kind)) continue;
      policies.push({ ref: { kind, namespace, name }, object: value, namespace, origin, locate, owner: null });
    }
  return {
    commit: null,
    namespaces: [...namespaces].map((name) => ({
      name,
      folder: name,
      labels: {},
      suspended: false,
      dormant: false,
      origin: null,
    })),
    kustomizations: [],
    objects,
    policies,
    workloads: parts.workloads ?? [],
    services: parts.services ?? [],
    gateways: parts.gateways ?? [],
    routes: parts.routes ?? [],
    declared: parts.declared ?? [],
    orphans: [],
    problems: [],
    ...parts.more,
  };
};

export const NOW = Date.parse("2026-06-01T12:00:00Z");

export const auditOf = (
  parts: Parts,
  facts: Partial<ClusterFacts> = {},
  options: Partial<AuditOptions> = {},
): AuditReport => audit(cluster(parts), { ...defaultClusterFacts, ...facts }, { now: NOW, ...options });

export const findings = (parts: Parts, rule: string, facts: Partial<ClusterFacts> = {}): readonly Finding[] =>
  auditOf(parts, facts).findings.filter((f) => f.rule === rule);

/** `error 12`: what a test of a rule states, severity and line. */
export const said = (parts: Parts, rule: string, facts: Partial<ClusterFacts> = {}): readonly string[] =>
  findings(parts, rule, facts).map((f) => `${f.severity} ${f.origin.file}:${f.origin.line}`);

/** A CiliumNetworkPolicy; `spec` is YAML, indented by nothing. */
export const cnp = (id: string, spec: string, annotations: Readonly<Record<string, string>> = {}): string => {
  const [namespace = "", name = ""] = id.split("/");
  const extra = Object.entries(annotations).map(([k, v]) => `    ${k}: ${JSON.stringify(v)}\n`);
  return `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: ${name}
  namespace: ${namespace}
${extra.length > 0 ? `  annotations:\n${extra.join("")}` : ""}spec:
${spec
  .replace(/^\n+|\s+$/g, "")
  .split("\n")
  .map((line) => `  ${line}`)
  .join("\n")}
---
`;
};

/** Default deny for a whole namespace. */
export const lock = (namespace: string): string =>
  cnp(
    `${namespace}/default-deny`,
    `
endpointSelector: {}
ingress:
  - {}
egress:
  - {}
`,
  );

/** An additive policy for the pods of one name. */
export const allow = (id: string, sections: string, subject = ""): string => {
  const name = id.split("/")[1] ?? "";
  return cnp(
    id,
    `
endpointSelector:
  matchLabels:
    ${subject === "" ? `app.kubernetes.io/name: ${name}` : subject}
enableDefaultDeny: {ingress: false, egress: false}
${sections.replace(/^\n+|\s+$/g, "")}
`,
  );
};
