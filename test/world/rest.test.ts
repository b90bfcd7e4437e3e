import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { Flow } from "../../src/hubble/proto/flow/flow.ts";
import { key } from "../../src/world/cluster/objects.ts";
import { KNOWN_ACTIONS } from "../../src/world/actions.ts";
import { legitimateFlows } from "../../src/world/legitimate.ts";
import { JOURNEYS, TALKS, WORKLOADS } from "../../src/world/scenario/areas.ts";
import { WORLD_START } from "../../src/world/world.ts";
import type { FlowRecord } from "../../src/world/traffic/traffic.ts";
import { trafficOf } from "./traffic.ts";
import { commit, withWorld } from "./world.ts";

const NOON = WORLD_START + 12 * HOUR;
const flows = (records: readonly FlowRecord[]): Flow[] => records.map((r) => r.shape.flow);
const forward = (f: Flow): boolean => f.isReply === false;

describe("the scenario as written down", () => {
  it("names only talks and workloads that exist", () => {
    const talks = new Set(TALKS.map((t) => t.id));
    expect(talks.size).toBe(TALKS.length);
    expect(JOURNEYS.flatMap((j) => j.steps).filter((id) => !talks.has(id))).toEqual([]);
    const ids = new Set(WORKLOADS.map((w) => w.id));
    const named = TALKS.flatMap((t) => [t.from, t.to]).flatMap((p) => (p.kind === "workload" ? [p.id] : []));
    expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  it("runs every workload that Git applies, and no journey of an ordinary day fails", async () => {
    await withWorld(async (world) => {
      for (const { id, cadence } of JOURNEYS) {
        if (cadence.kind === "daily")
          expect([id, (await world.do(id)).outcome]).toEqual([id, { through: true, stoppedAt: null }]);
      }
      for (const words of KNOWN_ACTIONS.map((a) => a.words).filter((w) => w.startsWith("login "))) {
        expect([words, (await world.do(words)).outcome?.through]).toEqual([words, true]);
      }
    });
  });
});

describe("things that fit no pattern", () => {
  it("gives a nightly Job without labels another identity each night", async () => {
    const { traffic } = await trafficOf();
    const runOf = (day: number) =>
      traffic.pods(WORLD_START + day * DAY + 3 * HOUR + 31 * MINUTE).find((p) => p.workload.id === "iot/tidy");
    expect(traffic.pods(NOON).some((p) => p.workload.id === "iot/tidy")).toBe(false);
    expect(runOf(1)?.identityLabels.some((l) => l.includes("job-name=tidy-"))).toBe(true);
    expect(runOf(1)?.identityLabels).not.toEqual(runOf(2)?.identityLabels);
    const night = flows(traffic.between(WORLD_START + 3 * HOUR + 29 * MINUTE, WORLD_START + 3 * HOUR + 36 * MINUTE));
    expect(night.some((f) => f.source?.podName.startsWith("tidy-") === true && f.l4?.TCP?.destinationPort === 80)).toBe(
      true,
    );
  });

  it("shows a host-network exporter as the node it runs on", async () => {
    const { traffic } = await trafficOf();
    const scraped = flows(traffic.between(NOON, NOON + 6 * MINUTE)).filter(
      (f) => forward(f) && f.l4?.TCP?.destinationPort === 9100,
    );
    const labels = new Set(scraped.flatMap((f) => f.destination?.labels ?? []));
    expect([...labels].sort()).toEqual(["reserved:host", "reserved:kube-apiserver", "reserved:remote-node"]);
  });

  it("sends multicast to the world, one way", async () => {
    const { traffic } = await trafficOf();
    const mdns = flows(traffic.between(NOON, NOON + HOUR)).filter(
      (f) => f.IP?.destination === "224.0.0.251" || f.IP?.source === "224.0.0.251",
    );
    expect(mdns.length).toBeGreaterThan(0);
    expect(mdns.every((f) => forward(f) && f.destination?.labels.includes("reserved:world"))).toBe(true);
  });

  it("downloads a model only when its pod starts", async () => {
    const hub = (f: Flow): boolean => f.IP?.destination === "198.51.100.60";
    const quiet = await trafficOf();
    expect(flows(quiet.traffic.between(NOON, NOON + 4 * HOUR)).some(hub)).toBe(false);
    const { traffic } = await trafficOf([{ kind: "restart", time: NOON, workload: "ai/models", replica: 0 }]);
    expect(flows(traffic.between(NOON, NOON + MINUTE)).some(hub)).toBe(true);
  });

  it("renews its certificate after sixty days, and asks the webhook only on change", async () => {
    const renewal = legitimateFlows().filter((f) => f.id.startsWith("cert-manager/cert-manager > outside:acme"));
    expect(renewal.length).toBeGreaterThan(0);
    expect(renewal.every((f) => f.when === "rare")).toBe(true);
    const webhook = legitimateFlows().filter((f) => f.id.endsWith("cert-manager-webhook:10250"));
    expect(webhook.map((f) => f.when)).toEqual(["asked"]);
  });
});

describe("what somebody does to the cluster", () => {
  it("cuts the tunnel: nobody gets in from outside, and everything inside stays green", async () => {
    await withWorld(async (world) => {
      await world.do("cut tunnel");
      expect((await world.do("browse wiki outside")).outcome).toEqual({
        through: false,
        stoppedAt: "the tunnel is cut",
      });
      expect((await world.do("smoke test")).outcome?.through).toBe(true);
      expect((await world.do("browse wiki")).outcome?.through).toBe(true);
      await world.do("mend tunnel");
      expect((await world.do("browse wiki outside")).outcome?.through).toBe(true);
    });
  });

  it("fails over: another instance leads, its labels follow, and its clients find it", async () => {
    const { traffic } = await trafficOf([{ kind: "failover", time: NOON, workload: "databases/pg-main", primary: 1 }]);
    const leader = (time: number): string | undefined =>
      traffic.pods(time).find((p) => p.labels["cnpg.io/instanceRole"] === "primary")?.name;
    expect([leader(NOON - 1), leader(NOON)]).toEqual(["pg-main-1", "pg-main-2"]);
    const asked = flows(traffic.between(NOON, NOON + HOUR)).filter(
      (f) => f.source?.namespace === "home" && f.l4?.TCP?.destinationPort === 5432,
    );
    expect(new Set(asked.map((f) => f.destination?.podName))).toEqual(new Set(["pg-main-2"]));
  });

  it("answers under the expanded name when autopath is on, which no toFQDNs rule for the name matches", async () => {
    await withWorld(async (world) => {
      const films = "media/player > outside:films:443";
      expect(TALKS.some((t) => t.id === films)).toBe(true);
      const { traffic } = await trafficOf([{ kind: "switch", time: WORLD_START, name: "autopath", on: true }]);
      const day = flows(traffic.between(WORLD_START, WORLD_START + DAY / 2)).filter(
        (f) => f.source?.namespace === "media",
      );
      const names = new Set(day.flatMap((f) => (f.l7?.dns === undefined ? [] : [f.l7.dns.query])));
      expect([...names]).toEqual(["metadata.films.example.media.svc.cluster.local."]);
      expect(day.some((f) => f.verdict === 2 && f.destination?.labels.join() === "reserved:world")).toBe(true);
      expect((await world.do("autopath on")).outcome).toBeNull();
    });
  });

  it("takes a chart's own NetworkPolicy away with the chart's value", async () => {
    const { timeline } = await trafficOf();
    const shipped = key("networking.k8s.io/v1", "NetworkPolicy", "tools", "pgadmin-pgadmin4");
    expect(timeline.at(WORLD_START).objects.has(shipped)).toBe(true);
    await withWorld(async (world) => {
      const served = await world.serve();
      const path = "kubernetes/apps/tools/pgadmin/app/helmrelease.yaml";
      const text =
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: pgadmin\nspec:\n  interval: 1h\n  chartRef: {kind: OCIRepository, name: pgadmin4}\n  values:\n    networkPolicy:\n      enabled: false\n";
      await commit(world, { [path]: text });
      await world.play(world.clock.now() + 10 * MINUTE);
      const token = /token: (\S+)/.exec(served.kubeconfig)?.[1] ?? "";
      const url = `${served.kubeUrl}/apis/networking.k8s.io/v1/namespaces/tools/networkpolicies`;
      const list = (await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json()) as {
        items: { metadata: { name: string } }[];
      };
      expect(list.items.map((i) => i.metadata.name)).toEqual(["cache"]);
      await served.close();
    });
  });
});
