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
});
