import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { draftAllows, type DraftInput } from "../../src/drafting/draft.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Draft } from "../../src/facts/draft.ts";
import type {
  DeclaredEdge,
  FluxKustomization,
  Inventory,
  RenderedObject,
  RouteFact,
  WorkloadFact,
} from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { edge, end, gateway, inventory, service, workload } from "../replay/field.ts";
import { writer } from "../../src/gitops/edit.ts";

const FILES: Record<string, string> = {
  "kubernetes/apps/shop/kustomization.yaml": "kind: Kustomization\nnamespace: shop\nresources:\n  - ./web/ks.yaml\n",
  "kubernetes/apps/shop/web/ks.yaml": "kind: Kustomization\n",
  "kubernetes/apps/shop/web/app/kustomization.yaml": "kind: Kustomization\nresources:\n  - ./deployment.yaml\n",
  "kubernetes/apps/shop/web/app/deployment.yaml": "kind: Deployment\n",
};

const flux = (id: string, path: string, targetNamespace: string | null): FluxKustomization => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    namespace,
    name,
    path,
    targetNamespace,
    suspended: false,
    dependsOn: [],
    parent: null,
    source: { kind: "GitRepository", namespace: "flux-system", name: "flux-system" },
    origin: { file: "x", line: 1, column: 1 },
    objects: [],
  };
};

const app = (id: string, labels: Record<string, string>, more: Partial<WorkloadFact> = {}): WorkloadFact => {
  const [namespace = "", , name = ""] = id.split("/");
  return workload(id, labels, {
    owner: `${namespace}/${name}`,
    origin: { file: `kubernetes/apps/${namespace}/${name}/app/deployment.yaml`, line: 1, column: 1 },
    ...more,
  });
};

const web = app("shop/Deployment/web", { app: "web", "pod-template-hash": "7d9" });
const api = app("shop/Deployment/api", { app: "api" });
const envoy = workload("network/Deployment/envoy", { app: "envoy" });
const pg = workload("databases/Cluster/pg-main", { "cnpg.io/cluster": "pg-main", role: "primary" });
const coredns = workload("kube-system/Deployment/coredns", { "k8s-app": "kube-dns" });

const field = (more: Partial<Inventory> = {}): Inventory =>
  inventory({
    workloads: [web, api, envoy, pg, coredns],
    kustomizations: [
      flux("flux-system/cluster-apps", "./kubernetes/apps", null),
      flux("shop/web", "./kubernetes/apps/shop/web/app", "shop"),
    ],
    namespaces: ["shop", "network", "databases", "kube-system"].map((name) => ({
      name,
      folder: `kubernetes/apps/${name}`,
      labels: {},
      suspended: false,
      dormant: false,
      origin: null,
    })),
    gateways: [gateway("network/inside", { app: "envoy" })],
    ...more,
  });

const draft = (more: Partial<DraftInput> = {}): Draft =>
  draftAllows({
    tree: memoryTree(FILES),
    inventory: field(),
    edges: [],
    coverage: null,
    namespace: "shop",
    facts: defaultClusterFacts,
    settings: defaultSettings(),
    writer,
    ...more,
  });

