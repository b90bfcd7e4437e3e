import { describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../../src/facts/clock.ts";
import type { Edge } from "../../../src/facts/edge.ts";
import type { DeclaredEdge, Inventory, RouteFact, ServiceFact } from "../../../src/facts/inventory.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import type { LaneId } from "../../../src/facts/rollout.ts";
import { recoveryPath } from "../../../src/graph/gates/recovery-path.ts";
import { replay } from "../../../src/graph/gates/replay.ts";
import { unexercised } from "../../../src/graph/gates/unexercised.ts";
import { allow, baseline, coverage, defaultDeny, docs, edge, facts, inventory, NOW, workload } from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

/** A gateway (Service 443, container port 10443), an app with a login behind it, its provider, and DNS. */
const namespaces = ["collab", "auth", "network", "media"];
const dns = workload("kube-system/Deployment/coredns", [53], { podLabels: { "k8s-app": "kube-dns" } });
const board = workload("collab/Deployment/board", [8065]);
const workloads = [
  dns,
  board,
  workload("auth/Deployment/idp", [9091]),
  workload("network/Deployment/envoy", [10_443]),
  workload("media/Deployment/player", [8096]),
];
const service = (namespace: string, name: string, port: number, targetPort: number): ServiceFact => ({
  namespace,
  name,
  type: "ClusterIP",
  selector: { app: name },
  ports: [{ name: null, port, targetPort, containerPort: targetPort, protocol: "TCP" }],
  loadBalancerIps: [],
  hostnames: [],
  externalTrafficPolicy: null,
  externalName: null,
  sure: "certain",
  origin: null,
});
const route = (namespace: string, name: string, host: string, port: number): RouteFact => ({
  kind: "HTTPRoute",
  namespace,
  name,
  hostnames: [host],
  gateways: ["network/envoy"],
  backends: [{ namespace, service: name, port }],
  sure: "certain",
  origin: null,
});
const issuer: DeclaredEdge = {
  source: { namespace: "collab", workload: "board", kind: "Deployment" },
  target: { kind: "host", host: "auth.sample.example" },
  port: 443,
  protocol: "TCP",
  why: "issuer",
  key: "OIDC_ISSUER",
  sure: "certain",
  origin: { file: "collab/board.yaml", line: 12, column: 9 },
};
const more: Partial<Inventory> = {
  services: [service("collab", "board", 80, 8065), service("auth", "idp", 80, 9091)],
  routes: [route("collab", "board", "board.sample.example", 80), route("auth", "idp", "auth.sample.example", 80)],
  gateways: [
    {
      namespace: "network",
      name: "envoy",
      podLabels: { app: "envoy" },
      podNamespace: "network",
      listeners: [{ name: "https", port: 443, containerPort: 10_443, protocol: "HTTPS", hostname: null, udp: false }],
      addresses: ["192.0.2.10"],
      sure: "certain",
      origin: null,
    },
  ],
  declared: [issuer],
};
const state = (...yaml: string[]) =>
  inventory({ namespaces, workloads, objects: { "flux-system/apps": docs(...yaml) }, more });
const nothing = inventory({ namespaces, workloads, more });

const fromGateway = allow(
  "collab",
  "allow-gateway",
  `endpointSelector: { matchLabels: { app: board } }
ingress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": network, app: envoy } }], toPorts: [{ ports: [{ port: "8065" }] }] }]`,
);
const login = (port: number) =>
  allow(
    "collab",
    "allow-login",
    `endpointSelector: { matchLabels: { app: board } }
egress: [{ toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": network, app: envoy } }], toPorts: [{ ports: [{ port: "${port}" }] }] }]`,
  );
const whole = [baseline("collab"), fromGateway, login(10_443)];

const evidence = (edges: readonly Edge[], length = 2 * DAY) => known({ edges, coverage: coverage(length), starts: [] });
const visit = edge("network/Deployment/envoy", "collab/Deployment/board", 8065);
const asked = (yaml: readonly string[], edges: readonly Edge[] = [visit], lane: LaneId = "propose-allows") =>
  facts(lane, "collab", nothing, state(...yaml), { evidence: evidence(edges) });

describe("replay", () => {
  it("lets through what allows every recorded edge under default-deny", () => {
    const [note] = passed(replay, asked(whole));
    expect(note).toContain("1 recorded edges");
  });

  it("stops the gateway locked by its Service port: policy sees the container port", () => {
    const byServicePort = allow(
      "network",
      "allow-in",
      `endpointSelector: { matchLabels: { app: envoy } }
ingress: [{ fromEntities: [world, remote-node, host], toPorts: [{ ports: [{ port: "443" }] }] }]
egress: [{ toEndpoints: [{ matchExpressions: [{ key: io.kubernetes.pod.namespace, operator: Exists }] }] }]`,
    );
    const lan = edge("reserved:world", "network/Deployment/envoy", 10_443);
    const request = facts("propose-allows", "network", nothing, state(byServicePort), { evidence: evidence([lan]) });
    const refusal = stopped(replay, request, 19);
    expect(refusal.reason).toContain("10443");
  });

  it("judges both ends: a lock at the other end drops what this end allows", () => {
    const out = allow("collab", "allow-player", "endpointSelector: {}\negress: [{ toEntities: [cluster] }]");
    const locked = docs(baseline("media"), defaultDeny("media"));
    const call = edge("collab/Deployment/board", "media/Deployment/player", 8096);
    const refusal = stopped(
      replay,
      facts("propose-allows", "collab", state(locked), state(locked, ...whole, out), { evidence: evidence([call]) }),
      19,
    );
    expect(refusal.remedy).toContain("propose-repair");
  });

  it("judges load-balancer traffic as remote-node too, wherever the pod runs tomorrow", () => {
    const worldOnly = allow(
      "network",
      "allow-in",
      `endpointSelector: {}
ingress: [{ fromEntities: [world], toPorts: [{ ports: [{ port: "10443" }] }] }]
egress: [{ toEntities: [all] }]`,
    );
    const lan = edge("reserved:world", "network/Deployment/envoy", 10_443);
    const request = facts("propose-allows", "network", nothing, state(worldOnly), { evidence: evidence([lan]) });
    expect(stopped(replay, request, 19).reason).toContain("remote-node");
  });

  it("refuses before a whole day was seen, and asks nothing of a namespace without pods", () => {
    const short = facts("propose-allows", "collab", nothing, state(...whole), {
      evidence: evidence([visit], 5 * HOUR),
    });
    const refusal = stopped(replay, short, 5);
    expect(refusal.waitingFor?.until).toBeGreaterThan(NOW + 17 * HOUR);
    const empty = known({ edges: [], coverage: coverage(HOUR, { nodes: [], vacuous: true }), starts: [] });
    passed(replay, facts("propose-allows", "collab", nothing, state(...whole), { evidence: empty }));
    stopped(
      replay,
      facts("propose-allows", "collab", nothing, state(...whole), { evidence: unknown("no store", "a store") }),
      6,
    );
  });

  it("refuses over Cilium's own would-drop, and shows both", () => {
    const word = {
      egress: { named: [], unnamed: { flows: 4, lastSeen: NOW } },
      ingress: { named: [], unnamed: { flows: 0, lastSeen: 0 } },
    };
    const call = edge("collab/Deployment/board", "network/Deployment/envoy", 10_443, "TCP", { word });
    const before = state(...whole);
    const request = facts("propose-default-deny", "collab", before, state(...whole, defaultDeny("collab")), {
      evidence: evidence([call]),
      live: known({
        pods: [],
        services: [],
        policies: before.policies.map((p) => ({
          ref: p.ref,
          object: p.object as Record<string, unknown>,
          valid: true,
          message: null,
          owner: p.owner,
        })),
        kustomizations: [],
        sources: [],
        namespaces: [],
        nodes: [],
      }),
      soak: known({
        window: DAY,
        phase: "apps",
        resets: [{ at: NOW - DAY, why: "live" }],
        nodes: ["worker-1"],
        coverage: coverage(DAY),
        newWorkloads: [],
      }),
    });
    stopped(replay, request, 6);
  });

  it("shows what later namespaces will need, and is not held by it", () => {
    const notes = passed(replay, asked(whole, [visit]));
    expect(notes.join(" ")).toContain("Forecast");
  });

  it("lets a repair leave old holes alone, and stops one that takes away", () => {
    const dropped = edge("media/Deployment/player", "collab/Deployment/board", 8065);
    const locked = [...whole, defaultDeny("collab")];
    const repair = (after: readonly string[]) =>
      facts("propose-repair", "collab", state(...locked), state(...after), { evidence: evidence([visit, dropped]) });
    passed(
      replay,
      repair([...locked, allow("collab", "hole", "endpointSelector: {}\ningress: [{ fromEntities: [world] }]")]),
    );
    stopped(replay, repair(locked.filter((p) => p !== fromGateway)), 6);
  });
});

describe("unexercised", () => {
  it("stops the OIDC client whose token exchange nobody allowed and nobody ever saw", () => {
    const refusal = stopped(unexercised, asked([baseline("collab"), fromGateway]), 7);
    expect(refusal.reason).toContain("OIDC_ISSUER");
    expect(refusal.reason).toContain("10443");
  });

  it("stops an allow for the public port: inside, the gateway's container port is what counts", () => {
    stopped(unexercised, asked([baseline("collab"), fromGateway, login(443)]), 7);
  });

  it("lets through what is allowed and was never seen, with what a person does to see it", () => {
    const notes = passed(unexercised, asked(whole));
    expect(notes.join("\n")).toContain("log in to the app through its public address");
    expect(notes.join("\n")).toContain("kubectl rollout restart -n collab deployment/board");
  });

  it("refuses what nobody can place until a person explains it, and forgets the explanation when it expires", () => {
    const lost: DeclaredEdge = {
      ...issuer,
      target: { kind: "service", namespace: "gone", name: "db" },
      port: 5432,
      why: "database",
      key: "DB_HOST",
    };
    const after = inventory({
      namespaces,
      workloads,
      objects: { "flux-system/apps": docs(...whole) },
      more: { ...more, declared: [lost] },
    });
    const request = (expires: number) =>
      facts("propose-allows", "collab", nothing, after, {
        evidence: evidence([visit]),
        decisions: known([
          {
            kind: "explanation",
            namespace: "collab",
            edge: "collab/Deployment/board -> gone/db 5432/TCP",
            reason: "decommissioned",
            by: "jane",
            at: "d.yaml:3",
            expires,
          },
        ]),
      });
    passed(unexercised, request(NOW + DAY));
    stopped(unexercised, request(NOW - DAY), 7);
  });
});

describe("recovery-path", () => {
  it("lets a namespace through whose DNS, gateway and login stay open", () => {
    passed(recoveryPath, asked(whole));
  });

  it("stops a namespace without DNS, even for pods that do not exist yet", () => {
    const refusal = stopped(recoveryPath, asked([fromGateway, login(10_443)]), 27);
    expect(refusal.reason).toContain("DNS");
    const narrow = allow(
      "collab",
      "dns",
      `endpointSelector: { matchLabels: { app: board } }
egress: [{ toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": kube-system } }] }]`,
    );
    stopped(recoveryPath, asked([narrow, fromGateway, login(10_443)]), 27);
  });

  it("stops an app that its gateway cannot reach", () => {
    expect(stopped(recoveryPath, asked([baseline("collab"), login(10_443)]), 27).reason).toContain(
      "gateway network/envoy",
    );
  });

  it("asks nothing for an app that is suspended", () => {
    const resting = workloads.map((w) => (w === board ? { ...w, suspended: true } : w));
    const after = inventory({
      namespaces,
      workloads: resting,
      objects: { "flux-system/apps": baseline("collab") },
      more,
    });
    passed(recoveryPath, facts("propose-allows", "collab", nothing, after, { evidence: evidence([]) }));
  });

  it("stops a webhook that the API server could call from one node and not from another", () => {
    const hook =
      "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: { name: guard }\nwebhooks: [{ name: a, clientConfig: { service: { namespace: media, name: player, port: 443 } } }]";
    const media = { ...more, services: [service("media", "player", 443, 8096)], routes: [], declared: [] };
    const asks = (from: string) =>
      facts(
        "propose-allows",
        "media",
        nothing,
        inventory({
          namespaces,
          workloads,
          more: media,
          objects: {
            "flux-system/apps": docs(
              hook,
              baseline("media"),
              allow(
                "media",
                "hook",
                `endpointSelector: {}\ningress: [{ fromEntities: [${from}], toPorts: [{ ports: [{ port: "8096" }] }] }]`,
              ),
            ),
          },
        }),
      );
    stopped(recoveryPath, asks("host"), 34);
    passed(recoveryPath, asks("kube-apiserver, remote-node, host"));
  });

  it("wants one way for a tunnel to dial out, QUIC or HTTP/2", () => {
    const cloudflared = workload("network/Deployment/cloudflared");
    const tunnel = {
      ...cloudflared,
      containers: [{ name: "t", image: "docker.io/cloudflare/cloudflared:1", ports: [], probePorts: [] }],
    };
    const asks = (rule: string) =>
      facts(
        "propose-allows",
        "network",
        nothing,
        inventory({
          namespaces,
          workloads: [dns, tunnel],
          objects: {
            "flux-system/apps": docs(
              baseline("network"),
              allow(
                "network",
                "out",
                `endpointSelector: {}\negress: [{ toEntities: [world], toPorts: [{ ports: [${rule}] }] }]`,
              ),
            ),
          },
        }),
      );
    stopped(recoveryPath, asks(`{ port: "443", protocol: TCP }`), 27);
    passed(recoveryPath, asks(`{ port: "7844", protocol: UDP }`));
  });

  it("stops a lock that would cut off a Git server in here, the provider's database or the secret store", () => {
    const served = (namespace: string, name: string, port: number) =>
      [workload(`${namespace}/Deployment/${name}`, [port]), service(namespace, name, port, port)] as const;
    const [git, gitService] = served("forge", "gitea", 3000);
    const [db, dbService] = served("auth", "postgres", 5432);
    const [vault, vaultService] = served("vault", "vault", 8200);
    const [eso] = served("secrets", "external-secrets", 8080);
    const controller = { ...eso, podLabels: { "app.kubernetes.io/name": "external-secrets" } };
    const backing: DeclaredEdge = {
      ...issuer,
      source: { namespace: "auth", workload: "idp", kind: "Deployment" },
      target: { kind: "host", host: "postgres.auth.svc.cluster.local" },
      port: 5432,
      why: "database",
      key: "DB_HOST",
    };
    const objects = docs(
      "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: { name: home, namespace: flux-system }\nspec: { url: 'http://gitea.forge.svc.cluster.local:3000/home.git' }",
      "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: { name: vault }\nspec: { provider: { vault: { server: 'http://vault.vault.svc.cluster.local:8200' } } }",
    );
    const asks = (namespace: string, ...yaml: readonly string[]) =>
      facts(
        "propose-allows",
        namespace,
        nothing,
        inventory({
          namespaces: [...namespaces, "forge", "vault", "secrets"],
          workloads: [...workloads, git, db, vault, controller],
          objects: { "flux-system/apps": docs(objects, ...yaml) },
          more: {
            ...more,
            services: [...(more.services ?? []), gitService, dbService, vaultService],
            declared: [issuer, backing],
          },
        }),
      );
    const dnsOnly = (namespace: string): string =>
      allow(
        namespace,
        "dns",
        `endpointSelector: {}
egress: [{ toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": kube-system, "k8s:k8s-app": kube-dns } }] }]`,
      );
    const from = (namespace: string, port: number, peer: string) =>
      allow(
        namespace,
        "in",
        `endpointSelector: {}\ningress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": ${peer} } }], toPorts: [{ ports: [{ port: "${port}" }] }] }]`,
      );

    expect(stopped(recoveryPath, asks("forge", dnsOnly("forge")), 27).reason).toContain("GitOps source home");
    passed(recoveryPath, asks("forge", dnsOnly("forge"), from("forge", 3000, "flux-system")));
    expect(stopped(recoveryPath, asks("vault", dnsOnly("vault")), 27).reason).toContain("secret store vault");
    passed(recoveryPath, asks("vault", dnsOnly("vault"), from("vault", 8200, "secrets")));
    const gateway = from("auth", 9091, "network");
    expect(stopped(recoveryPath, asks("auth", dnsOnly("auth"), gateway), 27).reason).toContain(
      "identity provider's own backing",
    );
    passed(recoveryPath, asks("auth", baseline("auth"), gateway));
  });
});
