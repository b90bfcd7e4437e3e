import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { placements, targetName } from "../../../src/facts/declared.ts";
import { memoryTree } from "../../../src/facts/tree.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";

const CERT_MANAGER = (values = "{}") => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cert-manager, namespace: cert-manager}
spec:
  chart: {spec: {chart: cert-manager, sourceRef: {kind: HelmRepository, name: jetstack}}}
  values: ${values}
`;

const issuer = (solvers: string) => `apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: acme}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    solvers: ${solvers}
`;

const read = (...manifests: readonly string[]) =>
  readInventory(
    memoryTree({
      "kustomization.yaml": `resources: [${manifests.map((_, i) => `m${i}.yaml`).join(", ")}]\n`,
      ...Object.fromEntries(manifests.map((text, i) => [`m${i}.yaml`, text])),
    }),
    defaultClusterFacts,
  );

const edges = (...manifests: readonly string[]): readonly string[] =>
  read(...manifests).declared.map(
    (d) => `${d.source.namespace}/${d.source.workload} > ${targetName(d)}:${d.port}/${d.protocol}`,
  );

const AUTHORITY = "cert-manager/cert-manager > acme-v02.api.letsencrypt.org:443/TCP";
const ZONE = ["TCP", "UDP"].map((protocol) => `cert-manager/cert-manager > outside:53/${protocol}`);

describe("an ACME issuer", () => {
  it("reaches the API of its DNS provider, and the zone's own servers before it tells the authority", () => {
    expect(edges(CERT_MANAGER(), issuer("[{dns01: {cloudflare: {email: a@b.example}}}]"))).toEqual([
      AUTHORITY,
      "cert-manager/cert-manager > api.cloudflare.com:443/TCP",
      ...ZONE,
    ]);
    expect(edges(CERT_MANAGER(), issuer("[{dns01: {route53: {region: eu-west-1, role: arn}}}]"))).toContain(
      "cert-manager/cert-manager > sts.eu-west-1.amazonaws.com:443/TCP",
    );
  });

  it("asks resolvers alone where its chart says so", () => {
    const values = '{dns01RecursiveNameserversOnly: true, dns01RecursiveNameservers: "1.1.1.1:53,9.9.9.9:53"}';
    const found = edges(CERT_MANAGER(values), issuer("[{dns01: {digitalocean: {}}}]"));
    expect(found).toContain("cert-manager/cert-manager > 1.1.1.1:53/UDP");
    expect(found.filter((e) => ZONE.includes(e))).toEqual([]);
  });

  it("reads the server where the provider names one", () => {
    const acmeDns = issuer("[{dns01: {acmeDNS: {host: https://acmedns.example.net}}}]");
    expect(edges(CERT_MANAGER(), acmeDns)).toContain("cert-manager/cert-manager > acmedns.example.net:443/TCP");
    const rfc2136 = issuer('[{dns01: {rfc2136: {nameserver: "192.168.1.1:5353"}}}]');
    expect(edges(CERT_MANAGER(), rfc2136)).toContain("cert-manager/cert-manager > 192.168.1.1:5353/TCP");
  });

  it("leaves a webhook's provider to the webhook's pods", () => {
    const pods = `apiVersion: apps/v1
kind: Deployment
metadata: {name: cert-manager-webhook-ovh, namespace: cert-manager}
spec: {template: {metadata: {labels: {app: ovh}}, spec: {containers: [{name: a, image: b}]}}}
`;
    expect(edges(CERT_MANAGER(), pods, issuer("[{dns01: {webhook: {solverName: ovh, groupName: acme.x}}}]"))).toContain(
      "cert-manager/cert-manager-webhook-ovh > eu.api.ovh.com:443/TCP",
    );
  });

  it("answers an HTTP-01 challenge through the gateway, and asks itself first by the same way", () => {
    const inventory = read(
      CERT_MANAGER(),
      issuer("[{http01: {gatewayHTTPRoute: {parentRefs: [{name: outer, namespace: edge}]}}}]"),
      `apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
spec: {dnsNames: [shop.example.net, "*.example.net"], issuerRef: {kind: ClusterIssuer, name: acme}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: eg}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: outer, namespace: edge}
spec: {gatewayClassName: eg, listeners: [{name: http, port: 80, protocol: HTTP, hostname: "*.example.net"}]}
`,
    );
    const facts = { ...defaultClusterFacts, insideZones: ["example.net"] };
    const placed = placements(inventory, facts).map(({ source, landing }) =>
      landing.kind === "pods"
        ? `${source.namespace}/${source.name} > ${landing.pods.namespace}/${landing.pods.workload?.name ?? ""}:${landing.port}`
        : `${source.name} > ${landing.kind}`,
    );
    expect(placed).toContain("edge/outer > shop/cm-acme-http-solver:8089");
    expect(placed).toContain("cert-manager/cert-manager > edge/outer:10080");
    expect(placed).not.toContain("cert-manager/cert-manager > edge/outer:10443");
  });
});