const file = (result: Draft, path: string): string => result.files.find((f) => f.path === path)?.text ?? "";
/** The file with its comments unwrapped. */
const said = (result: Draft, path: string): string => file(result, path).replace(/\n\s*# /g, " ");
const WEB = "kubernetes/apps/shop/web/app/cnp-allow.yaml";
const policyOf = (result: Draft, path = WEB): { spec: Record<string, unknown> } => {
  const [document] = parseAllDocuments(file(result, path));
  return document?.toJS() as { spec: Record<string, unknown> };
};

describe("a first draft", () => {
  const result = draft({ edges: [edge(end(envoy), end(web), 8080)] });

  it("writes the baseline once as a component, lists it, and puts the app's allows beside the app", () => {
    expect(result.files.map((f) => f.path)).toEqual([
      "kubernetes/apps/shop/kustomization.yaml",
      WEB,
      "kubernetes/apps/shop/web/app/kustomization.yaml",
      "kubernetes/components/network-policy/baseline/allow-apiserver.yaml",
      "kubernetes/components/network-policy/baseline/allow-dns.yaml",
      "kubernetes/components/network-policy/baseline/allow-host-probes.yaml",
      "kubernetes/components/network-policy/baseline/allow-intra-namespace.yaml",
      "kubernetes/components/network-policy/baseline/allow-monitoring.yaml",
      "kubernetes/components/network-policy/baseline/kustomization.yaml",
    ]);
    expect(file(result, "kubernetes/apps/shop/kustomization.yaml")).toContain(
      "components:\n  - ../../components/network-policy/baseline\n",
    );
    expect(file(result, "kubernetes/apps/shop/web/app/kustomization.yaml")).toContain("  - ./cnp-allow.yaml\n");
  });

  it("selects the app by a label that stays, names the gateway's pods and the container port", () => {
    expect(policyOf(result).spec).toEqual({
      endpointSelector: { matchLabels: { app: "web" } },
      enableDefaultDeny: { ingress: false, egress: false },
      ingress: [
        {
          fromEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "network", app: "envoy" } }],
          toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }],
        },
      ],
    });
  });

  it("locks nothing: every policy is additive", () => {
    for (const { path, text } of result.files)
      for (const document of parseAllDocuments(text ?? "")) {
        const object = document.toJS() as { kind?: string; spec?: { enableDefaultDeny?: unknown } } | null;
        if (object?.kind !== "CiliumNetworkPolicy") continue;
        expect([path, object.spec?.enableDefaultDeny]).toEqual([path, { ingress: false, egress: false }]);
      }
  });

  it("says why each rule is there, and keeps counts and times out of the YAML", () => {
    const rule = result.rules.find((r) => r.policy.name === "web-allow");
    expect(rule).toMatchObject({ rule: "/spec/ingress/0", source: "observed", unexercised: false, lesson: 10 });
    expect(file(result, WEB)).toContain("    # Gateway to app (lesson 10).\n    # Observed.\n");
    expect(file(result, WEB)).not.toMatch(/flows|2026|10 /);
  });

  it("is the same twice, byte for byte, in whatever order the edges come", () => {
    const edges = [
      edge(end(envoy), end(web), 8080),
      edge(end(web), end(pg), 5432),
      edge(end(web), end("reserved:world"), 443),
    ];
    expect(draft({ edges: edges.toReversed() }).files).toEqual(draft({ edges }).files);
  });
});

describe("what is there already", () => {
  it("is not written again: a policy that allows it is kept, and nothing is added", () => {
    const [first] = [draft({ edges: [edge(end(envoy), end(web), 8080)] })];
    const policies = first.files
      .filter((f) => f.path.endsWith(".yaml") && !f.path.endsWith("kustomization.yaml"))
      .flatMap((f) =>
        parseAllDocuments(f.text ?? "").map((d) => {
          const object = d.toJS() as { metadata: { name: string } };
          const ref = { kind: "CiliumNetworkPolicy", namespace: "shop", name: object.metadata.name } as const;
          return { object, namespace: "shop", origin: { file: f.path, line: 1, column: 1 }, ref, owner: null };
        }),
      );
    const tree = memoryTree({ ...FILES, ...Object.fromEntries(first.files.map((f) => [f.path, f.text ?? ""])) });
    const again = draft({ tree, inventory: field({ policies }), edges: [edge(end(envoy), end(web), 8080)] });
    expect(again.files).toEqual([]);
    const more = draft({
      tree,
      inventory: field({ policies }),
      edges: [edge(end(envoy), end(web), 8080), edge(end(web), end(pg), 5432)],
    });
    // The app's own policy is completed: what stood is kept to the byte, and only the new rule is added.
    expect(more.files.map((f) => f.path)).toEqual([WEB]);
    expect(file(more, WEB).startsWith(file(first, WEB))).toBe(true);
    expect(policyOf(more).spec).toMatchObject({
      ingress: [{}],
      egress: [{ toPorts: [{ ports: [{ port: "5432" }] }] }],
    });
    expect(more.rules.map((r) => `${r.policy.name} ${r.rule}`)).toEqual(["web-allow /spec/egress/0"]);
  });

  it("adopts the repository's own baseline and its way of writing", () => {
    const component = "kubernetes/components/netpol/base";
    const tree = memoryTree({
      ...FILES,
      [`${component}/kustomization.yaml`]: "kind: Component\nresources:\n  - ./dns.yaml\n",
      [`${component}/dns.yaml`]: [
        "apiVersion: cilium.io/v2",
        "kind: CiliumNetworkPolicy",
        "metadata: {name: dns}",
        "spec:",
        "  endpointSelector: {}",
        "  enableDefaultDeny: {ingress: false, egress: false}",
        "  egress:",
        "    - toEndpoints: [{matchLabels: {k8s-app: kube-dns, io.kubernetes.pod.namespace: kube-system}}]",
        '      toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]',
        "",
      ].join("\n"),
    });
    const result = draft({ tree, edges: [edge(end(web), end(api), 9000)] });
    expect(file(result, "kubernetes/apps/shop/kustomization.yaml")).toContain("- ../../components/netpol/base");
    // This baseline lets nobody talk within the namespace, so both ends are written.
    expect(
      result.rules
        .filter((r) => !r.summary.startsWith("Baseline"))
        .map((r) => r.policy.name)
        .sort(),
    ).toEqual(["api-allow", "web-allow"]);
  });

  it("refuses a baseline that would lock pods", () => {
    const path = "kubernetes/components/network-policy/baseline/kustomization.yaml";
    const tree = memoryTree({ ...FILES, [path]: "kind: Component\nresources: []\n" });
    expect(() => draft({ tree })).toThrow(/would lock pods/);
  });
});

