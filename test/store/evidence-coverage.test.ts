import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { EvidenceHour } from "../../src/facts/evidence.ts";
import { recordOf } from "../../src/hubble/record.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { memoryEvidence } from "../../src/store/evidence.ts";
import { delivered, deployed, flow, reserved, T0 } from "../hubble/flows.ts";

const web = deployed("shop", "web");
const api = deployed("shop", "api");

interface Watch {
  readonly minutes: number;
  readonly from?: number;
  /** Minutes without a connection. */
  readonly down?: readonly [number, number];
  /** Minutes without any flow. */
  readonly silent?: readonly [number, number];
  /** Events lost in a minute. */
  readonly lost?: Readonly<Record<number, number>>;
  readonly perMinute?: number;
}

const within = (m: number, range: readonly [number, number] | undefined): boolean =>
  range !== undefined && m >= range[0] && m < range[1];

/** One node, watched for some minutes. */
const watched = ({ minutes, from = T0, down, silent, lost = {}, perMinute = 10 }: Watch): readonly EvidenceHour[] => {
  const r = reducer();
  for (let m = 0; m < minutes; m++) {
    const at = from + m * MINUTE;
    if (!within(m, down)) r.up("worker-1", at, at + MINUTE);
    if (!within(m, down) && !within(m, silent))
      for (let i = 0; i < perMinute; i++) r.add(recordOf(flow(web, api, 8080, { time: at + i }), r.ends));
    const count = lost[m];
    if (count !== undefined) r.lost({ time: at, node: "worker-1", source: "HUBBLE_RING_BUFFER", count });
  }
  return r.take(true);
};

const coverage = (
  hours: readonly EvidenceHour[],
  to = T0 + HOUR,
): ReturnType<ReturnType<typeof memoryEvidence>["coverage"]> =>
  memoryEvidence(hours).coverage({ from: T0, to, namespace: "shop", nodes: ["worker-1"] });

describe("coverage", () => {
  it("is whole when the reader was there, little was lost and the tap gave signs of life", async () => {
    expect(await coverage(watched({ minutes: 60 }))).toMatchObject({
      completeness: 1,
      vacuous: false,
      nodes: [{ minutes: 60, coveredMinutes: 60, holes: [], seen: 600, lost: 0 }],
      control: { kind: "node-traffic", node: "worker-1", flows: 600 },
    });
  });

  it("lacks the minutes in which nobody was connected", async () => {
    const { nodes, completeness } = await coverage(watched({ minutes: 60, down: [10, 25] }));
    expect(nodes[0]?.holes).toEqual([{ from: T0 + 10 * MINUTE, to: T0 + 25 * MINUTE, why: "nobody was watching" }]);
    expect(completeness).toBe(0.75);
  });

  it("bears one event lost in a hundred, and not two", async () => {
    const light = await coverage(watched({ minutes: 60, perMinute: 99, lost: { 5: 1 } }));
    expect(light.nodes[0]?.coveredMinutes).toBe(60);
    const heavy = await coverage(watched({ minutes: 60, perMinute: 99, lost: { 5: 2 } }));
    expect(heavy.nodes[0]?.coveredMinutes).toBe(59);
    const most = await coverage(
      watched({
        minutes: 60,
        perMinute: 10,
        lost: Object.fromEntries(
          Array(60)
            .entries()
            .map(([m]) => [m, 52]),
        ),
      }),
    );
    expect(most.completeness).toBe(0);
    expect(most.nodes[0]?.holes[0]?.why).toBe("3120 events were lost (83.9 %)");
  });

  it("takes a tap that is connected and says nothing for dead", async () => {
    const { nodes } = await coverage(watched({ minutes: 60, silent: [20, 50] }));
    expect(nodes[0]?.holes).toMatchObject([{ from: T0 + 20 * MINUTE, to: T0 + 50 * MINUTE }]);
    expect((await coverage(watched({ minutes: 60, silent: [20, 24] }))).completeness).toBe(1);
    expect((await coverage(watched({ minutes: 60, silent: [0, 60] }))).control).toBeNull();
  });

  it("counts a node that nobody ever saw as one hole", async () => {
    const all = await memoryEvidence(watched({ minutes: 60 })).coverage({
      from: T0,
      to: T0 + HOUR,
      namespace: "shop",
      nodes: ["worker-1", "worker-9"],
    });
    expect(all.completeness).toBe(0.5);
    expect(all.control).toBeNull();
  });

  it("counts losses that nobody can place against every node", async () => {
    const r = reducer();
    r.lost({ time: T0 + 90_000, node: "hubble-relay-abc", source: "OBSERVER_EVENTS_QUEUE", count: 50 });
    for (const hour of watched({ minutes: 60 })) r.merge(hour);
    const { nodes } = await coverage(r.take(true));
    expect(nodes).toMatchObject([{ node: "worker-1", coveredMinutes: 59, lost: 50 }]);
  });

  it("spreads losses over the minutes they may have happened in", async () => {
    const r = reducer();
    r.lost({ from: T0, time: T0 + 3 * MINUTE - 1, node: "worker-1", source: "HUBBLE_RING_BUFFER", count: 3 });
    for (const hour of watched({ minutes: 60, perMinute: 300 })) r.merge(hour);
    expect((await coverage(r.take(true))).completeness).toBe(1);
  });

  it("is vacuous for a namespace without pods, and nothing else is", async () => {
    const evidence = memoryEvidence([]);
    const window = { from: T0, to: T0 + DAY, namespace: "empty" };
    expect(await evidence.coverage({ ...window, nodes: [] })).toMatchObject({ completeness: 1, vacuous: true });
    expect(await evidence.coverage({ ...window, nodes: null })).toMatchObject({ completeness: 0, vacuous: false });
  });

  it("tells which hours of the day were covered once", async () => {
    const hours = watched({ minutes: 24 * 60 + 30, perMinute: 1, down: [30, 90] });
    const { hoursOfDay } = await coverage(hours, T0 + DAY + 30 * MINUTE);
    // The start at 9:00 was missed from 9:30 to 10:30; the next day brings 9:00 to 9:30 again.
    expect(hoursOfDay.map((covered, h) => (covered ? null : h)).filter((h) => h !== null)).toEqual([9, 10]);
  });

  it("prefers the kubelet's probe to a scrape, a scrape to DNS, and DNS to any flow", async () => {
    const probe = delivered(reserved("host", "192.168.1.2"), web, 8080, { node: "worker-1" });
    const scraper = deployed("observability", "prometheus", {
      labels: ["k8s:app.kubernetes.io/name=prometheus", "k8s:io.kubernetes.pod.namespace=observability"],
    });
    const kinds: string[] = [];
    const flows = [flow(web, api, 8080), flow(web, api, 53), flow(scraper, web, 9090), probe];
    for (let n = 1; n <= flows.length; n++) {
      const r = reducer();
      r.up("worker-1", T0, T0 + MINUTE);
      for (const f of flows.slice(0, n)) r.add(recordOf(f, r.ends));
      kinds.push((await coverage(r.take(true), T0 + MINUTE)).control?.kind ?? "none");
    }
    expect(kinds).toEqual(["node-traffic", "dns", "scrape", "kubelet-probe"]);
  });
});

