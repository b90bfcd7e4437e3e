import { describe, expect, it } from "vitest";
import { DECISIONS_FILE } from "../../../src/facts/campaign.ts";
import type { ChangeKind } from "../../../src/facts/changeset.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { OperatorError } from "../../../src/facts/errors.ts";
import type { OwnedLock, PlayRollback } from "../../../src/facts/rollback.ts";
import type { LaneId } from "../../../src/facts/rollout.ts";
import { memoryTree } from "../../../src/facts/tree.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import { laneOf } from "../../../src/graph/facts/lane-of.ts";
import { factsReader } from "../../../src/graph/facts/reader.ts";
import type { Edit, GateFacts, LaneRequest } from "../../../src/graph/gate.ts";
import { gates } from "../../../src/graph/gates/index.ts";
import { gatesOf, LANES } from "../../../src/graph/lanes.ts";
import { memoryForge } from "../memory-forge.ts";
import { passed, stopped } from "../gates/judged.ts";
import { cluster, evidence, HOUR, liveFrom, NOW, ports, REPOSITORY, silentCluster } from "./home.ts";

const CLOSED = {
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
};
const NO_REMEDY = { remedy: "Report this." };

const ask = (lane: LaneId, draft: ChangeKind | null, namespace: string, edits: readonly Edit[] = []): LaneRequest => ({
  lane,
  draft,
  namespace,
  edits,
  answer: null,
});
const allows = (namespace = "collab", edits: readonly Edit[] = []) => ask("propose-allows", "allows", namespace, edits);
const read = (request: LaneRequest, more = {}): Promise<GateFacts> => factsReader(ports(more)).read(request);

const refusals = (facts: GateFacts): readonly string[] => {
  const lane = LANES.find((l) => l.id === facts.request.lane);
  if (lane === undefined) return ["no lane"];
  return gatesOf(lane).flatMap((id) => {
    const decision = gates[id].judge(facts);
    return decision.pass ? [] : [`${id}: ${decision.reason}`];
  });
};

