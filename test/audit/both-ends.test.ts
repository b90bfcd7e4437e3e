import { describe, expect, it } from "vitest";
import type { DeclaredEdge } from "../../src/facts/inventory.ts";
import { allow, auditOf, cnp, findings, lock, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const egressTo = (namespace: string, name: string, port: string, more = ""): string =>
  `egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: ${namespace}, app.kubernetes.io/name: ${name}}}]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}${more}]}]\n`;

const ingressFrom = (namespace: string, name: string, port: string): string =>
  `ingress:\n  - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: ${namespace}, app.kubernetes.io/name: ${name}}}]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]\n`;

const edge = (
  source: string,
  target: DeclaredEdge["target"],
  port: number,
  more: Partial<DeclaredEdge> = {},
): DeclaredEdge => {
  const [namespace = "", workload = ""] = source.split("/");
  return {
    source: { namespace, workload, kind: "Deployment" },
    target,
    port,
    protocol: "TCP",
    why: "url",
    key: "TARGET_URL",
    sure: "certain",
    origin: { file: `${namespace}/${workload}.yaml`, line: 9, column: 3 },
    ...more,
  };
};

/** A client in `shop`, a server in `data`, both namespaces locked. */
const pair = (client: string, server: string, more: Partial<Parts> = {}): Parts => ({
  files: {
    "shop/cnp.yaml": lock("shop") + client,
    "data/cnp.yaml": lock("data") + server,
  },
  workloads: [pod("shop/web", { ports: ["8080"] }), pod("data/store", { ports: ["5432"] })],
  services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["5432"])],
  ...more,
});

const HALF = "half-open-allow";

describe("half-open-allow", () => {
  const client = allow("shop/web", egressTo("data", "store", "5432"));

  it("is an error when the server, under default deny, does not admit the client", () => {
    const [finding] = findings(pair(client, allow("data/store", ingressFrom("ops", "probe", "5432"))), HALF);
    expect(finding?.severity).toBe("error");
    expect(finding?.origin.file).toBe("shop/cnp.yaml");
    expect(finding?.related.map((r) => r.file)).toContain("data/cnp.yaml");
  });

  it("is content once both halves stand, in whatever policy the second one is written", () => {
    expect(said(pair(client, allow("data/store", ingressFrom("shop", "web", "5432"))), HALF)).toEqual([]);
    const broad = cnp(
      "data/anyone",
      "endpointSelector: {}\nenableDefaultDeny: {ingress: false}\ningress:\n  - fromEntities: [cluster]\n",
    );
    expect(said(pair(client, broad), HALF)).toEqual([]);
  });

  it("stands at the server's pods where no policy speaks of them, once for all their clients", () => {
    const clients = client + allow("shop/report", egressTo("data", "store", "5432"));
    const parts = pair(clients, "");
    const found = findings({ ...parts, workloads: [...(parts.workloads ?? []), pod("shop/report")] }, HALF);
    expect(found.map((f) => [f.namespace, f.origin.file])).toEqual([
      ["data", "data/store.yaml"],
      ["data", "data/store.yaml"],
    ]);
    expect(new Set(found.map((f) => f.cause?.at)).size).toBe(1);
    expect(found[0]?.related.map((r) => r.file)).toContain("shop/cnp.yaml");
  });

  it("takes the pods of an unknown chart for known once a policy of their namespace selects them", () => {
    const guessed = pod("shop/web", { more: { sure: "guess", labelsComplete: false } });
    const parts = pair(client, allow("data/store", ingressFrom("ops", "probe", "5432")));
    const workloads = (parts.workloads ?? []).map((w) => (w.name === "web" ? guessed : w));
    expect(findings({ ...parts, workloads }, HALF).map((f) => f.severity)).toEqual(["warning"]);
  });

  it("is content where nothing locks the server", () => {
    expect(said({ ...pair(client, ""), files: { "shop/cnp.yaml": lock("shop") + client } }, HALF)).toEqual([]);
  });

  it("looks at each port", () => {
    const two = allow("shop/web", egressTo("data", "store", "5432", ', {port: "9187", protocol: TCP}'));
    const [finding, ...rest] = findings(pair(two, allow("data/store", ingressFrom("shop", "web", "5432"))), HALF);
    expect(rest).toEqual([]);
    expect(finding?.message).toMatch(/9187/);
    expect(finding?.severity).toBe("info");
  });

  it("is content when one pod of the target carries both label sets", () => {
    const labels = { "db/cluster": "store", "db/role": "instance" };
    const parts = pair(
      allow(
        "shop/web",
        'egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: data, db/cluster: store}}]\n    toPorts: [{ports: [{port: "5432"}]}]\n',
      ),
      allow(
        "data/all",
        'ingress:\n  - fromEntities: [cluster]\n    toPorts: [{ports: [{port: "5432"}]}]\n',
        "db/role: instance",
      ),
      { workloads: [pod("shop/web"), pod("data/store", { labels, ports: ["5432"] })] },
    );
    expect(said(parts, HALF)).toEqual([]);
  });

  it("only mentions it where the labels that would decide are not known", () => {
    const half = { labelsComplete: false };
    const parts = pair(client, allow("data/all", "ingress:\n  - fromEntities: [cluster]\n", "db/role: instance"), {
      workloads: [pod("shop/web"), pod("data/store", { more: half, ports: ["5432"] })],
    });
    expect(findings(parts, HALF).map((f) => f.severity)).toEqual(["info"]);
  });

  it("judges pods that only policies speak of, less surely", () => {
    const parts = pair(client, allow("data/store", ingressFrom("ops", "probe", "5432")), {
      workloads: [pod("shop/web")],
      services: [],
    });
    expect(findings(parts, HALF).map((f) => f.severity)).toEqual(["warning"]);
  });

  it("mentions an ingress that no client uses, and calls it an error where the client's manifest asks for it", () => {
    const server = allow("data/store", ingressFrom("shop", "web", "5432"));
    expect(findings(pair("", server), HALF).map((f) => f.severity)).toEqual(["info"]);
    const asked = edge("shop/web", { kind: "service", namespace: "data", name: "store" }, 5432);
    expect(findings(pair("", server, { declared: [asked] }), HALF).map((f) => f.severity)).toEqual(["error"]);
  });

  it("has one fingerprint per hole, which goes when the hole is closed", () => {
    const open = auditOf(pair(client, ""));
    const closed = auditOf(pair(client, allow("data/store", ingressFrom("shop", "web", "5432"))), {}, { base: open });
    const hole = open.findings.find((f) => f.rule === HALF);
    expect(closed.fingerprints.has(hole?.fingerprint ?? "")).toBe(false);
  });
});