const issuer: DeclaredEdge = {
  source: { namespace: "shop", workload: "web", kind: "Deployment" },
  target: { kind: "host", host: "auth.example.com" },
  port: 443,
  protocol: "TCP",
  why: "issuer",
  key: "OIDC_ISSUER",
  sure: "certain",
  origin: { file: "kubernetes/apps/shop/web/app/deployment.yaml", line: 20, column: 3 },
};
const route: RouteFact = {
  kind: "HTTPRoute",
  namespace: "auth",
  name: "idp",
  hostnames: ["auth.example.com"],
  gateways: ["network/inside"],
  backends: [],
  sure: "certain",
  origin: null,
};

describe("patterns", () => {
  const spec = (edges: DraftInput["edges"], more: Partial<DraftInput> = {}) => policyOf(draft({ edges, ...more })).spec;

  it("B: a database client reaches its cluster by the cluster's label, which its Jobs carry too", () => {
    expect(spec([edge(end(web), end(pg), 5432)])["egress"]).toEqual([
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "databases", "cnpg.io/cluster": "pg-main" } }],
        toPorts: [{ ports: [{ port: "5432", protocol: "TCP" }] }],
      },
    ]);
  });

  it("F: devices of the local network by address", () => {
    const camera = end("reserved:world", { ips: ["192.168.5.26"] });
    expect(spec([edge(end(web), camera, 554)])["egress"]).toEqual([
      { toCIDR: ["192.168.5.26/32"], toPorts: [{ ports: [{ port: "554", protocol: "TCP" }] }] },
    ]);
  });

  it("names outside as they were asked", () => {
    const github = end("fqdn:api.github.com", {
      labels: ["reserved:world"],
      names: ["api.github.com"],
      ips: ["140.82.1.1"],
    });
    expect(spec([edge(end(web), github, 443)])["egress"]).toEqual([
      { toFQDNs: [{ matchName: "api.github.com" }], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] },
    ]);
  });

  it("world and port, with the reason, where names do not match", () => {
    const github = end("fqdn:api.github.com", {
      labels: ["reserved:world"],
      names: ["api.github.com"],
      ips: ["140.82.1.1"],
    });
    const result = draft({ edges: [edge(end(web), github, 443)], facts: { ...defaultClusterFacts, autopath: true } });
    expect(policyOf(result).spec["egress"]).toEqual([
      { toEntities: ["world"], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] },
    ]);
    expect(said(result, WEB)).toContain("the name that was asked is not one that a toFQDNs rule would match");
  });

  it("world and port where the repository's own CoreDNS completes names, whatever the configuration says", () => {
    const corefile = { Corefile: ".:53 {\n  autopath @kubernetes\n}\n" };
    const coreDns: RenderedObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      namespace: "kube-system",
      name: "coredns",
      object: { data: corefile },
      origin: { file: "coredns.yaml", line: 1, column: 1 },
      locate: () => null,
      owner: null,
    };
    const asked = end("fqdn:api.example.org", {
      labels: ["reserved:world"],
      names: ["api.example.org"],
      ips: ["52.1.1.1"],
    });
    const result = draft({ edges: [edge(end(web), asked, 443)], inventory: field({ objects: [coreDns] }) });
    expect(policyOf(result).spec["egress"]).toMatchObject([{ toEntities: ["world"] }]);
  });

  it("N and K on one port are one list of entities, and say both", () => {
    const result = draft({
      edges: ["reserved:remote-node", "reserved:kube-apiserver"].map((node) => edge(end(web), end(node), 9100)),
    });
    expect(policyOf(result).spec["egress"]).toEqual([
      {
        toEntities: ["kube-apiserver", "host", "remote-node"],
        toPorts: [{ ports: [{ port: "9100", protocol: "TCP" }] }],
      },
    ]);
    expect(said(result, WEB)).toMatch(/Nodes and what runs in their network.*Kubernetes API server/);
  });

  it("A: Cilium's own gateway is an entity, for it has no pods", () => {
    const result = draft({
      inventory: field({
        gateways: [gateway("network/inside", {}, { servedBy: "cilium" })],
        routes: [{ ...route, backends: [{ namespace: "shop", service: "web", port: 80 }] }],
        services: [service("shop/web", { app: "web" }, [[80, 8080]])],
      }),
    });
    expect(policyOf(result).spec["ingress"]).toMatchObject([{ fromEntities: ["ingress"] }]);
  });

  it("selects a chart's pods by the labels that were recorded on them, not by those it was thought to give", () => {
    const guessed = app(
      "shop/Deployment/web",
      { app: "web", "release-track": "x" },
      { labelsComplete: false, sure: "likely" },
    );
    const seen = end(guessed, { labels: ["k8s:app=shop-web", "k8s:io.kubernetes.pod.namespace=shop"] });
    const result = draft({
      edges: [edge(end(envoy), seen, 8080)],
      inventory: field({ workloads: [guessed, envoy, coredns] }),
    });
    expect(policyOf(result).spec["endpointSelector"]).toEqual({ matchLabels: { app: "shop-web" } });
  });

  it("L: clients of the local network behind a load balancer, as world and as remote node", () => {
    const lb = service("shop/web", { app: "web" }, [[80, 8080]], { type: "LoadBalancer" });
    const client = end("reserved:world", { ips: ["192.168.1.7"] });
    const result = draft({ edges: [edge(client, end(web), 8080)], inventory: field({ services: [lb] }) });
    expect(policyOf(result).spec["ingress"]).toEqual([
      { fromEntities: ["world", "remote-node"], toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }] },
    ]);
  });

  it("ICMP where it was seen", () => {
    const ping = edge(end(web), end(pg), 8, { protocol: "ICMPv4" });
    expect(spec([ping])["egress"]).toEqual([
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "databases", "cnpg.io/cluster": "pg-main" } }],
        icmps: [{ fields: [{ family: "IPv4", type: 8 }] }],
      },
    ]);
  });

  it("fan-out tools get the world by choice, with a comment that says so", () => {
    const searxng = app("shop/Deployment/searxng", { app: "searxng" });
    const engine = end("fqdn:duckduckgo.com", {
      labels: ["reserved:world"],
      names: ["duckduckgo.com"],
      ips: ["52.1.1.1"],
    });
    const result = draft({
      edges: [edge(end(searxng), engine, 443)],
      inventory: field({ workloads: [searxng, envoy, pg, coredns] }),
    });
    const path = "kubernetes/apps/shop/cnp-allow-searxng.yaml";
    expect(policyOf(result, path).spec["egress"]).toMatchObject([
      { toEntities: ["world"], toPorts: [{ ports: [{ port: "80" }, { port: "443" }] }] },
    ]);
    expect(said(result, path)).toContain("searches reach every engine");
  });

  it("O: a login that nobody performed reaches the gateway's pods on their container port, marked unexercised", () => {
    const result = draft({ inventory: field({ declared: [issuer], routes: [route] }) });
    expect(policyOf(result).spec["egress"]).toEqual([
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "network", app: "envoy" } }],
        toPorts: [{ ports: [{ port: "10443", protocol: "TCP" }] }],
      },
    ]);
    const rule = result.rules.find((r) => r.policy.name === "web-allow");
    expect(rule).toMatchObject({ source: "declared", unexercised: true, lesson: 7 });
    expect(said(result, WEB)).toContain("Declared by OIDC_ISSUER in kubernetes/apps/shop/web/app/deployment.yaml");
  });

  it("A: a route that nobody visited is declared all the same, on the container port", () => {
    const inventoryWithRoute = field({
      routes: [
        {
          ...route,
          namespace: "shop",
          name: "web",
          hostnames: ["web.example.com"],
          backends: [{ namespace: "shop", service: "web", port: 80 }],
        },
      ],
      services: [service("shop/web", { app: "web" }, [[80, 8080]])],
    });
    const result = draft({ inventory: inventoryWithRoute });
    expect(policyOf(result).spec["ingress"]).toMatchObject([{ toPorts: [{ ports: [{ port: "8080" }] }] }]);
    expect(said(result, WEB)).toContain("Declared by HTTPRoute shop/web");
  });

  it("keeps two workloads apart that share a label", () => {
    const red = app("shop/Deployment/red", { app: "shop", colour: "red" });
    const blue = app("shop/Deployment/blue", { app: "shop", colour: "blue" });
    const result = draft({
      edges: [edge(end(red), end(pg), 5432)],
      inventory: field({ workloads: [red, blue, envoy, pg, coredns] }),
    });
    expect(policyOf(result, "kubernetes/apps/shop/cnp-allow-red.yaml").spec["endpointSelector"]).toEqual({
      matchLabels: { colour: "red" },
    });
  });

  it("names the other end as a needed change where another namespace is locked and does not allow it", () => {
    const lock = {
      object: {
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: "default-deny", namespace: "databases" },
        spec: { endpointSelector: {}, ingress: [{}] },
      },
      origin: null,
      ref: { kind: "CiliumNetworkPolicy", namespace: "databases", name: "default-deny" },
      owner: null,
    } as const;
    const result = draft({ edges: [edge(end(web), end(pg), 5432)], inventory: field({ policies: [lock] }) });
    expect(result.neededElsewhere).toEqual([
      { namespace: "databases", summary: "ingress of pg-main from shop/web, TCP 5432" },
    ]);
  });
});

