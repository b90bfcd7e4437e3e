import { describe, expect, it } from "vitest";
import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import { recordOf } from "../../src/hubble/record.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { evidenceMetrics } from "../../src/store/evidence-metrics.ts";
import { memoryEvidence } from "../../src/store/evidence.ts";
import { deployed, dropped, flow, T0 } from "../hubble/flows.ts";

const [web, api] = [deployed("shop", "web"), deployed("shop", "api")];

const metrics = async (nodes: readonly string[], now = T0 + HOUR): Promise<string[]> => {
  const r = reducer();
  for (const node of nodes) {
    r.up(node, T0, T0 + 30 * MINUTE);
    for (let m = 0; m < 30; m++) r.add(recordOf(flow(web, api, 8080, { node, time: T0 + m * MINUTE }), r.ends));
    r.add(recordOf(dropped(web, api, 1, { node, time: T0 + 1 }), r.ends));
  }
  const collector = { flows: 7, lost: 1, bad: 0, reconnects: 2, time: T0, connected: true };
  return (await evidenceMetrics(memoryEvidence(r.take(true)), now, collector)).split("\n");
};

describe("metrics", () => {
  it("tell coverage and loss by node, drops by class, and what the collector does", async () => {
    const lines = await metrics(["worker-1"]);
    expect(lines).toContain('network_operator_coverage_ratio{node="worker-1"} 0.5');
    expect(lines).toContain('network_operator_events_seen{node="worker-1"} 31');
    expect(lines).toContain('network_operator_drops{class="policy"} 1');
    expect(lines).toContain("network_operator_edges 2");
    expect(lines).toContain("network_operator_collector_reconnects_total 2");
  });

  it("have as many series for a thousand nodes as for a hundred and one, and escape what they print", async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `worker-${String(i).padStart(4, "0")}`);
    const lines = await metrics(many);
    expect(lines.filter((l) => l.startsWith("network_operator_events_seen{"))).toHaveLength(101);
    expect(lines).toContain(`network_operator_events_seen{node="other"} ${900 * 31}`);
    expect(await metrics(['a"b\nc'])).toContain('network_operator_events_lost{node="a\\"b\\nc"} 0');
  });
});
