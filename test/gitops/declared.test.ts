import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { targetName } from "../../src/facts/declared.ts";
import type { DeclaredEdge } from "../../src/facts/inventory.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const read = (...manifests: readonly string[]): readonly DeclaredEdge[] =>
  readInventory(
    memoryTree({
      "kustomization.yaml": `namespace: web\nresources: [${manifests.map((_, i) => `m${i}.yaml`).join(", ")}]\n`,
      ...Object.fromEntries(manifests.map((text, i) => [`m${i}.yaml`, text])),
    }),
    defaultClusterFacts,
  ).declared;

const to = (edge: DeclaredEdge): string => `${edge.why} ${targetName(edge)}:${edge.port}/${edge.protocol}`;

/** A Deployment whose container has this environment, one `NAME: value` per entry. */
const told = (environment: Readonly<Record<string, string>>, more = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: wiki}
spec:
  template:
    metadata: {labels: {app: wiki}}
    spec:
      containers:
        - name: wiki
          ports: [{containerPort: 3000}]
          env:
${Object.entries(environment)
  .map(([name, value]) => `            - name: ${name}\n              value: ${JSON.stringify(value)}`)
  .join("\n")}
${more}`;

const edges = (environment: Readonly<Record<string, string>>, ...more: readonly string[]): readonly string[] =>
  read(told(environment), ...more).map(to);

const ROUTE = `apiVersion: v1
kind: Service
metadata: {name: wiki}
spec: {selector: {app: wiki}, ports: [{port: 80, targetPort: 3000}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: wiki}
spec:
  hostnames: ["wiki.\${DOMAIN}"]
  parentRefs: [{name: external, namespace: network}]
  rules: [{backendRefs: [{name: wiki, port: 80}]}]
`;

describe("what a setting says a workload connects to", () => {
  it("reads URLs with and without a port, and connection strings", () => {
    expect(edges({ A: "http://api.shop.svc.cluster.local:8080/v1" })).toEqual([
      "url api.shop.svc.cluster.local:8080/TCP",
    ]);
    expect(edges({ A: "https://api.example.net/v1" })).toEqual(["url api.example.net:443/TCP"]);
    expect(edges({ A: "postgres://me:p%40ss@pg-rw.databases.svc:5433/x" })).toEqual([
      "database pg-rw.databases.svc:5433/TCP",
    ]);
    expect(edges({ A: "postgresql+asyncpg://{{ .USER }}:{{ .PASS }}@pg-rw.databases.svc/x" })).toEqual([
      "database pg-rw.databases.svc:5432/TCP",
    ]);
    expect(edges({ A: "host=pg.databases.svc port=6432 user=me" })).toEqual(["database pg.databases.svc:6432/TCP"]);
    expect(edges({ A: "me:pw@tcp(my.databases.svc:3307)/x" })).toEqual(["database my.databases.svc:3307/TCP"]);
    expect(edges({ A: "jdbc:mysql://my.databases.svc/x" })).toEqual(["database my.databases.svc:3306/TCP"]);
    expect(edges({ A: "ldap://ldap.auth.svc:3890" })).toEqual(["directory ldap.auth.svc:3890/TCP"]);
  });

  it("joins a host with the port beside it, and knows the usual port where none stands", () => {
    expect(edges({ CACHE_HOST: "a.b.svc", CACHE_PORT: "7000" })).toEqual(["url a.b.svc:7000/TCP"]);
    expect(edges({ POSTGRES_HOST: "pg.databases.svc" })).toEqual(["database pg.databases.svc:5432/TCP"]);
    expect(edges({ SMTP_SERVER: "mail.example.net", SMTP_PORT: "465" })).toEqual(["mail mail.example.net:465/TCP"]);
    expect(edges({ MQTT_ADDRESS: "broker.home.svc:1884" })).toEqual(["broker broker.home.svc:1884/TCP"]);
    expect(edges({ DNS_HOST: "192.0.2.53", DNS_PORT: "53" })).toEqual([
      "url 192.0.2.53:53/TCP",
      "url 192.0.2.53:53/UDP",
    ]);
  });

  it("asks the Service for a port that nobody wrote", () => {
    const service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: x}, ports: [{port: 9000}]}\n";
    expect(edges({ API_HOST: "api.web.svc" }, service)).toEqual(["url api.web.svc:9000/TCP"]);
    expect(edges({ API_HOST: "api.web.svc" })).toEqual([]);
  });

  it("does not take an app's own address for a connection", () => {
    const own = { ROOT_URL: "https://wiki.${DOMAIN}", ANYTHING: "https://wiki.${DOMAIN}/x" };
    expect(edges(own, ROUTE)).toEqual(["redirect wiki.${DOMAIN}:443/TCP", "redirect wiki.${DOMAIN}:443/TCP"]);
    expect(edges({ OIDC_REDIRECT_URI: "https://elsewhere.example.net/cb" })).toEqual([
      "redirect elsewhere.example.net:443/TCP",
    ]);
    expect(
      edges({ HOST: "0.0.0.0", BIND_ADDR: "0.0.0.0:3000", WIKI_HOST: "wiki.example.net", WIKI_PORT: "3000" }),
    ).toEqual(["redirect wiki.example.net:3000/TCP"]);
  });

  it("knows an identity provider by its key or by where it is described", () => {
    expect(edges({ OIDC_ISSUER: "https://auth.${DOMAIN}" })).toEqual(["issuer auth.${DOMAIN}:443/TCP"]);
    expect(edges({ X: "https://auth.${DOMAIN}/.well-known/openid-configuration" })).toEqual([
      "issuer auth.${DOMAIN}:443/TCP",
    ]);
    expect(edges({ OIDC_AUTHORIZATION_URL: "https://auth.${DOMAIN}/authorize" })).toEqual([
      "redirect auth.${DOMAIN}:443/TCP",
    ]);
    // An internal name is nowhere a browser can go, however the key is called.
    expect(edges({ API_BASE_URL: "http://api.web.svc:80" })).toEqual(["url api.web.svc:80/TCP"]);
  });

  it("leaves links, pictures, port mappings, times and examples alone", () => {
    const nothing = {
      ICON: "https://cdn.example.net/a.png",
      MAP: "8080:80",
      AT: "12:30",
      DOC: "https://example.com/x",
      A: "redis",
    };
    expect(edges(nothing)).toEqual([]);
  });

  it("points at the line and column of the value", () => {
    const [edge] = read(told({ A: "1", API_URL: "http://api.shop.svc:80" }));
    expect(edge).toMatchObject({ key: "API_URL", sure: "certain", origin: { file: "m0.yaml", line: 15, column: 15 } });
  });

  it("never stumbles over what somebody put into a value", () => {
    for (const value of [
      "://",
      "http://",
      "http://:80",
      "http://[::1",
      "a://b://c",
      "{{{{",
      "${",
      `http://${"a".repeat(70_000)}`,
      "\u0000",
      "{{".repeat(100_000),
      `http://${"${a}".repeat(5_000)}:x`,
      `${"a.".repeat(100_000)}:`,
    ])
      expect(edges({ A: value })).toEqual([]);
  });
});

