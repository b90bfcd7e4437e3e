import { describe, expect, it } from "vitest";
import { defaultSettings } from "../../src/facts/settings.ts";
import { replayJson } from "../../src/replay/json.ts";
import { replay, type ReplayRequest } from "../../src/replay/replay.ts";
import { additive, edge, end, gateway, inventory, policy, service, tcp, workload } from "./field.ts";

const web = workload("shop/Deployment/web", { app: "web" }, { ports: [["http", 8080]] });
const api = workload("shop/Deployment/api", { app: "api" }, { ports: [["http", 9000]] });
const envoy = workload("network/Deployment/envoy", { app: "envoy" }, { ports: [["https", 10443]] });
const field = inventory({ workloads: [web, api, envoy] });

const ask = (request: Partial<ReplayRequest> & Pick<ReplayRequest, "edges">) =>
  replay({
    policies: [],
    settings: defaultSettings(),
    inventory: field,
    with: { defaultDenyFor: ["shop"] },
    ...request,
  });

const fromGateway = additive("shop/web-allow", {
  endpointSelector: { matchLabels: { app: "web" } },
  ingress: [
    {
      fromEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "network", app: "envoy" } }],
      toPorts: tcp(8080),
    },
  ],
});

describe("replay of recorded edges", () => {
  it("drops under default-deny what no policy allows, and names what turned default-deny on", () => {
    const result = ask({ edges: [edge(end(envoy), end(web), 8080)] });
    expect(result.summary).toEqual({ allowed: 0, dropped: 1, unknown: 0 });
    expect(result.edges[0]?.ingress).toMatchObject({ verdict: "dropped", outcome: "default-denied" });
    expect(result.edges[0]?.why).toContain("shop/assumed-default-deny");
  });

  it("names the rule that allows it", () => {
    const json = replayJson(ask({ edges: [edge(end(envoy), end(web), 8080)], policies: [fromGateway] }), null);
    expect(json.edges[0]).toMatchObject({
      source: "network/Deployment/envoy",
      destination: "shop/Deployment/web",
      port: 8080,
      protocol: "TCP",
      flows: 10,
      observed: "FORWARDED",
      verdict: "allowed",
      ingress: { verdict: "allowed", by: [{ namespace: "shop", policy: "web-allow", rule: "/spec/ingress/0" }] },
    });
    expect(json.summary).toEqual({ allowed: 1, dropped: 0, unknown: 0 });
  });

  it("does not take the Service port for the container port", () => {
    const wrong = additive("shop/web-allow", {
      endpointSelector: { matchLabels: { app: "web" } },
      ingress: [{ fromEntities: ["cluster"], toPorts: tcp(80) }],
    });
    expect(ask({ edges: [edge(end(envoy), end(web), 8080)], policies: [wrong] }).summary.dropped).toBe(1);
  });

  it("judges both ends: an egress that is open on one side only is dropped at the other", () => {
    const open = additive("shop/web-allow", {
      endpointSelector: { matchLabels: { app: "web" } },
      egress: [{ toEndpoints: [{ matchLabels: { app: "api" } }], toPorts: tcp(9000) }],
    });
    const judged = ask({ edges: [edge(end(web), end(api), 9000)], policies: [open] }).edges[0];
    expect(judged?.egress.verdict).toBe("allowed");
    expect(judged?.ingress.verdict).toBe("dropped");
    expect(judged?.verdict).toBe("dropped");
  });

  it("leaves alone what no lock is assumed for", () => {
    expect(ask({ edges: [edge(end(web), end(api), 9000)], with: { defaultDenyFor: [] } }).summary.allowed).toBe(1);
  });

  it("looks only at the namespace asked for", () => {
    const edges = [edge(end(envoy), end("reserved:world"), 443), edge(end(web), end(api), 9000)];
    expect(ask({ edges, namespace: "shop" }).edges).toHaveLength(1);
  });

  it("explains what was only ever dropped apart from the rest", () => {
    const dropped = edge(end(envoy), end(web), 22, {
      flows: 0,
      verdicts: { DROPPED: 4 },
      drops: [{ class: "policy", reason: "POLICY_DENIED", direction: "ingress", flows: 4, lastSeen: 5 }],
    });
    const json = replayJson(ask({ edges: [dropped] }), null);
    expect(json.edges).toEqual([]);
    expect(json.drops[0]).toMatchObject({ observed: "DROPPED", reasons: ["POLICY_DENIED (policy), 4"] });
    expect(json.summary.dropped).toBe(0);
  });

  it("does not take an empty identity for anybody", () => {
    const nobody = end("unknown:0", { labels: [] });
    expect(ask({ edges: [edge(nobody, end(web), 8080)], policies: [fromGateway] }).edges[0]?.verdict).toBe("unknown");
  });
});

