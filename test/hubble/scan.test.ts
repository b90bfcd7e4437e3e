import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineReader } from "../../src/hubble/lines.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { flowLines } from "../bench/hubble-flows.ts";
import { lineArbitrary } from "./json-lines.ts";

const read = (lines: readonly string[], fast: boolean): { counts: object; hours: object; parsed: number } => {
  const all = reducer();
  const reader = lineReader(all, { fast });
  for (const line of lines) {
    const bytes = Buffer.from(line);
    reader.line(bytes, 0, bytes.length);
  }
  const { parsed, ...counts } = reader.counts;
  return { counts, hours: all.take(true), parsed };
};

describe("the byte scanner", () => {
  it("says what the full parse says, of every line", () => {
    fc.assert(
      fc.property(fc.array(lineArbitrary, { minLength: 1, maxLength: 4 }), (lines) => {
        const [fast, full] = [read(lines, true), read(lines, false)];
        expect(fast.counts).toEqual(full.counts);
        expect(fast.hours).toEqual(full.hours);
      }),
      { numRuns: 250 },
    );
  });

  it("reads what the exporter prints without the full parse, and the same edges", () => {
    const lines = [...flowLines({ flows: 4_000, seed: 7 })];
    const [fast, full] = [read(lines, true), read(lines, false)];
    expect(fast.parsed).toBe(0);
    expect(fast.hours).toEqual(full.hours);
  });
});
