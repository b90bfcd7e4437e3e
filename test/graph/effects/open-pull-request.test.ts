import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FileChange } from "../../../src/facts/changeset.ts";
import { changeset } from "../../../src/facts/changeset.ts";
import type { ForgeReader, ForgeWriter } from "../../../src/facts/ports.ts";
import { mint } from "../../../src/graph/clearance.ts";
import { openPullRequest } from "../../../src/graph/effects/open-pull-request.ts";
import type { EffectOutcome } from "../../../src/graph/effects/outcome.ts";
import { localForge } from "../../../src/forge/local.ts";
import { initBare } from "../../../src/git/plumbing.ts";
import { openField, type Field } from "../field.ts";
import { memoryForge } from "../memory-forge.ts";

const file = (text: string): FileChange => ({ path: "kubernetes/selfhosted/netpol/allows.yaml", mode: "100644", text });

interface Place {
  readonly forge: ForgeReader & ForgeWriter;
  push(branch: string, files: readonly FileChange[]): Promise<void>;
  close(number: number): Promise<void>;
  merge(number: number): Promise<void>;
}

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const FILES = { "README.md": "a cluster\n", "kubernetes/selfhosted/app.yaml": "kind: Deployment\n" };

const inMemory = (): Promise<Place> => {
  const forge = memoryForge(FILES);
  return Promise.resolve({
    forge,
    push: (branch, files) => Promise.resolve(void forge.push(branch, files)),
    close: (number) => Promise.resolve(forge.close(number)),
    merge: (number) => Promise.resolve(forge.merge(number)),
  });
};

const inGit = async (): Promise<Place> => {
  const state = mkdtempSync(join(tmpdir(), "network-operator-effect-"));
  const repository = await initBare(join(state, "remote.git"));
  const files = Object.entries(FILES).map(([path, text]) => ({ path, text, mode: "100644" as const }));
  const first = await repository.commit({ base: null, files, message: "first\n", time: 0 });
  await repository.updateRef("refs/heads/main", first, null);
  const forge = localForge({ repository, state, clock: { now: () => 1_000 } });
  opened.push(() => {
    forge.dispose();
    rmSync(state, { recursive: true, force: true });
  });
  return {
    forge,
    push: async (branch, changes) => {
      const ref = `refs/heads/${branch}`;
      const at = await repository.resolve(ref);
      const base = at ?? (await forge.head());
      const commit = await repository.commit({ base, files: changes, message: "by hand\n", time: 5_000 });
      await repository.updateRef(ref, commit, at);
    },
    close: async (number) => void (await forge.close(number)),
    merge: async (number) => void (await forge.merge(number)),
  };
};

/** A cleared changeset over main as it is now. */
const perform = async ({ forge }: Place, text: string, at?: { base: string }): Promise<EffectOutcome> => {
  const field: Field = openField();
  const request = {
    lane: "propose-allows",
    draft: "allows",
    namespace: "selfhosted",
    edits: [],
    answer: null,
  } as const;
  const facts = await field.ports.reader.read(request);
  const base = at?.base ?? (await forge.head());
  const tree = { before: await forge.tree(base), after: await forge.tree(base) };
  const bytes = changeset("selfhosted", "allows", [file(text)]);
  const clearance = mint({
    lane: "propose-allows",
    namespace: "selfhosted",
    base,
    changeset: bytes,
    facts: { ...facts, base, tree, changeset: bytes },
    decisions: [],
  });
  const words = () => ({ title: "Allows", body: "Why.", commitMessage: "Allows of selfhosted\n" });
  return openPullRequest(clearance, { forge, text: words });
};