describe("who is who today", () => {
  it("judges a pod by the labels it has now", () => {
    const before = end({ ...web, podLabels: { app: "web-old" } });
    const judged = ask({ edges: [edge(end(envoy), before, 8080)], policies: [fromGateway] }).edges[0];
    expect(judged?.destination.labelsFrom).toBe("current");
    expect(judged?.verdict).toBe("allowed");
  });

  it("judges by the recorded labels where the chart keeps its own to itself", () => {
    const chart = { ...web, labelsComplete: false, podLabels: {} };
    const judged = ask({
      edges: [edge(end(envoy), end(web), 8080)],
      policies: [fromGateway],
      inventory: inventory({ workloads: [chart, api, envoy] }),
    }).edges[0];
    expect(judged?.destination.labelsFrom).toBe("recorded");
    expect(judged?.verdict).toBe("allowed");
  });

  it("lists a workload that is gone instead of judging it", () => {
    const gone = workload("shop/Deployment/old", { app: "old" });
    const later = edge(end(web), end(api), 9000, { lastSeen: 2 * 3_600_000 + 2_000 });
    const result = ask({ edges: [edge(end(gone), end(api), 9000), later] });
    expect(result.edges.map((e) => e.edge)).toEqual([later]);
    expect(result.vanished.map((v) => v.end)).toEqual(["shop/Deployment/old"]);
  });

  it("still judges one that no manifest knows while it is seen", () => {
    const stranger = workload("shop/Deployment/by-hand", { app: "by-hand" });
    expect(ask({ edges: [edge(end(stranger), end(api), 9000)] }).summary.dropped).toBe(1);
  });

  it("still judges it where somebody's chart could not be read", () => {
    const gone = workload("shop/Deployment/old", { app: "old" });
    const guessed = workload("shop/Deployment/mystery", {}, { sure: "guess", labelsComplete: false });
    const result = ask({
      edges: [edge(end(gone), end(api), 9000), edge(end(web), end(api), 9000, { lastSeen: 9_000_000 })],
      inventory: inventory({ workloads: [web, api, envoy, guessed] }),
    });
    expect(result.vanished).toEqual([]);
  });
});

