import { describe, expect, it } from "vitest";
import { allow, cnp, findings, lock, pod, said } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const shop = (text: string, parts: Parts = {}): Parts => ({
  workloads: [pod("shop/web"), pod("ops/prometheus-blackbox-exporter")],
  ...parts,
  files: { "shop/cnp.yaml": text, ...parts.files },
});

describe("selector-matches-nothing", () => {
  const RULE = "selector-matches-nothing";
  const from = (labels: string): string =>
    allow(
      "shop/web",
      `ingress:\n  - fromEndpoints: [{matchLabels: {${labels}}}]\n    toPorts: [{ports: [{port: "80", protocol: TCP}]}]\n`,
    );

  it("is an error for a policy whose subject no pod is, in a namespace known whole and locked", () => {
    const [finding] = findings(shop(lock("shop") + allow("shop/webb", "ingress:\n  - fromEntities: [world]\n")), RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/app\.kubernetes\.io\/name=webb/);
  });

  it("names the pods that were probably meant", () => {
    const [finding] = findings(
      shop(lock("shop") + from("io.kubernetes.pod.namespace: ops, app.kubernetes.io/name: blackbox-exporter")),
      RULE,
    );
    expect(finding?.severity).toBe("warning");
    expect(finding?.message).toMatch(/app\.kubernetes\.io\/name=prometheus-blackbox-exporter; is that what was meant/);
  });

  it("finds the peer in the namespace that was left out", () => {
    const [finding] = findings(shop(from("app.kubernetes.io/name: prometheus-blackbox-exporter")), RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/io\.kubernetes\.pod\.namespace: ops/);
  });

  it("misses a whole namespace", () => {
    expect(findings(shop(from("io.kubernetes.pod.namespace: opps")), RULE).map((f) => f.severity)).toEqual(["warning"]);
  });

  it("is content with pods that exist, with a namespace as a whole, and with variables", () => {
    expect(
      said(shop(from("io.kubernetes.pod.namespace: ops, app.kubernetes.io/name: prometheus-blackbox-exporter")), RULE),
    ).toEqual([]);
    expect(said(shop(from("io.kubernetes.pod.namespace: ops")), RULE)).toEqual([]);
    expect(said(shop(from("io.kubernetes.pod.namespace: ${TENANT}")), RULE)).toEqual([]);
  });

  it("only mentions labels that controllers give, and pods of charts it does not know", () => {
    expect(
      findings(
        shop(allow("shop/jobs", "ingress:\n  - fromEntities: [world]\n", "batch.kubernetes.io/job-name: nightly")),
        RULE,
      ).map((f) => f.severity),
    ).toEqual(["info"]);
    const release =
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: search, namespace: shop}\n";
    const text = allow("shop/search", "ingress:\n  - fromEntities: [world]\n");
    expect(findings(shop(text, { files: { "shop/release.yaml": release } }), RULE).map((f) => f.severity)).toEqual([
      "info",
    ]);
  });

  it("takes a guessed pod for the component that resembles it", () => {
    const guessed = pod("shop/flow", { more: { sure: "guess", labelsComplete: false } });
    const text = allow("shop/flow-workers", "ingress:\n  - fromEntities: [world]\n");
    expect(said(shop(text, { workloads: [guessed] }), RULE)).toEqual([]);
  });

  it("only mentions a dead peer that a broader rule hides", () => {
    const intra = cnp(
      "shop/intra",
      "endpointSelector: {}\nenableDefaultDeny: {ingress: false}\ningress:\n  - fromEndpoints: [{}]\n",
    );
    const text = lock("shop") + intra + from("app.kubernetes.io/name: gone");
    expect(
      findings(shop(text), RULE)
        .filter((f) => /gone/.test(f.message))
        .map((f) => f.severity),
    ).toEqual(["info"]);
  });
});

describe("unselected-workload", () => {
  const RULE = "unselected-workload";
  const job = (script: string): string => `apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: run
              command: [/bin/sh, -c, ${JSON.stringify(script)}]
`;
  const nightly = pod("shop/nightly", { kind: "CronJob", labels: {} });
  const parts = (script: string, policies = ""): Parts => ({
    files: { "shop/cnp.yaml": lock("shop") + policies, "shop/job.yaml": job(script) },
    workloads: [nightly],
  });

  it.each(["git push origin main", "rclone sync /data remote:", "curl https://api.example.com/x", "apk add curl"])(
    "warns of a Job without labels that does `%s`",
    (script) => {
      const [finding] = findings(parts(script), RULE);
      expect(finding?.severity).toBe("warning");
      expect(finding?.message).toMatch(/no labels/);
    },
  );

  it("only mentions one that stays inside its namespace", () => {
    expect(findings(parts("curl http://web.shop.svc.cluster.local:8080/reload"), RULE).map((f) => f.severity)).toEqual([
      "info",
    ]);
  });

  it("is content once some policy speaks of it, and where nothing is locked", () => {
    const labelled = pod("shop/nightly", { kind: "CronJob" });
    const chosen = allow("shop/nightly", "egress:\n  - toEntities: [world]\n");
    expect(said({ ...parts("git push", chosen), workloads: [labelled] }, RULE)).toEqual([]);
    expect(said({ files: { "shop/job.yaml": job("git push") }, workloads: [nightly] }, RULE)).toEqual([]);
  });

  it("is the cause of all that such a Job cannot reach", () => {
    const declared = {
      source: { namespace: "shop", workload: "nightly", kind: "CronJob" },
      target: { kind: "host" as const, host: "backup.example.com" },
      port: 443,
      protocol: "TCP" as const,
      why: "backup",
      key: "args",
      sure: "certain" as const,
      origin: { file: "shop/job.yaml", line: 11, column: 1 },
    };
    const all = [
      ...findings({ ...parts("rclone sync a b:"), declared: [declared] }, RULE),
      ...findings({ ...parts(""), declared: [declared] }, "declared-dependency-dropped"),
    ];
    expect(new Set(all.map((f) => f.cause?.at)).size).toBe(1);
  });
});

