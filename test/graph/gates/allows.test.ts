import { describe, expect, it } from "vitest";
import { DAY } from "../../../src/facts/clock.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import type { PullRequest } from "../../../src/facts/ports.ts";
import { allowsFirst } from "../../../src/graph/gates/allows-first.ts";
import { allowsLive } from "../../../src/graph/gates/allows-live.ts";
import {
  allow,
  BASE,
  baseline,
  coverage,
  defaultDeny,
  docs,
  edge,
  facts,
  inventory,
  liveFrom,
  NOW,
  policy,
  workload,
} from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const namespaces = ["collab", "media"];
const workloads = [workload("collab/Deployment/web", [8080])];
const state = (objects: Record<string, string>, more = {}) => inventory({ namespaces, workloads, objects, ...more });
const nothing = state({ "flux-system/apps": "" });

describe("allows-first", () => {
  const asked = (yaml: string) => facts("propose-allows", "collab", nothing, state({ "flux-system/apps": yaml }));

  it("stops an allow that forgets enableDefaultDeny: it would lock its pods the moment it merges", () => {
    const refusal = stopped(
      allowsFirst,
      asked(
        policy(
          "collab",
          "allow-web",
          "endpointSelector: { matchLabels: { app: web } }\ningress: [{ fromEntities: [world] }]",
        ),
      ),
      31,
    );
    expect(refusal.reason).toContain("collab/Deployment/web (ingress)");
    expect(refusal.reason).toContain("allow-web");
  });

  it("stops a vanilla NetworkPolicy, which always locks, and one that selects no pod of today", () => {
    const vanilla =
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: old, namespace: collab }\nspec: { podSelector: { matchLabels: { app: nightly-job } }, policyTypes: [Egress], egress: [{}] }";
    const refusal = stopped(allowsFirst, asked(vanilla), 31);
    expect(refusal.reason).toContain("a pod that old would select");
  });

  it("lets allows through that lock nobody", () => {
    passed(allowsFirst, asked(baseline("collab")));
  });

  it("lets a repair through in a locked namespace: what is locked already is not locked by it", () => {
    const locked = docs(baseline("collab"), defaultDeny("collab"));
    const hole = policy("collab", "hole", "endpointSelector: {}\ningress: [{ fromEntities: [world] }]");
    passed(
      allowsFirst,
      facts(
        "propose-repair",
        "collab",
        state({ "flux-system/apps": locked }),
        state({ "flux-system/apps": docs(locked, hole) }),
      ),
    );
  });

  it("lets default-deny through when it travels alone, and stops it in company or beyond its namespace", () => {
    const allows = { "flux-system/apps": baseline("collab") };
    const to = (yaml: string) =>
      facts("propose-default-deny", "collab", state(allows), state({ ...allows, "flux-system/lock": yaml }));
    passed(allowsFirst, to(defaultDeny("collab")));
    stopped(
      allowsFirst,
      to(
        docs(defaultDeny("collab"), allow("collab", "late", "endpointSelector: {}\negress: [{ toEntities: [world] }]")),
      ),
      4,
    );
    stopped(allowsFirst, to(docs(defaultDeny("collab"), defaultDeny("media"))), 31);
  });
});

