import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, dig, list, nonEmpty, record } from "../../src/facts/json.ts";

/** The same value, its keys written in another order at every level. */
const reordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reordered(item)]),
  );
};

describe("JSON of unknown shape", () => {
  it("has one canonical text, whatever the order of its keys, and another for every other value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(canonical(reordered(a))).toBe(canonical(a));
        expect(JSON.parse(canonical(a))).toEqual(JSON.parse(JSON.stringify(a)));
        expect(canonical(a) === canonical(b)).toBe(canonical(reordered(b)) === canonical(a));
      }),
    );
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
    expect([undefined, null].map(canonical)).toEqual(["null", "null"]);
  });

  it("is followed along own properties and positions alone", () => {
    const value: unknown = JSON.parse('{"a": [{"b": 1}], "__proto__": {"c": 2}}');
    expect(dig(value, "a", 0, "b")).toBe(1);
    expect(dig(value, "__proto__", "c")).toBe(2);
    expect(dig({}, "__proto__")).toBeUndefined();
    expect(dig({}, "constructor", "name")).toBeUndefined();
    expect(dig(value, "a", "length")).toBeUndefined();
    expect(dig(value, 0)).toBeUndefined();
    expect(dig("text", "length")).toBeUndefined();
  });

  it("reads as empty where it is not of the wanted shape", () => {
    for (const odd of [null, undefined, 0, "", "text", true]) {
      expect([record(odd), list(odd)]).toEqual([{}, []]);
    }
    expect([record([1]), list({ 0: 1 })]).toEqual([{}, []]);
    expect(["", " ", 0].map(nonEmpty)).toEqual([null, " ", null]);
  });
});