describe.each([
  ["a forge in memory", inMemory],
  ["the local forge over git", inGit],
])("opening a pull request on %s", (_name, open) => {
  it("writes the bytes on one branch and opens one pull request", async () => {
    const place = await open();
    const outcome = await perform(place, "allow: dns\n");
    expect(outcome).toMatchObject({ kind: "done", adopted: false, pullRequest: { number: 1 } });
    const head = await place.forge.branchHead("netpol/selfhosted");
    expect((await place.forge.tree(head ?? "")).read(file("").path)).toBe("allow: dns\n");
    const [pull] = await place.forge.pullRequests();
    expect(pull).toMatchObject({ state: "open", branch: "netpol/selfhosted" });
    expect(pull?.body).toMatch(
      /^Why\.\n\n<!-- network-operator digest=[0-9a-f]{64} base=[0-9a-f]{40} commit=[0-9a-f]{40} -->\n$/,
    );
  });

  it("finds its own finished work and writes nothing", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    const before = await place.forge.pullRequests();
    expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "done", adopted: true });
    expect(await place.forge.pullRequests()).toEqual(before);
  });

  it("brings its own older work up to date in place", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    expect(await perform(place, "allow: dns, postgres\n")).toMatchObject({ kind: "done", adopted: false });
    const pulls = await place.forge.pullRequests();
    expect(pulls).toHaveLength(1);
    expect((await place.forge.tree(pulls[0]?.head ?? "")).read(file("").path)).toBe("allow: dns, postgres\n");
  });

  it("leaves a branch alone that somebody else pushed to", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    await place.push("netpol/selfhosted", [file("allow: everything\n")]);
    const head = await place.forge.branchHead("netpol/selfhosted");
    const outcome = await perform(place, "allow: dns, postgres\n");
    expect(outcome).toMatchObject({ kind: "refused", refusals: [{ gate: "door" }] });
    expect(await place.forge.branchHead("netpol/selfhosted")).toBe(head);
  });

  it("finds its own finished work although main has moved on", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    await place.push("main", [{ ...file("moved\n"), path: "README.md" }]);
    expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "done", adopted: true });
  });

  it("does not vouch for a commit that carries more than was judged, whatever its mark says", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    const [pull] = await place.forge.pullRequests();
    const old = await place.forge.branchHead("netpol/selfhosted");
    await place.push("netpol/selfhosted", [{ ...file("locked: true\n"), path: "kubernetes/media/deny.yaml" }]);
    const forged = (await place.forge.branchHead("netpol/selfhosted")) ?? "";
    const body = (pull?.body ?? "").replace(old ?? "", forged);
    await place.forge.updatePullRequest({ number: 1, title: "Allows", body });
    expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "done", adopted: false });
    const head = await place.forge.branchHead("netpol/selfhosted");
    expect((await place.forge.tree(head ?? "")).read("kubernetes/media/deny.yaml")).toBeNull();
  });

  it("reads its own mark and not one that somebody's words brought along", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    const [pull] = await place.forge.pullRequests();
    const none = "0".repeat(40);
    const body = `<!-- network-operator digest=${"0".repeat(64)} base=${none} commit=${none} -->\n${pull?.body ?? ""}`;
    await place.forge.updatePullRequest({ number: 1, title: "Allows", body });
    expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "done", adopted: true });
  });

  it("leaves a stranger's branch of that name alone", async () => {
    const place = await open();
    await place.push("netpol/selfhosted", [file("mine\n")]);
    expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "refused" });
    expect(await place.forge.pullRequests()).toEqual([]);
  });

  it("takes over its branch again after its pull request was closed", async () => {
    const place = await open();
    await perform(place, "allow: dns\n");
    await place.close(1);
    expect(await perform(place, "allow: dns, postgres\n")).toMatchObject({ kind: "done", pullRequest: { number: 2 } });
    expect(await place.forge.pullRequests({ state: "open" })).toHaveLength(1);
  });

  it("writes nothing when main has moved since the door looked", async () => {
    const place = await open();
    const base = await place.forge.head();
    await place.push("main", [{ path: "README.md", mode: "100644", text: "moved\n" }]);
    expect(await perform(place, "allow: dns\n", { base })).toMatchObject({ kind: "again" });
    expect(await place.forge.branchHead("netpol/selfhosted")).toBeNull();
  });

  it.each(["branch", "open"] as const)(
    "killed before the %s is written, it is finished by the next one",
    async (at) => {
      const place = await open();
      const { forge } = place;
      const died = new Error("killed");
      const dying: ForgeReader & ForgeWriter = {
        ...forge,
        writeBranch: (request) => (at === "branch" ? Promise.reject(died) : forge.writeBranch(request)),
        openPullRequest: () => Promise.reject(died),
      };
      await expect(perform({ ...place, forge: dying }, "allow: dns\n")).rejects.toThrow("killed");
      expect(await perform(place, "allow: dns\n")).toMatchObject({ kind: "done", pullRequest: { number: 1 } });
      expect(await forge.pullRequests()).toHaveLength(1);
    },
  );
});