describe("many edges", () => {
  const names = Array.from({ length: 500 }, (_, n) => `host-${n}.example.org`);
  const edges = names.map((name, n) =>
    edge(
      end(web),
      end(`fqdn:${name}`, { labels: ["reserved:world"], names: [name], ips: [`8.8.${n >> 8}.${n & 255}`] }),
      443,
    ),
  );

  it("become one rule that a person can read, with what it costs", () => {
    const result = draft({ edges });
    expect(policyOf(result).spec["egress"]).toEqual([
      { toEntities: ["world"], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] },
    ]);
    const rule = result.rules.find((r) => r.policy.name === "web-allow");
    expect(rule?.edges).toHaveLength(500);
    expect(rule?.summary).toContain("would also admit every address outside the cluster on TCP 443");
  });

  const clientsOf = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, n) => workload(`${namespace}/Deployment/client-${n}`, { app: `client-${n}` }));

  it("leave every client its own rule as long as a person can read them", () => {
    const clients = [...clientsOf("one", 12), ...clientsOf("two", 12)];
    const workloads = [web, coredns, ...clients];
    const result = draft({ edges: clients.map((c) => edge(end(c), end(web), 8080)), inventory: field({ workloads }) });
    expect(policyOf(result).spec["ingress"]).toHaveLength(24);
  });

  it("take a whole namespace together before the whole cluster, with what that costs", () => {
    const clients = clientsOf("one", 30);
    const workloads = [web, coredns, ...clients, workload("one/Deployment/other", { app: "other" })];
    const result = draft({ edges: clients.map((c) => edge(end(c), end(web), 8080)), inventory: field({ workloads }) });
    expect(policyOf(result).spec["ingress"]).toEqual([
      {
        fromEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "one" } }],
        toPorts: [{ ports: [{ port: "8080", protocol: "TCP" }] }],
      },
    ]);
    expect(result.rules.find((r) => r.policy.name === "web-allow")?.summary).toContain("1 more workloads of one");
  });

  it("stay apart in the tight variant as far as they can be told", () => {
    const egress = policyOf(draft({ edges: edges.slice(0, 50), variant: "tight" })).spec["egress"];
    expect((egress as { toFQDNs: unknown[] }[])[0]?.toFQDNs).toHaveLength(50);
  });

  it("never put more ports into one entry than the API server takes", () => {
    const many = Array.from({ length: 90 }, (_, n) => edge(end(web), end(pg), 20_000 + n));
    const [rule] = policyOf(draft({ edges: many })).spec["egress"] as { toPorts: { ports: unknown[] }[] }[];
    expect(rule?.toPorts.map((p) => p.ports.length)).toEqual([40, 40, 10]);
  });
});