describe("declared-dependency-dropped", () => {
  const RULE = "declared-dependency-dropped";
  const asked = edge("shop/web", { kind: "service", namespace: "data", name: "store" }, 5432);
  const both = pair(
    allow("shop/web", egressTo("data", "store", "5432")),
    allow("data/store", ingressFrom("shop", "web", "5432")),
  );

  it("sees the setting that no egress allows", () => {
    const parts = pair("", allow("data/store", ingressFrom("shop", "web", "5432")), { declared: [asked] });
    const [finding] = findings(parts, RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.origin).toEqual({ file: "shop/web.yaml", line: 9, column: 3 });
  });

  it("sees the server that admits nobody, behind an egress to everything", () => {
    const parts = pair(allow("shop/web", "egress:\n  - toEntities: [cluster]\n"), "", { declared: [asked] });
    expect(findings(parts, RULE).map((f) => f.namespace)).toEqual(["data"]);
  });

  it("asks for the container port behind the Service", () => {
    const parts = { ...both, services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["80:5432"])] };
    expect(
      said({ ...parts, declared: [edge("shop/web", { kind: "service", namespace: "data", name: "store" }, 80)] }, RULE),
    ).toEqual([]);
  });

  it("is content when both ends allow it", () => {
    expect(said({ ...both, declared: [asked] }, RULE)).toEqual([]);
  });

  it("reads in-cluster names as the Services they are", () => {
    const host = edge("shop/web", { kind: "host", host: "store.data.svc.cluster.local" }, 5432);
    expect(said({ ...both, declared: [host] }, RULE)).toEqual([]);
    expect(said(pair("", "", { declared: [host] }), RULE)).not.toEqual([]);
  });

  it("knows of a Service that no manifest makes only which namespace it lies in", () => {
    const host = edge("shop/web", { kind: "host", host: "queue.data.svc.cluster.local" }, 5672);
    expect(findings(pair("", "", { declared: [host] }), RULE).map((f) => f.severity)).toEqual(["warning"]);
    expect(said({ ...both, declared: [host] }, RULE)).toEqual([]);
  });

  it("warns of a host outside, and is content with world or the name itself", () => {
    const host = edge("shop/web", { kind: "host", host: "api.example.com" }, 443);
    const world = allow("shop/web", 'egress:\n  - toEntities: [world]\n    toPorts: [{ports: [{port: "443"}]}]\n');
    const name = allow(
      "shop/web",
      'egress:\n  - toFQDNs: [{matchName: api.example.com}]\n    toPorts: [{ports: [{port: "443"}]}]\n',
    );
    expect(findings(pair("", "", { declared: [host] }), RULE).map((f) => f.severity)).toEqual(["warning"]);
    expect(said(pair(world, "", { declared: [host] }), RULE)).toEqual([]);
    expect(said(pair(name, "", { declared: [host] }), RULE)).toEqual([]);
  });

  it("does not take an app's own address for a dependency, nor what a suspended app would do", () => {
    const own = edge("shop/web", { kind: "host", host: "shop.example.com" }, 443, { why: "redirect" });
    expect(said(pair("", "", { declared: [own] }), RULE)).toEqual([]);
    const asleep = { workloads: [pod("shop/web", { more: { suspended: true } })] };
    expect(said(pair("", "", { declared: [asked], ...asleep }), RULE)).toEqual([]);
  });

  it("only mentions what a borrowed Secret says of another app", () => {
    const borrowed = edge("shop/web", { kind: "host", host: "api.example.com" }, 443, {
      origin: { file: "billing/secret.yaml", line: 4, column: 1 },
    });
    expect(findings(pair("", "", { declared: [borrowed] }), RULE).map((f) => f.severity)).toEqual(["info"]);
  });

  it("says once what several keys ask for", () => {
    const again = edge("shop/web", { kind: "service", namespace: "data", name: "store" }, 5432, { key: "REPLICA_URL" });
    expect(
      findings(pair("", "", { declared: [asked, again] }), RULE).filter((f) => f.namespace === "shop"),
    ).toHaveLength(1);
  });
});