describe("positions", () => {
  const hostOnly = additive("shop/web-allow", {
    endpointSelector: { matchLabels: { app: "web" } },
    ingress: [{ fromEntities: ["host"], toPorts: tcp(8080) }],
  });

  it("judges a client on the host's network as if it ran on another node", () => {
    const judged = ask({ edges: [edge(end("reserved:host"), end(web), 8080)], policies: [hostOnly] }).edges[0];
    expect(judged?.verdict).toBe("dropped");
    expect(judged?.ingress.position).toContain("reserved:remote-node");
  });

  it("lets a kubelet probe be local, because it always is", () => {
    const probed = { ...web, containers: web.containers.map((c) => ({ ...c, probePorts: ["http"] })) };
    const judged = ask({
      edges: [edge(end("reserved:host"), end(probed), 8080)],
      inventory: inventory({ workloads: [probed, api, envoy] }),
    }).edges[0];
    expect(judged?.verdict).toBe("allowed");
  });

  it("also where that node serves the API", () => {
    const probed = { ...web, containers: web.containers.map((c) => ({ ...c, probePorts: [8080] })) };
    const node = end("reserved:kube-apiserver", { labels: ["reserved:host", "reserved:kube-apiserver"] });
    const judged = ask({
      edges: [edge(node, end(probed), 8080)],
      inventory: inventory({ workloads: [probed, api, envoy] }),
    }).edges[0];
    expect(judged?.verdict).toBe("allowed");
  });

  const fromWorld = additive("network/envoy-allow", {
    endpointSelector: { matchLabels: { app: "envoy" } },
    ingress: [{ fromEntities: ["world"], toPorts: tcp(10443) }],
  });
  const balanced = (policyOf: "Local" | "Cluster" | null) =>
    ask({
      edges: [edge(end("reserved:world", { ips: ["192.168.1.7"] }), end(envoy), 10443)],
      policies: [fromWorld],
      with: { defaultDenyFor: ["network"] },
      inventory: inventory({
        workloads: [web, api, envoy],
        services: [
          service("network/envoy", { app: "envoy" }, [[443, 10443]], {
            type: "LoadBalancer",
            externalTrafficPolicy: policyOf,
          }),
        ],
      }),
    }).edges[0];

  it("judges a LAN client behind a load balancer as a remote node too", () => {
    expect(balanced("Cluster")?.verdict).toBe("dropped");
    expect(balanced(null)?.verdict).toBe("dropped");
  });

  it("unless the client's address is known to be kept", () => {
    expect(balanced("Local")?.verdict).toBe("allowed");
  });

  it("counts a gateway's data plane as balanced even where its Service is not in the repository", () => {
    const judged = ask({
      edges: [edge(end("reserved:world"), end(envoy), 10443)],
      policies: [fromWorld],
      with: { defaultDenyFor: ["network"] },
      inventory: inventory({ workloads: [web, api, envoy], gateways: [gateway("network/external", { app: "envoy" })] }),
    }).edges[0];
    expect(judged?.verdict).toBe("dropped");
  });

  it("judges the API server as host, as remote node and alone", () => {
    const remote = additive("shop/api-allow", {
      endpointSelector: { matchLabels: { app: "api" } },
      ingress: [{ fromEntities: ["remote-node"], toPorts: tcp(9000) }],
    });
    const entity = additive("shop/api-allow", {
      endpointSelector: { matchLabels: { app: "api" } },
      ingress: [{ fromEntities: ["kube-apiserver"], toPorts: tcp(9000) }],
    });
    const apiserver = end("reserved:kube-apiserver", { labels: ["reserved:kube-apiserver", "reserved:remote-node"] });
    expect(ask({ edges: [edge(apiserver, end(api), 9000)], policies: [remote] }).edges[0]?.verdict).toBe("dropped");
    expect(ask({ edges: [edge(apiserver, end(api), 9000)], policies: [entity] }).edges[0]?.verdict).toBe("allowed");
  });
});

describe("names", () => {
  const byName = additive("shop/web-allow", {
    endpointSelector: { matchLabels: { app: "web" } },
    egress: [{ toFQDNs: [{ matchName: "api.github.com" }], toPorts: tcp(443) }],
  });
  const outside = end("fqdn:api.github.com", {
    labels: ["reserved:world"],
    names: ["api.github.com"],
    ips: ["140.82.1.1"],
  });
  const named = edge(end(web), outside, 443, { lastSeen: 2_000 });

  it("allows an older flow by its name on paper only", () => {
    const judged = ask({ edges: [named], policies: [byName] }).edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", onPaper: true });
  });

  it("does not count the name of a flow that was recorded while the rule was live and carries no label", () => {
    const live = { policies: [byName], since: 1_000 };
    const judged = ask({ edges: [named], policies: live.policies, live }).edges[0];
    expect(judged).toMatchObject({ verdict: "dropped", onPaper: false });
  });

  it("counts the label", () => {
    const labelled = { ...outside, labels: ["fqdn:api.github.com", "reserved:world"] };
    const live = { policies: [byName], since: 1_000 };
    const judged = ask({ edges: [edge(end(web), labelled, 443)], policies: live.policies, live }).edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", onPaper: false });
  });

  it("counts Cilium naming the policy", () => {
    const live = { policies: [byName], since: 1_000 };
    const egress = {
      named: [
        {
          policy: { kind: "CiliumNetworkPolicy", namespace: "shop", name: "web-allow" } as const,
          flows: 3,
          lastSeen: 2_000,
        },
      ],
      unnamed: { flows: 0, lastSeen: 0 },
    };
    const judged = ask({ edges: [{ ...named, word: { ...named.word, egress } }], policies: live.policies, live })
      .edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", onPaper: false });
  });
});

