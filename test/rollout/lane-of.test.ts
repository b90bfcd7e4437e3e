import { describe, expect, it } from "vitest";
import { amounts, laneOf } from "../../src/graph/facts/lane-of.ts";
import { known, unknown } from "../../src/facts/known.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import type { Stage } from "../../src/facts/rollout.ts";
import { allow, baseline, defaultDeny, docs, facts, inventory, policy, workload } from "../graph/gates/cluster.ts";

const namespaces = ["collab", "media", "auth"];
const workloads = [workload("collab/Deployment/web", [80]), workload("media/Deployment/player", [8096])];
const state = (...yaml: string[]): Inventory =>
  inventory({ namespaces, workloads, objects: { "flux-system/apps": docs(...yaml) } });
const change = (before: Inventory, after: Inventory, stages: Record<string, Stage> = {}) =>
  facts("propose-allows", "collab", before, after, {
    standings: known(Object.entries(stages).map(([name, stage]) => ({ name, stage, order: 0, phase: null }))),
  });
const lane = (before: Inventory, after: Inventory, stages: Record<string, Stage> = {}) => {
  const found = laneOf(change(before, after, stages));
  return found.known ? found.value.lane : "unknown";
};

const fromCollab = (rule = "") =>
  allow(
    "media",
    "from-collab",
    `endpointSelector: {}
ingress: [{ fromEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": collab } }]${rule} }]`,
  );

describe("the lane of a change", () => {
  it("is propose-allows when it locks nobody", () => {
    expect(lane(state(), state(baseline("collab")))).toBe("propose-allows");
  });

  it("is propose-default-deny when any endpoint and direction would be locked, whatever the file is called", () => {
    expect(
      lane(
        state(),
        state(policy("collab", "allow-web", "endpointSelector: { matchLabels: { app: web } }\ningress: [{}]")),
      ),
    ).toBe("propose-default-deny");
    expect(lane(state(), state(policy("collab", "x", "endpointSelector: {}\negressDeny: [{}]")))).toBe(
      "propose-default-deny",
    );
  });

  it("is propose-repair where everything it changes is enforced already", () => {
    const locked = [baseline("collab"), defaultDeny("collab")];
    const more = allow("collab", "more", "endpointSelector: {}\negress: [{ toEntities: [world] }]");
    expect(lane(state(...locked), state(...locked, more))).toBe("propose-repair");
    const half = [baseline("collab"), policy("collab", "x", "endpointSelector: {}\ningress: [{}]")];
    expect(lane(state(...half), state(...half, more))).toBe("propose-allows");
  });

  it("is propose-repair when it only adds the other end of what the rollout in flight needs", () => {
    const inFlight = { collab: "soaking", media: "waiting" } as const;
    expect(lane(state(), state(fromCollab()), inFlight)).toBe("propose-repair");
    expect(lane(state(), state(fromCollab()), { collab: "signed-off", media: "surveyed" })).toBe("propose-allows");
  });

  it("is no repair when the other end opens to anybody else, takes something away, or nobody knows what is in flight", () => {
    const inFlight = { collab: "soaking", media: "waiting" } as const;
    const world = allow("media", "wide", "endpointSelector: {}\ningress: [{ fromEntities: [world] }]");
    const anyPod = allow("media", "wide", "endpointSelector: {}\ningress: [{ fromEndpoints: [{}] }]");
    for (const wide of [world, anyPod])
      expect(lane(state(), state(fromCollab(), wide), inFlight)).toBe("propose-allows");
    expect(lane(state(fromCollab()), state(), inFlight)).toBe("propose-allows");
    const blind = { ...change(state(), state(fromCollab())), standings: unknown("the forge is silent", "the forge") };
    expect(laneOf(blind)).toMatchObject({ value: { lane: "propose-allows" } });
  });

  it("cannot be told of what does not build", () => {
    const broken = {
      ...change(state(), state()),
      inventory: { before: known(state()), after: unknown("kustomize says no", "a build") },
    };
    expect(laneOf(broken).known).toBe(false);
  });

  it("tells a change without policies, and one that only unlocks, from all others", () => {
    const locked = [baseline("collab"), defaultDeny("collab")];
    expect(amounts(change(state(), state()))).toMatchObject({ value: { kind: "no-policy" } });
    expect(amounts(change(state(...locked), state(baseline("collab"))))).toMatchObject({ value: { kind: "unlocks" } });
    expect(amounts(change(state(...locked), state(defaultDeny("collab"))))).toMatchObject({ value: { kind: "lane" } });
    const soft = policy(
      "collab",
      "default-deny",
      "endpointSelector: {}\nenableDefaultDeny: { ingress: false, egress: false }\ningress: [{}]\negress: [{}]",
    );
    expect(amounts(change(state(...locked), state(baseline("collab"), soft)))).toMatchObject({
      value: { kind: "unlocks" },
    });
  });

  it("only unlocks by what it does: a lock that allows something may go where nothing else locks its pods", () => {
    const both = policy("collab", "web", "endpointSelector: {}\ningress: [{ fromEntities: [cluster] }]");
    expect(amounts(change(state(both), state()))).toMatchObject({ value: { kind: "unlocks" } });
    // With its lock gone nobody misses the allows either.
    const locked = [baseline("collab"), defaultDeny("collab")];
    expect(amounts(change(state(...locked), state()))).toMatchObject({ value: { kind: "unlocks" } });
    // Another lock stands: then what it allowed is missed.
    expect(amounts(change(state(both, defaultDeny("collab")), state(defaultDeny("collab"))))).toMatchObject({
      value: { kind: "lane" },
    });
    // Allows that go where nothing is locked take no enforcement away.
    expect(amounts(change(state(baseline("collab")), state()))).toMatchObject({ value: { kind: "lane" } });
  });
});