describe("starts", () => {
  const born = (time: number, name: string): ReturnType<typeof flow> =>
    flow(deployed("shop", name, { pod: `${name}-6d9f5c7c9-${name.padEnd(5, "x").slice(0, 5)}` }), api, 8080, { time });

  const startsWhen = async (hours: readonly EvidenceHour[], flows: ReturnType<typeof flow>[]): Promise<string[]> => {
    const r = reducer();
    for (const hour of hours) r.merge(hour);
    for (const f of flows) r.add(recordOf(f, r.ends));
    const starts = await memoryEvidence(r.take(true)).starts({ from: T0, to: T0 + 3 * HOUR, namespace: "shop" });
    return starts.map((s) => s.workload);
  };

  it("are pods seen for the first time on a node that was watched for an hour before", async () => {
    const hours = watched({ minutes: 180, perMinute: 1 });
    expect(await startsWhen(hours, [born(T0 + 2 * HOUR, "late")])).toEqual(["late"]);
  });

  it("are not pods that were there when the watch began, or when it began again", async () => {
    const hours = watched({ minutes: 180, perMinute: 1, down: [60, 110] });
    expect(await startsWhen(hours, [born(T0 + 5 * MINUTE, "early"), born(T0 + 2 * HOUR, "hidden")])).toEqual([]);
  });

  it("include a pod that comes back under its name with another address", async () => {
    const hours = watched({ minutes: 180, perMinute: 1 });
    const db = (ip: string, time: number): ReturnType<typeof flow> =>
      flow(deployed("shop", "db", { pod: "db-0", workload: { kind: "StatefulSet", name: "db" }, ip }), api, 1, {
        time,
      });
    expect(
      await startsWhen(hours, [db("10.0.0.1", T0 + 1), db("10.0.0.1", T0 + 2 * HOUR), db("10.0.0.2", T0 + 2 * HOUR)]),
    ).toEqual(["db"]);
  });
});
