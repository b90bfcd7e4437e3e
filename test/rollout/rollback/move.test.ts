import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { known, unknown } from "../../../src/facts/known.ts";
import type { LivePolicy } from "../../../src/facts/ports.ts";
import type { OwnerState } from "../../../src/facts/rollback.ts";
import type { HeldLock } from "../../../src/rollout/rollback/held.ts";
import { moveOf, nextMove, type Move } from "../../../src/rollout/rollback/move.ts";

const ref = { kind: "CiliumNetworkPolicy", namespace: "collab", name: "default-deny" } as const;
const policy: LivePolicy = { ref, object: {}, valid: true, message: null, owner: "collab/lock" };
const owner: OwnerState = {
  id: "collab/lock",
  suspended: false,
  reconciling: false,
  ready: true,
  appliedRevision: null,
  source: "GitRepository/flux-system/home",
  carries: ["collab_default-deny_cilium.io_CiliumNetworkPolicy"],
  interval: 1,
};
const lock = (more: Partial<HeldLock> = {}): HeldLock => ({
  ref,
  live: policy,
  effect: "enforcing",
  owner,
  alone: true,
  inMain: known(true),
  inFetched: known(true),
  inApplied: known(true),
  ...more,
});
const kind = (more: Partial<HeldLock>): Move["kind"] => moveOf(lock(more)).kind;

describe("a lock that has its own Kustomization", () => {
  const asleep = { ...owner, suspended: true };
  const gone = { live: null, effect: "gone" } as const;

  it("is taken off in order: suspend, let it settle, delete, revert, wait for the fetch, resume", () => {
    expect(kind({})).toBe("suspend");
    expect(kind({ owner: { ...asleep, reconciling: true } })).toBe("settle");
    expect(kind({ owner: asleep })).toBe("remove");
    expect(kind({ owner: asleep, ...gone })).toBe("revert");
    const reverted = { owner: asleep, ...gone, inMain: known(false) };
    expect(kind(reverted)).toBe("wait");
    expect(kind({ ...reverted, inFetched: known(false) })).toBe("resume");
    expect(kind({ ...reverted, owner, inFetched: known(false) })).toBe("done");
  });

  it("keeps a Kustomization from bringing what is merged and not yet applied", () => {
    expect(kind(gone)).toBe("suspend");
  });

  it("is not let go while nobody knows what Git says", () => {
    const silent = unknown("the forge is off", "its return");
    expect(kind({ owner: asleep, ...gone, inMain: silent })).toBe("stop");
    expect(kind({ owner: asleep, ...gone, inMain: known(false), inFetched: silent })).toBe("stop");
    // And taken off all the same.
    expect(kind({ inMain: silent })).toBe("suspend");
    expect(kind({ owner: asleep, inMain: silent })).toBe("remove");
  });
});

describe("a lock that shares its Kustomization, or has none", () => {
  it("is made inert, reverted, and deleted once the revert is applied", () => {
    for (const who of [owner, null]) expect(kind({ alone: false, owner: who })).toBe("disarm");
    const inert = { alone: false, effect: "inert" } as const;
    expect(kind(inert)).toBe("revert");
    expect(kind({ ...inert, inMain: known(false) })).toBe("wait");
    expect(kind({ ...inert, inMain: known(false), inApplied: known(false) })).toBe("remove");
    expect(kind({ ...inert, inMain: known(false), owner: null })).toBe("remove");
  });
});

describe("whatever is found", () => {
  const fact = fc.constantFrom(known(true), known(false), unknown<boolean>("off", "on"));
  const any: fc.Arbitrary<HeldLock> = fc
    .record({
      effect: fc.constantFrom("enforcing" as const, "inert" as const, "gone" as const),
      owner: fc.option(
        fc.record({ suspended: fc.boolean(), reconciling: fc.boolean() }).map((more) => ({ ...owner, ...more })),
      ),
      alone: fc.boolean(),
      inMain: fact,
      inFetched: fact,
      inApplied: fact,
    })
    .map((found) => lock({ ...found, live: found.effect === "gone" ? null : policy }));

  it("an enforcing lock is never left: something is done about it, whatever Git says", () => {
    fc.assert(
      fc.property(any, (found) => {
        fc.pre(found.effect === "enforcing");
        expect(["suspend", "settle", "remove", "disarm"]).toContain(moveOf(found).kind);
      }),
    );
  });

  it("Flux is let go only when main and what it fetched are known to hold no lock", () => {
    fc.assert(
      fc.property(any, (found) => {
        if (moveOf(found).kind !== "resume") return;
        expect(found.effect).toBe("gone");
        expect([found.inMain, found.inFetched]).toEqual([known(false), known(false)]);
      }),
    );
  });

  it("nothing is deleted that Flux would bring back: its owner sleeps and rests, or Git has let it go", () => {
    fc.assert(
      fc.property(any, (found) => {
        if (moveOf(found).kind !== "remove") return;
        const held = found.alone && found.owner?.suspended === true && !found.owner.reconciling;
        const forgotten = found.inMain.known && !found.inMain.value;
        expect(held || forgotten).toBe(true);
      }),
    );
  });

  it("what frees pods comes before what tidies up, whichever lock it belongs to", () => {
    const tidy = lock({ owner: { ...owner, suspended: true }, live: null, effect: "gone", inMain: known(true) });
    expect(nextMove([tidy, lock({ alone: false })])?.move.kind).toBe("disarm");
  });
});