describe("the facts of a request", () => {
  it("are enough for an honest rollout to pass every gate of its lane", async () => {
    const facts = await read(allows());
    expect(facts.changeset.files.map((f) => f.path)).toContain("apps/collab/kustomization.yaml");
    expect(laneOf(facts)).toMatchObject({ value: { lane: "propose-allows" } });
    expect(refusals(facts)).toEqual([]);
  });

  it("carry edits as bytes, whoever wrote them; what stands already is no change", async () => {
    const path = "apps/collab/web.yaml";
    const same = await read(allows("collab", [{ path, text: REPOSITORY[path] ?? "" }]));
    const plain = await read(allows());
    expect(same.changeset.digest).toBe(plain.changeset.digest);
    const other = await read(allows("collab", [{ path, text: (REPOSITORY[path] ?? "").replace("web:1", "own:1") }]));
    expect(other.changeset.digest).not.toBe(plain.changeset.digest);
    expect(stopped(gates["one-namespace"], other, 2).reason).toContain("Deployment");
  });

  it("are read anew each time: main, evidence and clock", async () => {
    const forge = memoryForge(REPOSITORY);
    let now = NOW;
    const reader = factsReader(ports({ forge, clock: { now: () => now } }));
    const first = await reader.read(allows());
    forge.push("main", [{ path: "README.md", mode: "100644", text: "more\n" }]);
    now += HOUR;
    const second = await reader.read(allows());
    expect(second.base).not.toBe(first.base);
    expect(second.now).toBe(NOW + HOUR);
    expect(second.changeset.digest).toBe(first.changeset.digest);
  });

  it("say what is silent instead of passing over it", async () => {
    const facts = await read(allows(), { cluster: silentCluster });
    expect(facts.live).toMatchObject({ known: false, why: "the API server does not answer" });
    stopped(gates.scope, facts, 1);
    const blind = await read(allows(), { evidence: null });
    stopped(gates.replay, blind, 6);
  });

  it("say of a repository that does not build with the change that it does not", async () => {
    const facts = await read(
      allows("collab", [{ path: "apps/collab/kustomization.yaml", text: "resources: [./gone.yaml" }]),
    );
    expect(refusals(facts).length).toBeGreaterThan(0);
    expect(facts.lint).toBeDefined();
  });

  it("leave the answer to the gate where nothing could be drafted for a namespace that is never locked", async () => {
    const facts = await read(allows("flux-system"));
    expect(facts.draft).toBeNull();
    stopped(gates.scope, facts, 1);
    const early = await read(ask("propose-default-deny", "default-deny", "collab"), {
      cluster: cluster(liveFrom(readInventory(memoryTree(REPOSITORY), defaultClusterFacts))),
    });
    stopped(gates["allows-live"], early, 4);
  });

  it("take decisions from main and never from the change that wants them", async () => {
    const decisions =
      "version: 1\ndecisions:\n  - { kind: waiver, namespace: collab, fingerprint: x, reason: r, by: agent, expires: 2026-06-01 }\n";
    const facts = await read(allows("collab", [{ path: DECISIONS_FILE, text: decisions }]));
    expect(facts.decisions).toEqual({ known: true, value: [] });
    stopped(gates["one-namespace"], facts, 2);
  });

  it("do not let a change waive its own findings", async () => {
    const wide = (annotation: string): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: nowhere
  namespace: collab
  annotations: { network-operator.dev/waive: "${annotation}" }
spec:
  endpointSelector: { matchLabels: { app: nobody } }
  enableDefaultDeny: { ingress: false, egress: false }
  egress: [{ toEntities: [all] }]
`;
    const kustomization = `${REPOSITORY["apps/collab/kustomization.yaml"] ?? ""}  - ./nowhere.yaml\n`;
    const edits = (annotation: string): readonly Edit[] => [
      { path: "apps/collab/nowhere.yaml", text: wide(annotation) },
      { path: "apps/collab/kustomization.yaml", text: kustomization },
    ];
    const found = (facts: GateFacts) => (facts.findings.known ? facts.findings.value.after.map((f) => f.rule) : []);
    const bare = found(await read(ask("propose-allows", "allows", "collab", edits(""))));
    const [rule = ""] = bare;
    expect(rule).not.toBe("");
    const waived = found(
      await read(ask("propose-allows", "allows", "collab", edits(`${rule} until 2026-06-01: trust me`))),
    );
    expect(waived).toContain(rule);
  });

  it("rehearse the rollback of exactly the lock that is proposed", async () => {
    const allowed = await read(allows());
    const forge = memoryForge({
      ...REPOSITORY,
      ...Object.fromEntries(allowed.changeset.files.map((f) => [f.path, f.text ?? ""])),
    });
    const state = readInventory(await forge.tree(await forge.head()), defaultClusterFacts);
    const played: OwnedLock[] = [];
    const play: PlayRollback = (lock) => {
      played.push(lock);
      return Promise.resolve(["off"]);
    };
    const asked: string[] = [];
    const tried: string[] = [];
    const home = cluster(liveFrom(state), {
      mayI: ({ verb, resource, namespace }) => {
        asked.push(`${verb} ${resource} in ${namespace ?? "*"}`);
        return Promise.resolve(verb === "patch");
      },
      dryRun: ({ verb, namespace, name }) => {
        tried.push(`${verb} ${namespace}/${name}`);
        return Promise.resolve(null);
      },
    });
    const facts = await read(ask("propose-default-deny", "default-deny", "collab"), { forge, cluster: home, play });
    expect(asked.sort()).toEqual([
      "create ciliumnetworkpolicies in collab",
      "delete ciliumnetworkpolicies in collab",
      expect.stringMatching(/^patch ciliumnetworkpolicies in collab$/),
      expect.stringMatching(/^patch kustomizations in /),
    ]);
    // The identity may not create: the lock's bytes are tried in the place of an allow.
    expect(tried[0]).toMatch(/^replace collab\/allow-/);
    expect(tried.some((t) => t.startsWith("patch collab/"))).toBe(true);
    expect(stopped(gates["rollback-rehearsed"], facts, 25).reason).toContain("delete");
    // The whole path is a matter of a second: it is not played where something else is missing already.
    expect(played).toEqual([]);
    const granted = { forge, cluster: cluster(liveFrom(state)), play };
    passed(gates["rollback-rehearsed"], await read(ask("propose-default-deny", "default-deny", "collab"), granted));
    expect(played).toEqual([
      {
        namespace: "collab",
        owner: { id: "collab/collab-default-deny", alone: true },
        object: {
          apiVersion: "cilium.io/v2",
          kind: "CiliumNetworkPolicy",
          metadata: { name: "default-deny", namespace: "collab" },
          spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
        },
      },
    ]);
    const broken = { ...granted, play: () => Promise.reject(new OperatorError("outside", "it came back", NO_REMEDY)) };
    const refused = await read(ask("propose-default-deny", "default-deny", "collab"), broken);
    expect(stopped(gates["rollback-rehearsed"], refused, 25).reason).toContain("it came back");
    // A change that brings one lock after the other does not keep this machine busy.
    const many = Array.from({ length: 6 }, (_, n) => ({ metadata: { name: `lock-${String(n)}` }, ...CLOSED }));
    const path = "apps/collab/many.yaml";
    const text = many.map((one) => JSON.stringify(one)).join("\n---\n");
    const listed = (await forge.tree(await forge.head())).read("apps/collab/kustomization.yaml") ?? "";
    const edits = [
      { path, text },
      { path: "apps/collab/kustomization.yaml", text: `${listed}  - ./many.yaml\n` },
    ];
    const busy = await read(ask("propose-default-deny", null, "collab", edits), granted);
    expect(stopped(gates["rollback-rehearsed"], busy, 25).reason).toContain("6 policies");
    // No other lane plays anything.
    await read(allows(), granted);
    expect(played).toHaveLength(1);
    expect(laneOf(facts)).toMatchObject({ value: { lane: "propose-default-deny" } });
    passed(gates["one-namespace"], facts);
    passed(gates["allows-first"], facts);
  });

  it("count a namespace without pods as vacuous only where somebody can tell", async () => {
    const empty = liveFrom(readInventory(memoryTree(REPOSITORY), defaultClusterFacts), { pods: [] });
    const told = await read(allows(), { cluster: cluster(empty), evidence: evidence([], HOUR) });
    expect(told.evidence).toMatchObject({ value: { coverage: { vacuous: true } } });
    const blind = await read(allows(), { evidence: evidence([], HOUR) });
    expect(blind.evidence).toMatchObject({ value: { coverage: { vacuous: false } } });
    stopped(gates.replay, blind, 5);
  });
});
