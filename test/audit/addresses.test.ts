import { describe, expect, it } from "vitest";
import { allow, findings, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const to = (cidr: string, port = "443"): string =>
  allow("web/app", `egress:\n  - toCIDR: [${cidr}]\n    toPorts:\n      - ports: [{port: "${port}", protocol: TCP}]\n`);

const files = (text: string, more: Readonly<Record<string, string>> = {}): Parts => ({
  files: { "web/cnp.yaml": text, ...more },
});

describe("lb-address-cidr-never-matches", () => {
  const pool = {
    "pool.yaml": `apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata: {name: main}
spec:
  blocks:
    - cidr: 10.99.0.0/24
    - {start: 10.98.0.10, stop: 10.98.0.20}
`,
  };
  const metal = {
    "metal.yaml": `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: lan, namespace: metallb-system}
spec:
  addresses: [192.168.7.200-192.168.7.250]
`,
  };

  it.each(["10.99.0.0/24", "10.99.0.7/32", "10.98.0.12/32"])("is an error for %s inside the pool", (cidr) => {
    const [finding] = findings(files(to(cidr), pool), "lb-address-cidr-never-matches");
    expect(finding?.severity).toBe("error");
    expect(finding?.related[0]?.file).toBe("pool.yaml");
  });

  it("reads MetalLB's spans", () => {
    expect(said(files(to("192.168.7.210/32"), metal), "lb-address-cidr-never-matches")).toHaveLength(1);
    expect(said(files(to("192.168.7.10/32"), metal), "lb-address-cidr-never-matches")).toEqual([]);
  });

  it("says nothing of the LAN, of a wider network, or of clients by address", () => {
    expect(said(files(to("192.168.1.0/24"), pool), "lb-address-cidr-never-matches")).toEqual([]);
    expect(said(files(to("10.0.0.0/8"), pool), "lb-address-cidr-never-matches")).toEqual([]);
    const from = allow("web/app", "ingress:\n  - fromCIDR: [10.99.0.0/24]\n");
    expect(said(files(from, pool), "lb-address-cidr-never-matches")).toEqual([]);
  });

  it("leaves an address alone whose Service has no pods: that one is an address like any other", () => {
    const nas = service("storage/nas", null, ["443"], { type: "LoadBalancer", loadBalancerIps: ["10.99.0.9"] });
    const gone = service("web/gone", { app: "gone" }, ["80"], {
      type: "LoadBalancer",
      loadBalancerIps: ["10.99.0.9"],
    });
    for (const behind of [nas, gone])
      expect(said({ ...files(to("10.99.0.9/32"), pool), services: [behind] }, "lb-address-cidr-never-matches")).toEqual(
        [],
      );
  });

  it("names the pods behind an address that a Service asks for", () => {
    const mail = service("mail/smtp", { "app.kubernetes.io/name": "smtp" }, ["25:2525"], {
      type: "LoadBalancer",
      loadBalancerIps: ["172.31.0.4"],
    });
    const parts = {
      ...files(to("172.31.0.4/32", "25")),
      services: [mail],
      workloads: [pod("mail/smtp", { ports: ["2525"] })],
    };
    const [finding] = findings(parts, "lb-address-cidr-never-matches");
    expect(finding?.message).toMatch(/mail\/smtp/);
  });
});

describe("cluster-range-by-cidr", () => {
  const resolver = {
    "dns.yaml": `apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {clusterIP: 10.96.0.10, ports: [{port: 53}]}
`,
  };
  const agent = {
    "cilium.yaml": `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cilium, namespace: kube-system}
spec:
  values: {ipv4NativeRoutingCIDR: 10.42.0.0/16}
`,
  };

  it("warns of a Service range that some Service's address proves", () => {
    expect(findings(files(to("10.96.0.0/12"), resolver), "cluster-range-by-cidr").map((f) => f.severity)).toEqual([
      "warning",
    ]);
  });

  it("only mentions a range that is Services by convention alone", () => {
    expect(findings(files(to("10.96.0.0/12")), "cluster-range-by-cidr").map((f) => f.severity)).toEqual(["info"]);
  });

  it("warns of the pod range, in both directions", () => {
    expect(findings(files(to("10.42.3.0/24"), agent), "cluster-range-by-cidr").map((f) => f.severity)).toEqual([
      "warning",
    ]);
    const from = allow("web/app", "ingress:\n  - fromCIDR: [10.42.0.0/16]\n");
    expect(findings(files(from, agent), "cluster-range-by-cidr")).toHaveLength(1);
  });

  it("is quiet about the LAN, and only mentions what everything in the cluster being open hides", () => {
    expect(said(files(to("192.168.1.0/24"), resolver), "cluster-range-by-cidr")).toEqual([]);
    const open = allow("web/app", "egress:\n  - toEntities: [cluster]\n  - toCIDR: [10.96.0.0/12]\n");
    expect(findings(files(open, resolver), "cluster-range-by-cidr").map((f) => f.severity)).toEqual(["info"]);
  });
});

describe("apiserver-by-cidr and node-by-cidr", () => {
  const agent = {
    "cilium.yaml": `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cilium, namespace: kube-system}
spec:
  values: {k8sServiceHost: 192.168.9.1}
`,
  };

  it("knows the API server by its port, and surely by its address", () => {
    expect(findings(files(to("192.168.9.1/32", "6443")), "apiserver-by-cidr").map((f) => f.severity)).toEqual([
      "warning",
    ]);
    expect(findings(files(to("192.168.9.1/32", "6443"), agent), "apiserver-by-cidr").map((f) => f.severity)).toEqual([
      "error",
    ]);
  });

  it("knows a node by a port that only nodes have", () => {
    expect(said(files(to("192.168.9.0/24", "10250")), "node-by-cidr")).toHaveLength(1);
    expect(said(files(to("192.168.9.0/24", "8080")), "node-by-cidr")).toEqual([]);
  });

  it("takes the entity, and the LAN's own machines", () => {
    const entity = allow(
      "web/app",
      'egress:\n  - toEntities: [kube-apiserver]\n    toPorts:\n      - ports: [{port: "6443"}]\n',
    );
    expect(said(files(entity, agent), "apiserver-by-cidr")).toEqual([]);
    expect(said(files(to("192.168.9.77/32", "443"), agent), "apiserver-by-cidr")).toEqual([]);
  });
});
