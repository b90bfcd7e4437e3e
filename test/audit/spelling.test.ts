import { describe, expect, it } from "vitest";
import { isMisspelt, isOneSlip } from "../../src/audit/spelling.ts";

describe("a slip of the pen", () => {
  it.each([
    ["app.kubernets.io/name", "app.kubernetes.io/name"],
    ["app.kubernetes.io/names", "app.kubernetes.io/name"],
    ["app.kubernetes.io/nmae", "app.kubernetes.io/name"],
    ["cnpg.io/cluSter", "cnpg.io/cluster"],
  ])("makes %s of %s", (a, b) => {
    expect([isOneSlip(a, b), isOneSlip(b, a)]).toEqual([true, true]);
  });

  it.each([
    ["app", "app"],
    ["app.kubernetes.io/name", "app.kubernetes.io/instance"],
    ["strimzi.io/name", "strimzi.io/kind"],
  ])("does not make %s of %s", (a, b) => {
    expect(isOneSlip(a, b)).toBe(false);
  });
});

describe("a misspelt label key", () => {
  it("is near a usual one, or near one that the pod has", () => {
    expect(isMisspelt("app.kubernets.io/name", ["x"], {})).toBe(true);
    expect(isMisspelt("mysql.oracle.com/clusters", ["x"], { "mysql.oracle.com/cluster": "db" })).toBe(true);
    expect(isMisspelt("app.kubernetes.io/component", ["x"], { "app.kubernetes.io/name": "web" })).toBe(false);
  });

  it("has a source written with a dot", () => {
    expect(isMisspelt("k8s.app.kubernetes.io/name", ["web"], {})).toBe(true);
    expect(isMisspelt("k8s.io/cluster", ["web"], {})).toBe(false);
  });

  it("may be short only where the value is the same: app and apps are two words", () => {
    expect(isMisspelt("apps", ["cache"], { app: "cache" })).toBe(true);
    expect(isMisspelt("apps", ["other"], { app: "cache" })).toBe(false);
  });
});