describe("Cilium's own word", () => {
  const silent = { named: [], unnamed: { flows: 0, lastSeen: 0 } };
  const unnamed = { ...silent, unnamed: { flows: 7, lastSeen: 2_000 } };
  const named = (name: string) => ({
    ...silent,
    named: [{ policy: { kind: "CiliumNetworkPolicy", namespace: "shop", name } as const, flows: 7, lastSeen: 2_000 }],
  });
  const live = { policies: [fromGateway], since: 1_500 };
  const base = edge(end(envoy), end(web), 8080);

  it("comes before ours: what it let pass without naming a policy, default-deny drops", () => {
    const heard = { ...base, word: { egress: silent, ingress: unnamed } };
    const judged = ask({ edges: [heard], policies: live.policies, live }).edges[0];
    expect(judged?.verdict).toBe("dropped");
    expect(judged?.disagreement).toContain("7 new connections");
  });

  it("is no news where ours agrees and the change brings the missing allow", () => {
    const heard = { ...base, word: { egress: silent, ingress: unnamed } };
    const judged = ask({ edges: [heard], policies: [fromGateway], live: { policies: [], since: 1_500 } }).edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", disagreement: null });
  });

  it("is stale when it was spoken before the policies became what they are", () => {
    const heard = { ...base, word: { egress: silent, ingress: unnamed } };
    const judged = ask({ edges: [heard], policies: live.policies, live: { ...live, since: 5_000 } }).edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", disagreement: null });
  });

  it("shows both where Cilium allowed by a policy and ours would drop", () => {
    const elsewhere = additive("shop/web-allow", { endpointSelector: { matchLabels: { app: "web" } }, ingress: [{}] });
    const heard = { ...base, word: { egress: silent, ingress: named("web-allow") } };
    const judged = ask({ edges: [heard], policies: [elsewhere], live: { policies: [elsewhere], since: 0 } }).edges[0];
    expect(judged?.verdict).toBe("dropped");
    expect(judged?.disagreement).toContain("shop/web-allow");
  });

  it("says nothing about a direction that nothing locks", () => {
    const heard = { ...base, word: { egress: unnamed, ingress: named("web-allow") } };
    const judged = ask({ edges: [heard], policies: live.policies, live }).edges[0];
    expect(judged).toMatchObject({ verdict: "allowed", disagreement: null });
  });
});

describe("invalid policies", () => {
  it("count for nothing and are named", () => {
    const broken = policy("shop/web-allow", { endpointSelector: {}, ingress: [] });
    const json = replayJson(ask({ edges: [edge(end(envoy), end(web), 8080)], policies: [broken] }), null);
    expect(json.invalid).toEqual([{ namespace: "shop", policy: "web-allow" }]);
    expect(json.summary.dropped).toBe(1);
  });
});

describe("an end without an identity", () => {
  it("is unknown at its own end too", () => {
    const judged = ask({ edges: [edge(end("unknown:0", { labels: [] }), end("reserved:world"), 443)] }).edges[0];
    expect(judged?.egress.verdict).toBe("unknown");
  });
});
