import { AsyncLocalStorage } from "node:async_hooks";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { playLock } from "../../src/compose/rehearsal.ts";
import { rehearsalsIn } from "../../src/compose/rehearsals.ts";
import { configSchema } from "../../src/config/schema.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import type { OwnedLock } from "../../src/facts/rollback.ts";

const OPEN = { endpointSelector: {}, ingress: [{}], egress: [{}] };
const OWN = { id: "books/books-default-deny", alone: true };

const lock = (
  more: Readonly<Record<string, unknown>> = { spec: OPEN },
  owner: OwnedLock["owner"] = OWN,
): OwnedLock => ({
  namespace: "books",
  owner,
  object: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "closed", namespace: "books", labels: { part: "lock" } },
    ...more,
  },
});

// The world renders commits with the real kustomize, and a busy machine takes its time.
describe("a rollback that is executed before its lock is proposed", { timeout: 120_000 }, () => {
  it("takes a lock with its own Kustomization off, under its own name and in its own words", async () => {
    const specs = [
      { endpointSelector: {}, ingress: [{}] },
      { endpointSelector: {}, egress: [{}] },
    ];
    const steps = await playLock(lock({ specs }));
    expect(steps.slice(0, 2)).toEqual([
      "suspended books/books-default-deny",
      "deleted CiliumNetworkPolicy/books/closed",
    ]);
    expect(steps).toContain("stayed away for an interval without Hubble and the forge");
    expect(steps).toContain("resumed books/books-default-deny");
    expect(steps.at(-1)).toBe("stayed away for an interval after the revert");
  });

  it("takes one off that even the Kustomization of everything carries", async () => {
    const steps = await playLock(lock({ spec: OPEN }, { id: "flux-system/flux-system", alone: false }));
    expect(steps[0]).toBe("took CiliumNetworkPolicy/books/closed from Flux and made it inert");
    expect(steps).toContain("deleted CiliumNetworkPolicy/books/closed");
    expect(steps.at(-1)).toBe("stayed away for an interval after the revert");
  });

  it("fails for a lock that no rollback of the namespace would touch, and for one that locks nobody", async () => {
    const app = { endpointSelector: { matchLabels: { "app.kubernetes.io/name": "app" } } };
    await expect(playLock(lock({ spec: { ...OPEN, ...app } }))).rejects.toThrow(/would stay locked/);
    const nobody = { enableDefaultDeny: { ingress: false, egress: false } };
    await expect(playLock(lock({ spec: { ...OPEN, ...nobody } }))).rejects.toThrow(/locks no pod/);
  });

  it("fails for a lock that somebody's finalizer keeps from going", async () => {
    const metadata = { name: "closed", namespace: "books", finalizers: ["example.com/kept"] };
    await expect(playLock(lock({ spec: OPEN, metadata }))).rejects.toThrow(/does not stay so/);
  });
});

describe("what was executed", () => {
  const folders: string[] = [];
  let played: OwnedLock[] = [];
  let fails = false;
  const stateFolder = (): string => {
    const folder = mkdtempSync(join(tmpdir(), "rehearsals-"));
    folders.push(folder);
    return folder;
  };
  const over = (state: string) =>
    rehearsalsIn(
      { config: configSchema.parse({}), state, progress: { step: () => undefined, clear: () => undefined } },
      (one) => {
        played.push(one);
        const no = new OperatorError("outside", "it came back", { remedy: "Report this." });
        return fails ? Promise.reject(no) : Promise.resolve(["off"]);
      },
    );
  beforeEach(() => {
    played = [];
    fails = false;
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it("is not executed again, by another process either, nor over a copy of the state folder", async () => {
    const state = stateFolder();
    const first = over(state);
    expect(await Promise.all([first.play(lock()), first.play(lock())])).toEqual([["off"], ["off"]]);
    first.dispose();
    const copy = stateFolder();
    cpSync(state, copy, { recursive: true });
    for (const folder of [state, copy]) {
      const other = over(folder);
      expect(await other.play(lock())).toEqual(["off"]);
      other.dispose();
    }
    expect(played).toHaveLength(1);
  });

  it("is executed again for other bytes, another name, another owner, another kind of owner, another namespace", async () => {
    const { play, dispose } = over(stateFolder());
    const named = { ...lock().object, metadata: { name: "other", namespace: "books" } };
    const others = [
      lock(),
      lock({ spec: { ...OPEN, egress: [] } }),
      { ...lock(), object: named },
      lock({ spec: OPEN }, { ...OWN, id: "books/other" }),
      lock({ spec: OPEN }, { ...OWN, alone: false }),
      { ...lock(), namespace: "films" },
    ];
    for (const one of others) await play(one);
    expect(played).toEqual(others);
    dispose();
  });

  it("counts in no other state folder, though its rows are carried there: the key stays", async () => {
    const [state, other] = [stateFolder(), stateFolder()];
    const here = over(state);
    await here.play(lock());
    here.dispose();
    cpSync(join(state, "rehearsals.sqlite"), join(other, "rehearsals.sqlite"));
    const there = over(other);
    await there.play(lock());
    there.dispose();
    expect(played).toHaveLength(2);
  });

  it("is tried again after a failure, which nobody remembers", async () => {
    const { play, dispose } = over(stateFolder());
    fails = true;
    await expect(play(lock())).rejects.toThrow("it came back");
    fails = false;
    expect(await play(lock())).toEqual(["off"]);
    dispose();
  });

  it("knows nothing of the graph in whose node it was asked for", async () => {
    const node = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const { play, dispose } = rehearsalsIn(
      {
        config: configSchema.parse({}),
        state: stateFolder(),
        progress: { step: () => undefined, clear: () => undefined },
      },
      () => {
        seen.push(node.getStore());
        return Promise.resolve(["off"]);
      },
    );
    await node.run("a node of a graph", () => play(lock()));
    expect(seen).toEqual([undefined]);
    dispose();
  });
});
