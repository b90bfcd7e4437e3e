import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Edge } from "../../src/facts/edge.ts";
import type { DeclaredEdge, RouteFact } from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { walkFlows } from "../../src/replay/walk.ts";
import { edge, end, gateway, inventory, service, workload } from "./field.ts";

const board = workload("collab/Deployment/board", { app: "board" }, { ports: [["http", 8065]] });
const idp = workload("auth/Deployment/idp", { app: "idp" }, { ports: [["http", 9091]] });
const envoy = workload("network/Deployment/envoy", { app: "envoy" }, { ports: [["https", 10443]] });
const declares = (why: DeclaredEdge["why"], host: string): DeclaredEdge => ({
  source: { namespace: "collab", workload: "board", kind: "Deployment" },
  target: { kind: "host", host },
  port: 443,
  protocol: "TCP",
  why,
  key: why.toUpperCase(),
  sure: "certain",
  origin: { file: "board.yaml", line: 1, column: 1 },
});
const routeTo = (name: string, namespace: string): RouteFact => ({
  kind: "HTTPRoute",
  namespace,
  name,
  hostnames: [`${name}.example.com`],
  gateways: ["network/inside"],
  backends: [{ namespace, service: name, port: 80 }],
  sure: "certain",
  origin: null,
});
const field = inventory({
  workloads: [board, idp, envoy],
  services: [
    service("auth/idp", { app: "idp" }, [[80, 9091]]),
    service("collab/board", { app: "board" }, [[80, 8065]]),
  ],
  gateways: [gateway("network/inside", { app: "envoy" })],
  routes: [routeTo("idp", "auth"), routeTo("board", "collab")],
  declared: [declares("issuer", "idp.example.com"), declares("backup", "store.example.org")],
});
const flowsOf = (edges: readonly Edge[]) =>
  walkFlows({
    inventory: field,
    edges,
    settings: defaultSettings(),
    facts: { ...defaultClusterFacts, insideZones: ["example.com"] },
    namespace: "collab",
  });
const toBoard = (more: Partial<Edge>): Edge => edge(end(envoy), end(board), 8065, more);
const drop = (lastSeen: number): Edge["drops"][number] => ({
  class: "policy",
  reason: "POLICY_DENIED",
  direction: "ingress",
  flows: 1,
  lastSeen,
});
const routedTo = (edges: readonly Edge[]) =>
  flowsOf(edges).find(({ destination, by }) => by === "walk" && destination === "collab/Deployment/board")?.seen;

describe("what a person's walk must cause", () => {
  it("is the way in by every route, and the way to the identity provider", () => {
    const walk = flowsOf([]).filter(({ by }) => by === "walk");
    expect(walk.map(({ source, destination, port }) => `${source} ${destination} ${port}`)).toEqual([
      "collab/Deployment/board network/Deployment/envoy 10443",
      "network/Deployment/envoy collab/Deployment/board 8065",
    ]);
  });

  it("is told from what only something else brings about, which is named", () => {
    const other = flowsOf([]).find(({ destination }) => destination === "fqdn:store.example.org");
    expect(other).toMatchObject({ by: "other", exercise: "take a backup now and look at its log", seen: null });
  });

  it("was never seen, or was seen at its newest, whichever pods carried it", () => {
    expect(routedTo([])).toBeNull();
    expect(routedTo([toBoard({ lastSeen: 5 }), toBoard({ lastSeen: 9_000 })])).toEqual({ at: 9_000, dropped: false });
  });

  it("dropped at the far end is dropped, though the near end let it go", () => {
    expect(routedTo([toBoard({ lastSeen: 10_000, drops: [drop(10_000)] })])).toEqual({ at: 10_000, dropped: true });
    expect(routedTo([toBoard({ flows: 0, lastSeen: 10_000, drops: [drop(10_000)] })])).toMatchObject({ dropped: true });
  });

  it("that passes again after a drop has passed", () => {
    expect(routedTo([toBoard({ lastSeen: 60_000, drops: [drop(10_000)] })])).toEqual({ at: 60_000, dropped: false });
  });

  it("on another port or from somebody else is another flow", () => {
    expect(routedTo([edge(end(envoy), end(board), 1), edge(end(idp), end(board), 8065)])).toBeNull();
  });
});
