import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineReader } from "../../src/hubble/lines.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { flowLines } from "../bench/hubble-flows.ts";
import { lineArbitrary } from "./json-lines.ts";

interface Read {
  readonly counts: object;
  readonly hours: object;
  readonly parsed: number;
}

/** What it has learned stays from one reading to the next; what it counted does not. */
const lineBench = (fast: boolean): ((lines: readonly string[]) => Read) => {
  const all = reducer();
  const reader = lineReader(all, { fast });
  return (lines) => {
    reader.push(Buffer.from(lines.join("\n")));
    reader.end();
    reader.settle();
    const { parsed, ...counts } = reader.take();
    const hours = all.take(true);
    for (const { hour } of hours) all.forget(hour);
    return { counts, hours, parsed };
  };
};

describe("the byte scanner", () => {
  it("says what the full parse says, of every line", () => {
    const [fast, full] = [lineBench(true), lineBench(false)];
    fc.assert(
      fc.property(fc.array(lineArbitrary, { minLength: 1, maxLength: 4 }), (lines) => {
        const [one, other] = [fast(lines), full(lines)];
        expect(one.counts).toEqual(other.counts);
        expect(one.hours).toEqual(other.hours);
      }),
      { numRuns: 1_500 },
    );
  });

  it("reads what the exporter prints without the full parse, and the same edges", () => {
    const lines = [...flowLines({ flows: 4_000, seed: 7 })];
    const [fast, full] = [lineBench(true)(lines), lineBench(false)(lines)];
    expect(fast.parsed).toBe(0);
    expect(fast.hours).toEqual(full.hours);
  });

  it("forgets what is too much to remember, and counts on", () => {
    const lines = Array.from({ length: 33_500 }, (_, i) => {
      const ip = `8.${i >> 14}.${(i >> 7) & 127}.${i & 127}`;
      const time = new Date(Date.UTC(2026, 4, 17, 9) + i * 150).toISOString();
      return (
        `{"flow":{"time":"${time}","verdict":"FORWARDED","IP":{"source":"10.0.0.1","destination":"${ip}"},` +
        `"l4":{"UDP":{"source_port":${40_000 + (i % 9_000)},"destination_port":${i % 3 === 0 ? 53 : 40_000 + (i % 50)}}},` +
        `"source":{"namespace":"a","labels":["k8s:io.kubernetes.pod.namespace=a"],"pod_name":"db-0"},` +
        `"destination":{"labels":["reserved:world"]},"node_name":"n-${i % 7}",` +
        `"l7":{"type":"${i % 2 === 0 ? "REQUEST" : "RESPONSE"}","dns":{"query":"q${i}.example.com.","ips":["${ip}"]}},` +
        `"event_type":{"type":129},"traffic_direction":"EGRESS"}}`
      );
    });
    const [fast, full] = [lineBench(true)(lines), lineBench(false)(lines)];
    expect(fast.parsed).toBeLessThan(20);
    expect(fast.counts).toEqual(full.counts);
    expect(JSON.stringify(fast.hours) === JSON.stringify(full.hours)).toBe(true);
  });
});