describe("lan-host-is-world", () => {
  const camera = edge("shop/web", { kind: "address", address: "192.168.1.31" }, 554);
  const rule = (peer: string): string =>
    allow("shop/web", `egress:\n  - ${peer}\n    toPorts: [{ports: [{port: "554"}]}]\n`);

  it("sees a machine of the LAN that was taken for a node", () => {
    const parts = pair(rule("toEntities: [host, remote-node]"), "", { declared: [camera] });
    const [finding] = findings(parts, "lan-host-is-world");
    expect(finding?.message).toMatch(/toCIDR 192\.168\.1\.31\/32/);
    expect(said(parts, "declared-dependency-dropped")).toEqual([]);
  });

  it("wonders who listens on the nodes on a port that nothing of theirs opens", () => {
    const strange = pair(rule("toEntities: [host]"), "");
    expect(findings(strange, "lan-host-is-world").map((f) => f.severity)).toEqual(["warning"]);
    const onNodes = pod("ops/recorder", { ports: ["554"], more: { hostNetwork: true } });
    expect(said({ ...strange, workloads: [...(strange.workloads ?? []), onNodes] }, "lan-host-is-world")).toEqual([]);
    expect(said(pair(rule("toEntities: [host]").replace('"554"', '"10250"'), ""), "lan-host-is-world")).toEqual([]);
  });

  it("is content with its CIDR, or world", () => {
    for (const peer of ["toCIDR: [192.168.1.0/24]", "toEntities: [world]"])
      expect(said(pair(rule(peer), "", { declared: [camera] }), "lan-host-is-world")).toEqual([]);
  });
});