describe("what a workload is told by a file", () => {
  const mounted = (data: string): readonly DeclaredEdge[] =>
    read(
      told({ A: "1" }, "      volumes: [{name: c, configMap: {name: c}}]"),
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n${data}`,
    );

  it("reads YAML by its structure and names the line inside the file", () => {
    const [edge] = mounted(
      "  app.yaml: |\n    # comment http://no.example.net\n    redis:\n      host: cache.databases.svc\n      port: 6380\n",
    );
    expect(edge).toMatchObject({ key: "redis.host", why: "database", sure: "likely", port: 6380 });
    expect(edge?.origin).toEqual({ file: "m1.yaml", line: 8, column: 7 });
  });

  it("reads other files line by line, section by section", () => {
    const [edge] = mounted(
      "  app.ini: |\n    ; http://no.example.net\n    [mail]\n    server = mail.web.svc\n    port = 2525\n    [web]\n    port = 80\n",
    );
    expect(edge).toMatchObject({ key: "server", port: 2525, origin: { file: "m1.yaml", line: 8 } });
  });

  it("takes in what a generator or an ExternalSecret's template hands to the pod", () => {
    const secret =
      'apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s}\nspec:\n  target:\n    name: wiki-env\n    template:\n      data:\n        DATABASE_URL: "postgres://{{ .U }}:{{ .P }}@pg.databases.svc/x"\n';
    const pod = told({ A: "1" }).replace(
      "          env:",
      "          envFrom: [{secretRef: {name: wiki-env}}]\n          env:",
    );
    expect(read(pod, secret)).toMatchObject([{ key: "DATABASE_URL", origin: { file: "m1.yaml", line: 9 } }]);
  });
});

describe("what custom resources make controllers connect to", () => {
  const prometheus = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: prometheus}
spec: {template: {metadata: {labels: {app.kubernetes.io/name: prometheus}}, spec: {containers: []}}}
`;

  it("reads scrape targets: static ones, and those that a monitor selects", () => {
    const scrape =
      "apiVersion: monitoring.coreos.com/v1alpha1\nkind: ScrapeConfig\nmetadata: {name: s}\nspec: {staticConfigs: [{targets: ['nas.lan:9100']}]}\n";
    const monitor =
      "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m}\nspec: {selector: {matchLabels: {a: b}}, endpoints: [{port: metrics}]}\n";
    const service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: x, labels: {a: b}}\nspec: {selector: {x: y}, ports: [{name: metrics, port: 9090}]}\n";
    expect(read(prometheus, scrape, monitor, service).map(to)).toEqual([
      "scrape nas.lan:9100/TCP",
      "scrape web/x:9090/TCP",
    ]);
  });

  it("reads a probe's two connections: to the prober, and from it to the target", () => {
    const prober =
      "apiVersion: v1\nkind: Service\nmetadata: {name: bb}\nspec: {selector: {app: bb}, ports: [{port: 9115}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bb}\nspec: {template: {metadata: {labels: {app: bb}}, spec: {containers: []}}}\n";
    const probe = (module: string): string =>
      `apiVersion: monitoring.coreos.com/v1\nkind: Probe\nmetadata: {name: p}\nspec: {module: ${module}, prober: {url: "bb.web.svc:9115"}, targets: {staticConfig: {static: [nas.lan]}}}\n`;
    const found = read(prometheus, prober, probe("icmp"));
    expect(found.map((e) => `${e.source.workload}: ${to(e)}`)).toEqual([
      "prometheus: probe bb.web.svc:9115/TCP",
      "bb: probe nas.lan:8/ICMPv4",
    ]);
    expect(read(prometheus, prober, probe("http_2xx")).map(to)[1]).toBe("probe nas.lan:80/TCP");
  });

  it("lets instances and recovery Jobs of a CNPG cluster reach its object store, and the operator its instances", () => {
    const cluster =
      "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: pg}\nspec:\n  instances: 2\n  bootstrap: {recovery: {source: o}}\n  plugins: [{name: p, parameters: {barmanObjectName: store}}]\n";
    const store =
      "apiVersion: barmancloud.cnpg.io/v1\nkind: ObjectStore\nmetadata: {name: store}\nspec: {configuration: {endpointURL: 'http://s3.storage.svc:3900'}}\n";
    expect(read(cluster, store).map((e) => `${e.source.workload}: ${to(e)}`)).toEqual([
      "pg: backup s3.storage.svc:3900/TCP",
      "pg-full-recovery: backup s3.storage.svc:3900/TCP",
      "pg: replication web/pg:5432/TCP",
      "pg-join: replication web/pg:5432/TCP",
    ]);
  });
});

