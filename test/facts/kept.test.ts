import { describe, expect, it } from "vitest";
import { Kept } from "../../src/facts/kept.ts";

describe("what is kept", () => {
  it("is made once by its key, and again when it was forgotten", () => {
    const kept = new Kept<number>(2);
    let made = 0;
    const make = (): number => ++made;
    expect([kept.of("a", make), kept.of("a", make), kept.get("a")]).toEqual([1, 1, 1]);
    kept.forget("a");
    expect([kept.get("a"), kept.of("a", make)]).toEqual([null, 2]);
  });

  it("is never more than its bound: what was not asked for longest goes first", () => {
    const kept = new Kept<string>(2);
    for (const key of ["a", "b", "a", "c"]) kept.of(key, () => key);
    expect(kept.values()).toEqual(["a", "c"]);
    expect(kept.get("b")).toBeNull();
  });

  it("is bounded by what it weighs, where it is weighed", () => {
    const kept = new Kept<string>(5, (value) => value.length);
    for (const value of ["aa", "bbb", "c"]) kept.of(value, () => value);
    expect(kept.values()).toEqual(["bbb", "c"]);
    expect(kept.of("too long", () => "too long")).toBe("too long");
    expect(kept.values()).toEqual([]);
    kept.of("d", () => "d");
    expect(kept.values()).toEqual(["d"]);
  });
});