describe("pods on the host network", () => {
  const agent = pod("ops/agent", { more: { hostNetwork: true } });

  it("are governed by no policy that selects them", () => {
    expect(
      said(
        { files: { "a.yaml": allow("ops/agent", "ingress:\n  - fromEntities: [world]\n") }, workloads: [agent] },
        "selector-is-host-network",
      ),
    ).toHaveLength(1);
    expect(
      said(
        {
          files: { "a.yaml": allow("ops/agent", "ingress:\n  - fromEntities: [world]\n") },
          workloads: [pod("ops/agent")],
        },
        "selector-is-host-network",
      ),
    ).toEqual([]);
  });

  it("are no peer by their labels", () => {
    const rule = (more = ""): string =>
      allow(
        "shop/web",
        `ingress:\n  - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: ops, app.kubernetes.io/name: agent}}]\n${more}`,
      );
    const parts = (text: string): Parts => ({ files: { "a.yaml": text }, workloads: [agent, pod("shop/web")] });
    expect(findings(parts(rule()), "peer-is-host-network").map((f) => f.severity)).toEqual(["error"]);
    expect(
      findings(parts(rule("  - fromEntities: [host, remote-node]\n")), "peer-is-host-network").map((f) => f.severity),
    ).toEqual(["info"]);
  });
});

describe("operator-jobs-unselected", () => {
  const database =
    "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: orders, namespace: data}\nspec: {}\n";
  const backup = (name: string, subject: string): string =>
    allow(
      `data/${name}`,
      'egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: storage, app: s3}}]\n    toPorts: [{ports: [{port: "9000"}]}]\n',
      subject,
    );
  const parts = (text: string): Parts => ({
    files: { "data/db.yaml": database, "data/cnp.yaml": lock("data") + text },
  });

  it("warns where the instances reach the backup and the Jobs that restore them do not", () => {
    const [finding] = findings(parts(backup("instances", "cnpg.io/podRole: instance")), "operator-jobs-unselected");
    expect(finding?.severity).toBe("warning");
    expect(finding?.message).toMatch(/full-recovery, snapshot-recovery/);
  });

  it("is content once the Jobs have the same egress, by their own label or by the cluster's", () => {
    const jobs = cnp(
      "data/jobs",
      'endpointSelector:\n  matchExpressions: [{key: cnpg.io/jobRole, operator: Exists}]\nenableDefaultDeny: {egress: false}\negress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: storage, app: s3}}]\n    toPorts: [{ports: [{port: "9000"}]}]\n',
    );
    expect(said(parts(backup("instances", "cnpg.io/podRole: instance") + jobs), "operator-jobs-unselected")).toEqual(
      [],
    );
    expect(said(parts(backup("all", "cnpg.io/cluster: orders")), "operator-jobs-unselected")).toEqual([]);
  });
});

describe("ping-needs-icmps", () => {
  const gate = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers:
        - name: wait
          command: [/bin/sh, -c, "until ping -c1 10.9.0.1; do sleep 1; done"]
`;
  const parts = (text: string): Parts => ({
    files: { "shop/app.yaml": gate, "shop/cnp.yaml": lock("shop") + text },
    workloads: [pod("shop/web")],
  });

  it("warns of a gate that waits for a ping nobody allows", () => {
    const ports = allow("shop/web", 'egress:\n  - toEntities: [world]\n    toPorts: [{ports: [{port: "443"}]}]\n');
    expect(findings(parts(ports), "ping-needs-icmps").map((f) => f.severity)).toEqual(["warning"]);
  });

  it("is content with icmps, or with a rule without ports", () => {
    for (const more of ["    icmps: [{fields: [{type: EchoRequest}]}]\n", ""])
      expect(said(parts(allow("shop/web", `egress:\n  - toEntities: [world]\n${more}`)), "ping-needs-icmps")).toEqual(
        [],
      );
  });
});

describe("tunnels with DHCP in them", () => {
  const clients = `apiVersion: v1
kind: Namespace
metadata: {name: fetch, labels: {routed-gateway: "true"}}
`;
  const toGateway =
    'egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: vpn, app.kubernetes.io/name: pod-gateway}}]\n    toPorts: [{ports: [{port: "4789", protocol: UDP}]}]\n';
  const ping =
    "  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: vpn, app.kubernetes.io/name: pod-gateway}}]\n    icmps: [{fields: [{type: 8, family: IPv4}]}]\n";
  const parts = (locked: string, text: string): Parts => ({
    files: { "fetch/ns.yaml": clients, "fetch/cnp.yaml": locked + allow("fetch/loader", text) },
    workloads: [pod("fetch/loader"), pod("vpn/pod-gateway")],
  });

  it("do not live under default deny", () => {
    expect(findings(parts(lock("fetch"), toGateway), "tunnel-under-default-deny").map((f) => f.severity)).toEqual([
      "error",
    ]);
    expect(said(parts("", toGateway), "tunnel-under-default-deny")).toEqual([]);
  });

  it("ping their gateway before they open, which ports do not allow", () => {
    expect(findings(parts(lock("fetch"), toGateway), "ping-needs-icmps").map((f) => f.severity)).toEqual(["warning"]);
    expect(said(parts(lock("fetch"), toGateway + ping), "ping-needs-icmps")).toEqual([]);
    expect(said(parts("", toGateway), "ping-needs-icmps")).toEqual([]);
  });
});