describe("places that are no URL of the web", () => {
  it("knows Git's own way to write a remote, and what only looks like one", () => {
    const found = (value: string): readonly string[] => edges({ REPO: value });
    expect(found("git@git.outside.example:home/cluster.git")).toEqual(["url git.outside.example:22/TCP"]);
    expect(found("${REPO:-git@git.outside.example:home/cluster.git}")).toEqual(["url git.outside.example:22/TCP"]);
    expect(found("somebody@outside.example: hello/world")).toEqual([]);
    expect(found("https://user@outside.example:8443/a/b")).toEqual(["url outside.example:8443/TCP"]);
  });

  it("knows a file server by its scheme, whatever its path looks like", () => {
    expect(edges({ BACKUP_TARGET: "nfs://vault:/mnt/backups" })).toEqual(["url vault:2049/TCP"]);
  });

  it("lets External Secrets' controller fetch the tokens that other namespaces ask for", () => {
    const controller =
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: external-secrets}\nspec: {chart: {spec: {chart: external-secrets}}}\n";
    const token =
      "apiVersion: generators.external-secrets.io/v1alpha1\nkind: GithubAccessToken\nmetadata: {name: token}\nspec: {appID: '1'}\n";
    const found = read(controller, token).filter((e) => e.key === "kind");
    expect(found.map((e) => `${e.source.workload} ${to(e)}`)).toEqual([
      "external-secrets secret-store api.github.com:443/TCP",
    ]);
  });
});
