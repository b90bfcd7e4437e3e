import { describe, expect, it } from "vitest";
import { auditOf, allow, cnp, findings, lock, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

/** DNS for every pod of a namespace, through Cilium's proxy. */
const dns = (namespace: string): string =>
  cnp(
    `${namespace}/allow-dns`,
    `
endpointSelector: {}
enableDefaultDeny: {ingress: false, egress: false}
egress:
  - toEndpoints:
      - matchLabels:
          io.kubernetes.pod.namespace: kube-system
          k8s-app: kube-dns
    toPorts:
      - ports:
          - {port: "53", protocol: UDP}
          - {port: "53", protocol: TCP}
        rules:
          dns:
            - matchPattern: "*"
`,
  );

const names = (list: string): string =>
  allow("web/app", `egress:\n  - toFQDNs: [${list}]\n    toPorts:\n      - ports: [{port: "443", protocol: TCP}]\n`);

const web = (text: string): Parts => ({ files: { "web/cnp.yaml": text } });

describe("fqdn-rule-cannot-match", () => {
  it("sees the entry that is a whole host and one label more, and can drop it where the host itself stands beside it", () => {
    const text = dns("web") + names('{matchPattern: api.example.com}, {matchPattern: "api.example.com.*"}');
    const report = auditOf(web(text));
    const [finding] = report.findings.filter((f) => f.rule === "fqdn-rule-cannot-match");
    expect(finding?.severity).toBe("warning");
    expect(finding?.fix).toBe("Remove the entry");
  });

  it("is an error where that entry is all there is", () => {
    const text = dns("web") + names('{matchPattern: "api.example.com.*"}');
    expect(findings(web(text), "fqdn-rule-cannot-match").map((f) => f.severity)).toEqual(["error"]);
  });

  it("takes a trailing star after half a name for what it is", () => {
    expect(said(web(dns("web") + names('{matchPattern: "mirror.internalname.*"}')), "fqdn-rule-cannot-match")).toEqual(
      [],
    );
  });

  it("knows that a Service's name is no FQDN", () => {
    const text = dns("web") + names("{matchName: db.data.svc.cluster.local}");
    const [finding] = findings(web(text), "fqdn-rule-cannot-match");
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/toEndpoints/);
  });

  it.each(["{matchName: api.example.com}", '{matchPattern: "*.example.com"}', '{matchPattern: "*"}'])(
    "is content with %s",
    (list) => {
      expect(said(web(dns("web") + names(list)), "fqdn-rule-cannot-match")).toEqual([]);
    },
  );

  describe("under CoreDNS autopath", () => {
    const values = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: coredns, namespace: kube-system}
spec:
  values:
    servers:
      - plugins:
          - name: kubernetes
          - name: autopath
            parameters: "@kubernetes"
`;
    const corefile = `apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
      autopath @kubernetes
    }
`;
    const parts = (resolver: string, list: string): Parts => ({
      files: { "dns.yaml": resolver, "web/cnp.yaml": dns("web") + names(list) },
    });

    it.each([
      ["chart values", values, "dns.yaml:9"],
      ["a Corefile", corefile, "dns.yaml:7"],
    ])("gives every name rule one cause, the line in %s", (_, resolver, at) => {
      const [finding] = findings(parts(resolver, "{matchName: api.example.com}"), "fqdn-rule-cannot-match");
      expect(finding?.severity).toBe("error");
      expect(finding?.cause).toEqual({ rule: "fqdn-rule-cannot-match", at });
    });

    it("leaves `*` alone, which matches the longer name too", () => {
      expect(said(parts(values, '{matchPattern: "*"}'), "fqdn-rule-cannot-match")).toEqual([]);
    });

    it("ignores a resolver that serves something else", () => {
      const other = values.replace("namespace: kube-system", "namespace: network");
      expect(said(parts(other, "{matchName: api.example.com}"), "fqdn-rule-cannot-match")).toEqual([]);
    });

    it("is a warning where world is open beside the names, and gone once the resolver is repaired", () => {
      const covered =
        dns("web") +
        names("{matchName: api.example.com}").replace(
          "- toFQDNs",
          '- toEntities: [world]\n      toPorts:\n        - ports: [{port: "443", protocol: TCP}]\n    - toFQDNs',
        );
      const before = findings({ files: { "dns.yaml": values, "web/cnp.yaml": covered } }, "fqdn-rule-cannot-match");
      expect(before.map((f) => f.severity)).toEqual(["warning"]);
      expect(findings({ files: { "web/cnp.yaml": covered } }, "fqdn-rule-cannot-match")).toEqual([]);
    });
  });
});

describe("fqdn-without-dns-rule", () => {
  it("is an error where no DNS rule goes through the proxy", () => {
    expect(
      findings(web(names("{matchName: api.example.com}")), "fqdn-without-dns-rule").map((f) => f.severity),
    ).toEqual(["error"]);
  });

  it("is content with the baseline's DNS rule, and with one that names the same host", () => {
    expect(said(web(dns("web") + names("{matchName: api.example.com}")), "fqdn-without-dns-rule")).toEqual([]);
    const narrow = dns("web").replace('matchPattern: "*"', "matchName: api.example.com");
    expect(said(web(narrow + names("{matchName: api.example.com}")), "fqdn-without-dns-rule")).toEqual([]);
  });

  it("sees a DNS rule that refuses the very name", () => {
    const narrow = dns("web").replace('matchPattern: "*"', "matchName: other.example.com");
    const [finding] = findings(web(narrow + names("{matchName: api.example.com}")), "fqdn-without-dns-rule");
    expect(finding?.message).toMatch(/do not forward/);
  });
});

describe("fqdn-wildcard-misses-in-cluster", () => {
  const source = `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: app, namespace: flux-system}
spec:
  url: oci://mirror.registry.svc.cluster.local:5000/charts/app
`;
  const registry = {
    workloads: [pod("registry/mirror", { ports: ["5000"] })],
    services: [service("registry/mirror", { "app.kubernetes.io/name": "mirror" }, ["5000"])],
  };
  const scanner = (more: string): Parts => ({
    ...registry,
    files: {
      "source.yaml": source,
      "bots/cnp.yaml":
        lock("bots") + dns("bots") + allow("bots/renovate", `egress:\n  - toFQDNs: [{matchPattern: "*"}]\n${more}`),
    },
  });

  it("warns for a tool that asks every source of the repository", () => {
    const [finding] = findings(scanner(""), "fqdn-wildcard-misses-in-cluster");
    expect(finding?.severity).toBe("warning");
    expect(finding?.message).toMatch(/mirror\.registry\.svc\.cluster\.local:5000/);
  });

  it("is content once the registry's pods are allowed", () => {
    const more = `  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: registry, app.kubernetes.io/name: mirror}}]\n    toPorts: [{ports: [{port: "5000", protocol: TCP}]}]\n`;
    expect(said(scanner(more), "fqdn-wildcard-misses-in-cluster")).toEqual([]);
  });

  it("has nothing to say where no source lies inside", () => {
    const parts = scanner("");
    const files = {
      ...parts.files,
      "source.yaml": source.replace("mirror.registry.svc.cluster.local:5000", "ghcr.io"),
    };
    expect(said({ ...parts, files }, "fqdn-wildcard-misses-in-cluster")).toEqual([]);
  });
});

describe("dns-rule-nobody-needs", () => {
  it("is only mentioned, and not where a name rule needs it", () => {
    expect(findings(web(dns("web")), "dns-rule-nobody-needs").map((f) => f.severity)).toEqual(["info"]);
    expect(said(web(dns("web") + names("{matchName: api.example.com}")), "dns-rule-nobody-needs")).toEqual([]);
  });
});

describe("dns-not-allowed", () => {
  const locked = (text: string): Parts => ({
    files: { "web/cnp.yaml": lock("web") + text },
    workloads: [pod("web/app")],
  });

  it("is an error in a locked namespace without the baseline", () => {
    const [finding] = findings(locked(""), "dns-not-allowed");
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/web\/Deployment\/app/);
  });

  it("is content with the baseline, with everything in the cluster, and with a resolver on the node", () => {
    expect(said(locked(dns("web")), "dns-not-allowed")).toEqual([]);
    expect(said(locked(allow("web/app", "egress:\n  - toEntities: [cluster]\n")), "dns-not-allowed")).toEqual([]);
    const node = `egress:\n  - toEntities: [host]\n    toPorts: [{ports: [{port: "53", protocol: ANY}]}]\n`;
    expect(said(locked(allow("web/app", node)), "dns-not-allowed")).toEqual([]);
  });

  it("knows the resolver by the port its pods open", () => {
    const other = dns("web").replaceAll('"53"', '"5353"');
    const parts = locked(other);
    expect(said(parts, "dns-not-allowed")).toHaveLength(1);
    const resolver = pod("kube-system/coredns", {
      labels: { "k8s-app": "kube-dns" },
      ports: ["dns:5353/UDP", "dnstcp:5353"],
    });
    expect(said({ ...parts, workloads: [...(parts.workloads ?? []), resolver] }, "dns-not-allowed")).toEqual([]);
  });

  it("does not mind pods that nothing locks", () => {
    expect(said({ workloads: [pod("web/app")] }, "dns-not-allowed")).toEqual([]);
  });
});