describe("allows-live", () => {
  const before = state({ "flux-system/apps": baseline("collab") });
  const after = (more: object) =>
    inventory({
      namespaces,
      workloads,
      objects: { "flux-system/apps": baseline("collab"), "flux-system/collab-lock": defaultDeny("collab") },
      kustomizations: [{ id: "flux-system/collab-lock", dependsOn: ["flux-system/apps"], ...more }],
    });
  const merged: PullRequest = {
    number: 1,
    url: "u",
    branch: "netpol/collab",
    base: "main",
    title: "",
    body: "",
    state: "merged",
    author: "a",
    head: "h",
    mergeCommit: "a".repeat(40),
    createdAt: 0,
    mergedAt: 1,
    closedAt: null,
  };
  const history = known([
    { commit: BASE, time: 3 },
    { commit: "a".repeat(40), time: 2 },
    { commit: "0".repeat(40), time: 1 },
  ]);
  const asked = (more = {}, to = after({})) =>
    facts("propose-default-deny", "collab", before, to, {
      live: known(liveFrom(before)),
      pullRequests: known([merged]),
      history,
      ...more,
    });

  it("lets a rollout through whose allows are applied, valid and the same as in Git", () => {
    passed(allowsLive, asked());
  });

  it("waits for Flux while the applied revision is older than the merge", () => {
    const live = liveFrom(before);
    const old = live.kustomizations.map((k) => ({ ...k, appliedRevision: `main@sha1:${"0".repeat(40)}` }));
    const refusal = stopped(allowsLive, asked({ live: known({ ...live, kustomizations: old }) }), 32);
    expect(refusal.waitingFor?.what).toBe("apply");
  });

  it("stops where one allow is invalid while the lock would land from another Kustomization", () => {
    const live = liveFrom(before);
    const policies = live.policies.map((p, i) => (i === 0 ? { ...p, valid: false, message: "port 70000" } : p));
    const refusal = stopped(allowsLive, asked({ live: known({ ...live, policies }) }), 18);
    expect(refusal.reason).toContain("port 70000");
  });

  it("takes Cilium's own naming of an allow for its missing condition", () => {
    const live = liveFrom(before);
    const silent = known({ ...live, policies: live.policies.map((p) => ({ ...p, valid: null })) });
    stopped(allowsLive, asked({ live: silent }), 32);
    const named = live.policies.map((p) => ({ policy: p.ref, flows: 3, lastSeen: NOW }));
    const word = {
      egress: { named, unnamed: { flows: 0, lastSeen: 0 } },
      ingress: { named: [], unnamed: { flows: 0, lastSeen: 0 } },
    };
    const edges = [edge("collab/Deployment/web", "collab/Deployment/web", 8080, "TCP", { word })];
    passed(allowsLive, asked({ live: silent, evidence: known({ edges, coverage: coverage(DAY), starts: [] }) }));
  });

  it("stops while something between Git and the allows is suspended, failed or unknown", () => {
    const live = liveFrom(before);
    const set = (id: string, more: object) =>
      known({ ...live, kustomizations: live.kustomizations.map((k) => (k.id === id ? { ...k, ...more } : k)) });
    stopped(allowsLive, asked({ live: set("flux-system/cluster", { suspended: true }) }), 22);
    stopped(allowsLive, asked({ live: set("flux-system/apps", { ready: false, message: "refused" }) }), 18);
    stopped(allowsLive, asked({ live: set("flux-system/apps", { ready: null }) }), 32);
    stopped(
      allowsLive,
      asked({
        live: known({ ...live, sources: [{ id: "flux-system/home", suspended: true, fetchedRevision: null }] }),
      }),
      22,
    );
    stopped(allowsLive, asked({ live: unknown("refused", "the API server") }), 32);
  });

  it("stops while the allows are still a pull request, or are not there at all", () => {
    const open = { ...merged, state: "open", mergeCommit: null } as const;
    expect(stopped(allowsLive, asked({ pullRequests: known([open]) }), 32).waitingFor?.what).toBe("merge");
    const bare = facts("propose-default-deny", "collab", nothing, after({}), {
      live: known(liveFrom(nothing)),
      pullRequests: known([]),
      history,
    });
    stopped(allowsLive, bare, 4);
  });

  it("wants default-deny in a Kustomization of its own that waits for those with the allows", () => {
    stopped(allowsLive, asked({}, after({ dependsOn: [] })), 32);
    const together = state({ "flux-system/apps": docs(baseline("collab"), defaultDeny("collab")) });
    expect(stopped(allowsLive, asked({}, together), 32).reason).toContain("together with");
  });
});
