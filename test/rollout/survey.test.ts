import { describe, expect, it } from "vitest";
import type { Attestation } from "../../src/facts/attestation.ts";
import { DECISIONS_FILE } from "../../src/facts/campaign.ts";
import type { FileChange } from "../../src/facts/changeset.ts";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { EvidenceReader } from "../../src/facts/ports.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { holdsAllows } from "../../src/graph/facts/holds-allows.ts";
import { factsReader } from "../../src/graph/facts/reader.ts";
import { standingDigest } from "../../src/graph/facts/sign-off.ts";
import { policyView } from "../../src/graph/facts/views.ts";
import { survey } from "../../src/rollout/survey.ts";
import type { Survey } from "../../src/rollout/survey.ts";
import { cluster, evidence, liveFrom, NOW, ports, REPOSITORY } from "../graph/facts/home.ts";
import { memoryForge } from "../graph/memory-forge.ts";
import type { MemoryForge } from "../graph/memory-forge.ts";
import { coverage } from "../graph/gates/cluster.ts";

const file = (path: string, text: string | null): FileChange => ({ path, mode: "100644", text });

/** The cluster has applied a commit of main. */
const running = async (forge: MemoryForge, commit: string) => {
  const state = readInventory(await forge.tree(commit), defaultClusterFacts);
  const live = liveFrom(state);
  const kustomizations = live.kustomizations.map((k) => ({ ...k, appliedRevision: `main@sha1:${commit}` }));
  return cluster({ ...live, kustomizations });
};

/** Merged like a person would: branch, pull request, merge. */
const merge = async (forge: MemoryForge, branch: string, files: readonly FileChange[]): Promise<string> => {
  const base = await forge.head();
  await forge.writeBranch({ branch, base, expected: null, files, message: "change" });
  const { number } = await forge.openPullRequest({ branch, title: "t", body: "b" });
  forge.merge(number);
  return forge.head();
};

const allowsOf = async (forge: MemoryForge): Promise<readonly FileChange[]> => {
  const request = { lane: "propose-allows", draft: "allows", namespace: "collab", edits: [], answer: null } as const;
  return (await factsReader(ports({ forge })).read(request)).changeset.files;
};

const lockOf = async (forge: MemoryForge): Promise<readonly FileChange[]> => {
  const request = {
    lane: "propose-default-deny",
    draft: "default-deny",
    namespace: "collab",
    edits: [],
    answer: null,
  } as const;
  return (await factsReader(ports({ forge })).read(request)).changeset.files;
};

const read = (more: Parameters<typeof ports>[0]): Promise<Survey> => {
  const all = ports(more);
  return survey({ ...all, holdsAllows: holdsAllows(all) });
};
const stage = (s: Survey, namespace = "collab") => s.placed.find((p) => p.namespace === namespace)?.stage;
const waits = (s: Survey, namespace = "collab") =>
  s.placed.find((p) => p.namespace === namespace)?.waitingFor?.what ?? null;

/** Evidence that begins so long ago; before that nobody was watching. */
const watched = (length: number): EvidenceReader => ({
  ...evidence([], length),
  coverage: ({ from, to, nodes }) => {
    const seen = coverage(length);
    const start = NOW - length;
    const holes = from < start ? [{ from, to: start, why: "nobody was watching" }] : [];
    const vacuous = nodes !== null && nodes.length === 0;
    return Promise.resolve({ ...seen, from, to, vacuous, nodes: seen.nodes.map((n) => ({ ...n, holes })) });
  },
});

