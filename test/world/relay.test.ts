import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import { describe, expect, it } from "vitest";
import { RING_CAPACITY } from "../../src/world/relay/ring.ts";
import { flowOf, responseBytes } from "../../src/world/relay/wire.ts";
import { GetFlowsResponse } from "../../src/hubble/proto/observer/observer.ts";
import { WORLD_START } from "../../src/world/world.ts";
import { flowsOf, follow, getFlows, stamp, withWorld } from "./world.ts";
import { trafficOf } from "./traffic.ts";

describe("Relay in front of the world", () => {
  it("appends a flow's moment to bytes made once, and the generated code reads the same flow", async () => {
    const { traffic } = await trafficOf();
    for (const record of traffic.between(WORLD_START + 9 * HOUR, WORLD_START + 9 * HOUR + 10 * MINUTE)) {
      const decoded = GetFlowsResponse.decode(responseBytes(record));
      expect(decoded.flow).toEqual(flowOf(record));
      expect(decoded.nodeName).toBe(record.shape.node.name);
      expect(decoded.time).toEqual(flowOf(record).time);
    }
  });

  it("gives a follower every flow of the time played, in order, and ends its stream at `until`", async () => {
    await withWorld(async (world) => {
      const to = WORLD_START + 2 * HOUR;
      const flows = flowsOf(await follow(world, to));
      const { traffic } = await trafficOf();
      const expected = traffic.between(WORLD_START, to).map((r) => r.uuid);
      expect(flows.map((f) => f.uuid)).toEqual(expected);
      expect(world.clock.now()).toBe(to);
    });
  });

  it("says first which nodes are connected", async () => {
    await withWorld(async (world) => {
      const [hello] = await follow(world, WORLD_START + 5 * MINUTE);
      expect(hello?.nodeStatus).toEqual({ stateChange: 1, nodeNames: ["node-1", "node-2", "node-3"], message: "" });
    });
  });

  it("filters as Hubble does: fields of one filter and-ed, filters or-ed, the blacklist taken away", async () => {
    await withWorld(async (world) => {
      const responses = await follow(world, WORLD_START + HOUR, {
        request: {
          whitelist: [
            { destinationPod: ["selfhosted/"], reply: [false] },
            { destinationLabel: ["k8s-app=kube-dns"], protocol: ["udp"] },
          ],
          blacklist: [{ nodeName: ["node-1"] }],
        },
      });
      const flows = flowsOf(responses);
      expect(flows.length).toBeGreaterThan(10);
      for (const flow of flows) {
        expect(flow.nodeName).not.toBe("node-1");
        const webhook = flow.destination?.namespace === "selfhosted" && flow.isReply === false;
        const dns = flow.destination?.labels.includes("k8s:k8s-app=kube-dns") === true && flow.l4?.UDP !== undefined;
        expect(webhook || dns).toBe(true);
      }
    });
  });

  it("keeps no more than a real agent's ring, also in a process that has just begun", async () => {
    await withWorld(async (world) => {
      await world.play(WORLD_START + 10 * HOUR);
      const served = await world.serve();
      try {
        const flows = flowsOf(await getFlows(served.relayAddress, {}));
        for (const node of ["node-1", "node-2", "node-3"]) {
          expect(flows.filter((f) => f.nodeName === node)).toHaveLength(RING_CAPACITY);
        }
        const last = flowsOf(await getFlows(served.relayAddress, { number: 7 }));
        expect(last.map((f) => f.uuid)).toEqual(flows.slice(-7).map((f) => f.uuid));
        const since = stamp(WORLD_START + 10 * HOUR - 5 * MINUTE);
        const recent = flowsOf(await getFlows(served.relayAddress, { since }));
        expect(recent.length).toBeLessThan(flows.length);
        expect(recent.every((f) => (f.time?.seconds ?? 0) >= since.seconds)).toBe(true);
      } finally {
        await served.close();
      }
    });
  });

  it("refuses `first` together with `follow`", async () => {
    await withWorld(async (world) => {
      const served = await world.serve();
      try {
        await expect(getFlows(served.relayAddress, { first: true, number: 3, follow: true })).rejects.toThrow(/first/);
      } finally {
        await served.close();
      }
    });
  });
});

describe("faults on demand", () => {
  const window = { from: WORLD_START + 10 * MINUTE, to: WORLD_START + 20 * MINUTE };
  const inHole = (seconds: number): boolean => seconds * 1_000 >= window.from && seconds * 1_000 < window.to;

  const played = (kind: "unavailable" | "lost" | "silent" | "restart") =>
    withWorld((world) =>
      follow(world, WORLD_START + 30 * MINUTE, { holes: { holes: [{ node: "node-2", ...window, kind }] } }),
    );

  it("takes a node away and says so when it goes and when it comes back", async () => {
    const responses = await played("unavailable");
    const notices = responses.flatMap((r) => (r.nodeStatus === undefined ? [] : [r.nodeStatus]));
    expect(notices.slice(1).map((n) => [n.stateChange, n.nodeNames])).toEqual([
      [2, ["node-2"]],
      [1, ["node-2"]],
    ]);
    expect(flowsOf(responses).filter((f) => f.nodeName === "node-2" && inHole(f.time?.seconds ?? 0))).toEqual([]);
  });

  it("loses most events of a node under pressure and counts them", async () => {
    const responses = await played("lost");
    const lost = responses.flatMap((r) => (r.lostEvents === undefined ? [] : [r]));
    expect(lost.length).toBe(10);
    expect(lost.every((r) => r.nodeName === "node-2" && (r.lostEvents?.numEventsLost ?? 0) > 0)).toBe(true);
  });

  it("goes silent without a word, which only a missing positive control shows", async () => {
    const responses = await played("silent");
    expect(flowsOf(responses).filter((f) => f.nodeName === "node-2" && inHole(f.time?.seconds ?? 0))).toEqual([]);
    expect(responses.filter((r) => r.lostEvents !== undefined)).toEqual([]);
    expect(responses.filter((r) => r.nodeStatus !== undefined)).toHaveLength(1);
  });

  it("restarts an agent, whose ring then holds nothing older", async () => {
    await withWorld(async (world) => {
      await world.play(WORLD_START + 30 * MINUTE, { holes: [{ node: "node-2", ...window, kind: "restart" }] });
      const served = await world.serve();
      try {
        const flows = flowsOf(await getFlows(served.relayAddress, {}));
        const times = flows.filter((f) => f.nodeName === "node-2").map((f) => (f.time?.seconds ?? 0) * 1_000);
        expect(times.length).toBeGreaterThan(0);
        expect(Math.min(...times)).toBeGreaterThan(window.from);
        expect(flows.some((f) => f.nodeName === "node-1" && (f.time?.seconds ?? 0) * 1_000 < window.from)).toBe(true);
      } finally {
        await served.close();
      }
    });
  });
});