describe("service-port-not-target-port", () => {
  const RULE = "service-port-not-target-port";
  const front = { services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["80:5432"])] };

  it("is an error at the client, with the port that policy sees", () => {
    const report = auditOf(pair(allow("shop/web", egressTo("data", "store", "80")), "", front));
    const [finding] = report.findings.filter((f) => f.rule === RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.fix).toBe("Write 5432");
    expect(report.findings.filter((f) => f.rule === HALF)).toEqual([]);
  });

  it("is an error at the server", () => {
    expect(findings(pair("", allow("data/store", ingressFrom("shop", "web", "80")), front), RULE)).toHaveLength(1);
  });

  it("is content with the container port, with a port both have, and with a named port", () => {
    expect(said(pair(allow("shop/web", egressTo("data", "store", "5432")), "", front), RULE)).toEqual([]);
    const same = { services: [service("data/store", { "app.kubernetes.io/name": "store" }, ["5432"])] };
    expect(said(pair(allow("shop/web", egressTo("data", "store", "5432")), "", same), RULE)).toEqual([]);
    expect(said(pair(allow("shop/web", egressTo("data", "store", "sql")), "", front), RULE)).toEqual([]);
  });

  it("only mentions it beside the right port", () => {
    const client = allow("shop/web", egressTo("data", "store", "80", ', {port: "5432", protocol: TCP}'));
    expect(findings(pair(client, "", front), RULE).map((f) => f.severity)).toEqual(["info"]);
  });

  it("knows a gateway's port as one of these", () => {
    const gateway = {
      namespace: "edge",
      name: "public",
      podLabels: { "app.kubernetes.io/name": "proxy" },
      podNamespace: "edge",
      listeners: [{ name: "https", port: 443, containerPort: 10443, protocol: "HTTPS", hostname: null, udp: false }],
      addresses: [],
      sure: "certain" as const,
      origin: null,
    };
    const parts = pair(allow("shop/web", egressTo("edge", "proxy", "443")), "", {
      gateways: [gateway],
      workloads: [pod("shop/web"), pod("edge/proxy", { ports: ["10443"] })],
    });
    expect(findings(parts, RULE).map((f) => f.message)).toEqual([expect.stringMatching(/Write 10443/)]);
  });

  it("suspects 80 where the pods are known to open something else and no Service is written", () => {
    const parts = pair(allow("shop/web", egressTo("data", "store", "80")), "", { services: [] });
    expect(findings(parts, RULE).map((f) => f.severity)).toEqual(["warning"]);
    const asked = allow("shop/web", egressTo("data", "store", "9999"));
    expect(said(pair(asked, "", { services: [] }), RULE)).toEqual([]);
  });

  it("corrects the API server's Service port", () => {
    const rule = (port: string): string =>
      allow("shop/web", `egress:\n  - toEntities: [kube-apiserver]\n    toPorts: [{ports: [{port: "${port}"}]}]\n`);
    expect(said(pair(rule("443"), ""), RULE)).toHaveLength(1);
    expect(said(pair(rule("6443"), ""), RULE)).toEqual([]);
  });
});

describe("dependency-without-any-egress", () => {
  const RULE = "dependency-without-any-egress";
  const resource = `apiVersion: example.org/v1
kind: ScanJob
metadata: {name: nightly, namespace: shop}
spec:
  env: [{name: CACHE, value: "redis://store.data.svc.cluster.local:6379"}]
`;
  const parts = (policies: string): Parts => ({
    ...pair(policies, ""),
    files: { "shop/cnp.yaml": lock("shop") + policies, "shop/job.yaml": resource, "data/cnp.yaml": lock("data") },
  });

  it("warns where nothing in the namespace may go there, whoever will", () => {
    expect(findings(parts(""), RULE).map((f) => `${f.severity} ${f.origin.line}`)).toEqual(["warning 5"]);
  });

  it("is content once any policy of the namespace leads there", () => {
    expect(said(parts(allow("shop/jobs", egressTo("data", "store", "6379"))), RULE)).toEqual([]);
  });

  it("leaves to others what others ask: sources, routes, monitors, and namespaces that nothing locks", () => {
    const source = resource.replace("kind: ScanJob", "kind: OCIRepository");
    expect(said({ ...parts(""), files: { "shop/cnp.yaml": lock("shop"), "shop/source.yaml": source } }, RULE)).toEqual(
      [],
    );
    expect(said({ ...parts(""), files: { "shop/job.yaml": resource } }, RULE)).toEqual([]);
  });
});