describe("a survey", () => {
  it("lets the first namespace begin and tells the others whom they wait for", async () => {
    const s = await read({});
    expect(stage(s)).toBe("surveyed");
    expect(stage(s, "flux-system")).toBe("out-of-scope");
    expect(s.placed.filter((p) => p.stage === "surveyed").length).toBeGreaterThan(0);
  });

  it("follows one rollout from its pull request to its lock, and keeps nothing", async () => {
    const forge = memoryForge(REPOSITORY);
    const before = await forge.head();
    const files = await allowsOf(forge);
    await forge.writeBranch({ branch: "netpol/collab", base: before, expected: null, files, message: "allows" });
    const { number } = await forge.openPullRequest({ branch: "netpol/collab", title: "t", body: "b" });
    expect(stage(await read({ forge }))).toBe("allows-proposed");
    expect(stage(await read({ forge }), "media")).toBe("waiting");

    forge.merge(number);
    const merged = await forge.head();
    const behind = await read({ forge, cluster: await running(forge, before) });
    expect([stage(behind), waits(behind)]).toEqual(["allows-merged", "apply"]);
    expect(waits(await read({ forge }))).toBe("person");

    const live = await running(forge, merged);
    const early = await read({ forge, cluster: live, evidence: watched(5 * HOUR) });
    expect([stage(early), waits(early)]).toEqual(["soaking", "soak"]);
    const soaked = await read({ forge, cluster: live, evidence: watched(2 * DAY) });
    expect(soaked.soaks.get("collab")?.known).toBe(true);

    const locked = await merge(forge, "netpol/collab.default-deny", await lockOf(forge));
    const notYet = await read({ forge, cluster: live });
    expect([stage(notYet), waits(notYet)]).toEqual(["default-deny-proposed", "apply"]);
    const enforced = await read({ forge, cluster: await running(forge, locked) });
    expect([stage(enforced), waits(enforced)]).toEqual(["enforced", "sign-off"]);

    const [lock] = (await forge.tree(locked)).paths().filter((p) => p.startsWith("apps/collab/default-deny/"));
    expect(lock).toBeDefined();
    forge.push("main", [
      file("apps/collab/kustomization.yaml", (await forge.tree(merged)).read("apps/collab/kustomization.yaml")),
    ]);
    expect([stage(await read({ forge })), waits(await read({ forge }))]).toEqual(["rolled-back", "person"]);
    forge.push("main", [
      file(
        DECISIONS_FILE,
        "version: 1\ndecisions:\n  - { kind: release, namespace: collab, reason: mended, by: jane, rolledBackUntil: 2026-05-20 }\n",
      ),
    ]);
    expect(stage(await read({ forge, cluster: live }))).not.toBe("rolled-back");
  });

  it("signs off what a person signed for, also when it has only been added to since, and nothing else", async () => {
    const forge = memoryForge(REPOSITORY);
    await merge(forge, "netpol/collab", await allowsOf(forge));
    const locked = await merge(forge, "netpol/collab.default-deny", await lockOf(forge));
    const live = await running(forge, locked);
    const facts = await factsReader(ports({ forge, cluster: live })).read({
      lane: "request-sign-off",
      draft: null,
      namespace: "collab",
      edits: [],
      answer: null,
    });
    const view = policyView(facts);
    if (view === null) throw new Error("the repository builds");
    const attestation: Attestation = {
      id: "a",
      request: {
        id: "r",
        namespace: "collab",
        policiesDigest: standingDigest(view, "collab"),
        commit: locked,
        urls: [],
        createdAt: NOW - HOUR,
        expiresAt: NOW + HOUR,
      },
      walked: [],
      signedAt: NOW - 1,
      by: "jane",
      keyId: "k",
      signature: { state: "valid" },
    };
    const signed = (more: Partial<Attestation> = {}) => ({
      attestations: () => Promise.resolve([{ ...attestation, ...more }]),
    });
    expect(stage(await read({ forge, cluster: live, attestations: signed() }))).toBe("signed-off");
    expect(
      stage(
        await read({
          forge,
          cluster: live,
          attestations: signed({ signature: { state: "invalid", why: "one byte" } }),
        }),
      ),
    ).toBe("enforced");

    // Rolled back and locked again with the same bytes: what was walked was walked before something broke.
    const merged = (await forge.pullRequests({ branch: "netpol/collab.default-deny" }))[0]?.mergedAt ?? NOW;
    const before = await read({ forge, cluster: live, attestations: signed({ signedAt: merged - 1 }) });
    expect(stage(before)).toBe("enforced");
    expect(before.placed.find((p) => p.namespace === "collab")?.waitingFor?.detail).toContain("before the lock was");

    const tree = await forge.tree(locked);
    const kustomization = tree.read("apps/collab/kustomization.yaml") ?? "";
    const more = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: more }
spec:
  endpointSelector: {}
  enableDefaultDeny: { ingress: false, egress: false }
  egress: [{ toEntities: [world] }]
`;
    forge.push("main", [
      file("apps/collab/more.yaml", more),
      file("apps/collab/kustomization.yaml", kustomization.replace("resources:\n", "resources:\n  - ./more.yaml\n")),
    ]);
    const added = await running(forge, await forge.head());
    expect(stage(await read({ forge, cluster: added, attestations: signed() }))).toBe("signed-off");

    forge.push("main", [file("apps/collab/more.yaml", more.replace("  egress: [", "  egressDeny: ["))]);
    const denied = await running(forge, await forge.head());
    expect(stage(await read({ forge, cluster: denied, attestations: signed() }))).toBe("enforced");
  });

  it("carries on a repository that came with its allows, one namespace at a time", async () => {
    const forge = memoryForge(REPOSITORY);
    forge.push("main", await allowsOf(forge));
    const s = await read({ forge, cluster: await running(forge, await forge.head()), evidence: watched(2 * DAY) });
    expect(stage(s)).toBe("soaking");
    expect(stage(s, "media")).toBe("waiting");
  });
});