describe("bad input", () => {
  it("names a namespace that is not there", () => {
    expect(() => draft({ namespace: "nowhere" })).toThrow(/no namespace nowhere/);
  });

  it("drafts the baseline alone for a namespace without pods", () => {
    const result = draft({ inventory: field({ workloads: [envoy, pg, coredns] }) });
    expect(result.files.some((f) => f.path.endsWith("cnp-allow.yaml"))).toBe(false);
    expect(result.files.length).toBeGreaterThan(0);
  });

  it("says of a dormant namespace that nothing applies it", () => {
    const [first, ...rest] = field().namespaces;
    const namespaces = first === undefined ? rest : [{ ...first, dormant: true }, ...rest];
    expect(draft({ inventory: field({ namespaces }) }).notes[0]).toContain("Nothing applies this namespace");
  });

  it("refuses a namespace folder without a kustomization, and writes nothing", () => {
    const tree = memoryTree({ "kubernetes/apps/shop/web/app/kustomization.yaml": "kind: Kustomization\n" });
    expect(() => draft({ tree })).toThrow(/no kustomization that could carry/);
  });

  it("does not let labels, names or keys out of their place", () => {
    const evil = app("shop/Deployment/web", { app: "web", "x: {}\n- y": "z" });
    const peer = end("evil/Pod/x", {
      namespace: "evil",
      labels: ["k8s:io.kubernetes.pod.namespace=evil", 'k8s:app=a"\n  - toEntities: [all]\n#', "k8s:tier=back"],
    });
    const declared: DeclaredEdge = {
      source: { namespace: "shop", workload: "web", kind: "Deployment" },
      target: { kind: "host", host: "x.example.org\n- toEntities: [all]" },
      port: 443,
      protocol: "TCP",
      why: "url",
      key: "A\nspec: {}\u202e",
      sure: "certain",
      origin: { file: "a\nb", line: 1, column: 1 },
    };
    const result = draft({
      edges: [edge(end(web), peer, 1234)],
      inventory: field({ workloads: [evil, envoy, pg, coredns], declared: [declared] }),
    });
    const egress = policyOf(result).spec["egress"] as { toEndpoints?: { matchLabels: object }[] }[];
    expect(egress[0]?.toEndpoints).toEqual([{ matchLabels: { "io.kubernetes.pod.namespace": "evil", tier: "back" } }]);
    expect(JSON.stringify(egress)).not.toContain("all");
    expect(
      file(result, WEB)
        .split("\n")
        .every((line) => !line.startsWith("spec: {}")),
    ).toBe(true);
  });

  it("says which pods nobody can select", () => {
    const bare = app("shop/Deployment/bare", {}, { labelsComplete: false });
    const result = draft({
      edges: [edge({ ...end(bare), labels: ["k8s:io.kubernetes.pod.namespace=shop"] }, end(pg), 5432)],
      inventory: field({ workloads: [bare, pg, coredns] }),
    });
    expect(result.leftOut.map((l) => l.why)).toContain(
      "its pods have no label that is known and that a selector could rely on",
    );
  });

  it("leaves out what no rule governs, each with its reason", () => {
    const host = app("shop/DaemonSet/agent", { app: "agent" }, { hostNetwork: true });
    const resting = app("shop/Deployment/resting", { app: "resting" }, { suspended: true });
    const result = draft({
      edges: [
        edge(end(host), end(pg), 5432),
        edge(end(resting), end(pg), 5432),
        edge(end(web), end(pg), 2, { protocol: "IGMP" }),
        edge(end(web), end(pg), 22, { flows: 0 }),
      ],
      inventory: field({ workloads: [web, host, resting, pg, coredns] }),
    });
    expect(result.leftOut).toHaveLength(4);
    expect(result.notes.some((n) => n.includes("resting is suspended"))).toBe(true);
  });
});
