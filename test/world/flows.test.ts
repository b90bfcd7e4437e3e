import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import { array, assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { TraceObservationPoint, TrafficDirection, Verdict, type Flow } from "../../src/hubble/proto/flow/flow.ts";
import { WORLD_START } from "../../src/world/world.ts";
import type { FlowRecord } from "../../src/world/traffic/traffic.ts";
import { trafficOf } from "./traffic.ts";
import { commit, flowsOf, follow, withWorld } from "./world.ts";

const NOON = WORLD_START + 12 * HOUR;
const flows = (records: readonly FlowRecord[]): Flow[] => records.map((r) => r.shape.flow);
const namespaces = (flow: Flow): string => `${flow.source?.namespace ?? ""}>${flow.destination?.namespace ?? ""}`;

describe("the traffic model", () => {
  it("is a pure function of time: however a window is cut, the same flows come out", async () => {
    const { traffic } = await trafficOf([{ kind: "journey", time: NOON + 9 * MINUTE, journey: "login board" }]);
    const to = NOON + 40 * MINUTE;
    const whole = traffic.between(NOON, to).map((r) => `${String(r.time)} ${r.uuid}`);
    assert(
      property(array(integer({ min: 1, max: 40 * 60_000 - 1 }), { maxLength: 6 }), (cuts) => {
        const edges = [NOON, ...cuts.map((c) => NOON + c).sort((a, b) => a - b), to];
        const parts = edges.slice(0, -1).flatMap((from, i) => traffic.between(from, edges[i + 1] ?? to));
        expect(parts.map((r) => `${String(r.time)} ${r.uuid}`)).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });

  it("stays under 150,000 flows a day, hears every node every minute, and gives each event an id of its own", async () => {
    const { traffic } = await trafficOf();
    const heard = new Map<string, Set<number>>();
    const ids = new Set<string>();
    let count = 0;
    for (let from = WORLD_START; from < WORLD_START + DAY; from += HOUR) {
      for (const record of traffic.between(from, from + HOUR)) {
        count += 1;
        ids.add(record.uuid);
        const { name } = record.shape.node;
        heard.set(name, (heard.get(name) ?? new Set()).add(Math.floor(record.time / MINUTE)));
      }
    }
    expect(count).toBeLessThanOrEqual(150_000);
    expect(ids.size).toBe(count);
    expect([...heard.values()].map((minutes) => minutes.size)).toEqual([1_440, 1_440, 1_440]);
  });

  it("calls the identity provider from board's server only when a person logs in", async () => {
    const quiet = await trafficOf();
    const isCallback = (f: Flow): boolean =>
      namespaces(f) === "collab>network" && f.isReply === false && f.l4?.TCP?.destinationPort === 10_443;
    for (const day of [0, 6]) {
      const at = WORLD_START + day * DAY;
      expect(flows(quiet.traffic.between(at + 8 * HOUR, at + 12 * HOUR)).filter(isCallback)).toEqual([]);
    }
    const { traffic } = await trafficOf([{ kind: "journey", time: NOON, journey: "login board" }]);
    expect(flows(traffic.between(NOON, NOON + MINUTE)).filter(isCallback).length).toBeGreaterThan(0);
  });

  it("lets LAN clients arrive as world and as remote-node, and never as host", async () => {
    const { traffic } = await trafficOf();
    const seen = new Set<string>();
    for (const flow of flows(traffic.between(WORLD_START + 8 * HOUR, WORLD_START + 20 * HOUR))) {
      if (flow.destination?.namespace !== "network" || flow.l4?.TCP?.destinationPort !== 10_443) continue;
      if (flow.source?.namespace === "" && flow.isReply === false)
        for (const label of flow.source.labels) seen.add(label);
    }
    expect([...seen].sort()).toEqual(["reserved:kube-apiserver", "reserved:remote-node", "reserved:world"]);
  });

  it("backs the database up on Sundays alone", async () => {
    const { traffic } = await trafficOf();
    const backup = (f: Flow): boolean => f.source?.namespace === "databases" && f.IP?.destination === "203.0.113.40";
    const sunday = WORLD_START + 6 * DAY;
    expect(flows(traffic.between(WORLD_START + 2 * HOUR, WORLD_START + 3 * HOUR)).some(backup)).toBe(false);
    expect(flows(traffic.between(sunday + 2 * HOUR, sunday + 3 * HOUR)).some(backup)).toBe(true);
  });

  it("shows a restarted pod under a new name and address, with what it does only when it starts", async () => {
    const { traffic } = await trafficOf([{ kind: "restart", time: NOON, workload: "home/stock", replica: 0 }]);
    const [before] = traffic.pods(NOON - 1).filter((p) => p.workload.id === "home/stock");
    const [after] = traffic.pods(NOON).filter((p) => p.workload.id === "home/stock");
    expect(after?.name).not.toBe(before?.name);
    expect(after?.ip).not.toBe(before?.ip);
    expect(after?.identityLabels).toEqual(before?.identityLabels);
    const first = flows(traffic.between(NOON, NOON + 30_000)).filter((f) => f.source?.podName === after?.name);
    expect(first.some((f) => f.destination?.namespace === "databases")).toBe(true);
    const others = (time: number): string[] =>
      traffic
        .pods(time)
        .filter((p) => p.workload.id !== "home/stock")
        .map((p) => p.ip);
    expect(others(NOON)).toEqual(others(NOON - 1));
  });
});

describe("what Hubble shows of a connection", () => {
  it("hides FROM_* points and shows translated ports only", async () => {
    const { traffic } = await trafficOf();
    const points = new Set<number>();
    for (const flow of flows(traffic.between(NOON, NOON + 2 * HOUR))) {
      points.add(flow.traceObservationPoint);
      if (flow.destination?.namespace === "selfhosted" && flow.isReply === false)
        expect(flow.l4?.TCP?.destinationPort).toBe(8080);
    }
    const { TO_ENDPOINT, TO_STACK, TO_PROXY, TO_NETWORK, UNKNOWN_POINT } = TraceObservationPoint;
    expect([TO_ENDPOINT, TO_STACK, TO_PROXY, TO_NETWORK, UNKNOWN_POINT]).toEqual(expect.arrayContaining([...points]));
  });

  it("emits policy verdicts only where a policy selects the pod in that direction", async () => {
    const { traffic } = await trafficOf();
    for (const flow of flows(traffic.between(NOON, NOON + 6 * HOUR))) {
      if (flow.eventType?.type !== 5) continue;
      const subject = flow.trafficDirection === TrafficDirection.INGRESS ? flow.destination : flow.source;
      expect(["media", "tools"]).toContain(subject?.namespace);
      if (subject?.namespace === "tools") expect(subject.labels.join()).toMatch(/name=(cache|pgadmin4)/);
    }
  });

  it("names the policy that let a connection through", async () => {
    const { traffic } = await trafficOf();
    const verdicts = flows(traffic.between(WORLD_START + 16 * HOUR, WORLD_START + 23 * HOUR)).filter(
      (f) => f.eventType?.type === 5,
    );
    const named = (f: Flow): string[] => [...f.ingressAllowedBy, ...f.egressAllowedBy].map((p) => p.name);
    expect(verdicts.filter((f) => f.source?.namespace === "network").map(named)).toContainEqual(["allow-player"]);
    expect(verdicts.filter((f) => f.destination?.namespace === "kube-system").map(named)).toContainEqual(["allow-dns"]);
    expect(verdicts.filter((f) => f.destination?.labels.includes("reserved:world")).map(named)).toContainEqual([
      "allow-player",
    ]);
  });

  it("redirects DNS to the proxy where an L7 rule stands: search domains asked first, answers swapped", async () => {
    const { traffic } = await trafficOf();
    const dns = flows(traffic.between(NOON, NOON + 11 * HOUR)).filter((f) => f.l7?.dns !== undefined);
    const asked = dns.filter((f) => f.isReply === false).map((f) => f.l7?.dns?.query);
    expect(asked.slice(0, 4)).toEqual([
      "metadata.films.example.media.svc.cluster.local.",
      "metadata.films.example.svc.cluster.local.",
      "metadata.films.example.cluster.local.",
      "metadata.films.example.",
    ]);
    const answer = dns.find((f) => f.isReply === true && (f.l7?.dns?.ips.length ?? 0) > 0);
    expect(namespaces(answer ?? dns[0] ?? ({} as Flow))).toBe("kube-system>media");
    expect(answer?.trafficDirection).toBe(TrafficDirection.EGRESS);
  });

  it("reports cross-node traffic from both nodes and same-node traffic as ingress alone", async () => {
    const { traffic } = await trafficOf();
    const forward = traffic
      .between(NOON, NOON + 2 * HOUR)
      .filter(
        (r) =>
          r.shape.flow.isReply === false &&
          r.shape.flow.source?.podName !== "" &&
          r.shape.flow.destination?.podName !== "" &&
          r.shape.flow.eventType?.type === 4,
      );
    const pods = new Map([NOON, NOON + 16 * MINUTE].flatMap((t) => traffic.pods(t)).map((p) => [p.name, p.node.name]));
    for (const { shape } of forward) {
      const same = pods.get(shape.flow.source?.podName ?? "") === pods.get(shape.flow.destination?.podName ?? "");
      if (same && shape.flow.traceObservationPoint !== TraceObservationPoint.TO_PROXY) {
        expect(shape.flow.trafficDirection).toBe(TrafficDirection.INGRESS);
      }
      const local =
        shape.node.name === pods.get(shape.flow.source?.podName ?? "") ? shape.flow.source : shape.flow.destination;
      expect(local?.workloads).toHaveLength(1);
    }
  });
});

describe("a default-deny that forgot something", () => {
  it("drops the token exchange: verdict and drop for one packet, no name, reply unknown; the login ends there", async () => {
    await withWorld(async (world) => {
      const deny =
        "components:\n  - ../../components/network-policy/baseline\n  - ../../components/network-policy/default-deny\n";
      const gateway = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: allow-gateway}
spec:
  endpointSelector: {}
  enableDefaultDeny: {ingress: false, egress: false}
  ingress:
    - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: network, app.kubernetes.io/name: envoy}}]
  egress:
    - toEntities: [world]
      toPorts: [{ports: [{port: "443", protocol: TCP}]}]
`;
      await commit(world, {
        "kubernetes/apps/collab/kustomization.yaml": `namespace: collab\n${deny}resources: [./namespace.yaml, ./allow.yaml, ./board/ks.yaml, ./wiki/ks.yaml]\n`,
        "kubernetes/apps/collab/allow.yaml": gateway,
      });
      await world.play(WORLD_START + HOUR);
      expect((await world.do("browse board")).outcome).toEqual({ through: true, stoppedAt: null });
      const login = await world.do("login board");
      expect(login.outcome).toEqual({ through: false, stoppedAt: "collab/board > network/envoy-internal:10443" });
      const flows = flowsOf(await follow(world, WORLD_START + HOUR + 5 * MINUTE));
      const dropped = flows.filter((f) => f.verdict === Verdict.DROPPED && f.source?.namespace === "collab");
      expect(dropped.length).toBeGreaterThanOrEqual(2);
      expect(dropped.filter((f) => f.eventType?.type === 5)).toHaveLength(dropped.length / 2);
      for (const flow of dropped) {
        expect(flow.isReply).toBeUndefined();
        expect(flow.dropReasonDesc).toBe(133);
        expect(flow.egressDeniedBy).toEqual([]);
        expect(flow.l4?.TCP?.destinationPort).toBe(10_443);
      }
    });
  });

  it("names nobody where only the synthesised allow-any let a new connection pass", async () => {
    await withWorld(async (world) => {
      await commit(world, {
        "kubernetes/apps/selfhosted/kustomization.yaml":
          "namespace: selfhosted\ncomponents: [../../components/network-policy/baseline]\nresources: [./namespace.yaml, ./webhook/ks.yaml]\n",
      });
      await world.play(WORLD_START + HOUR);
      await world.do("browse webhook");
      const flows = flowsOf(await follow(world, WORLD_START + HOUR + 30 * MINUTE));
      const verdicts = flows.filter((f) => f.eventType?.type === 5 && f.destination?.namespace === "selfhosted");
      const by = (namespace: string): string[][] =>
        verdicts.filter((f) => f.source?.namespace === namespace).map((f) => f.ingressAllowedBy.map((p) => p.name));
      expect(by("network")).toEqual([[]]);
      expect(by("observability")[0]).toEqual(["allow-monitoring"]);
      expect(by("")[0]).toEqual(["allow-host-probes"]);
    });
  });
});
