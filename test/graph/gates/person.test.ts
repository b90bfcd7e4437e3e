import { describe, expect, it } from "vitest";
import type { Attestation, WalkedUrl } from "../../../src/facts/attestation.ts";
import { DAY, HOUR } from "../../../src/facts/clock.ts";
import type { RouteFact } from "../../../src/facts/inventory.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import type { GateFacts, Rehearsal, SoakFacts, Undo } from "../../../src/graph/gate.ts";
import { confirmed } from "../../../src/graph/gates/confirmed.ts";
import { enforced } from "../../../src/graph/gates/enforced.ts";
import { externalPath } from "../../../src/graph/gates/external-path.ts";
import { onlyLoosens } from "../../../src/graph/gates/only-loosens.ts";
import { rollbackRehearsed } from "../../../src/graph/gates/rollback-rehearsed.ts";
import { signed } from "../../../src/graph/gates/signed.ts";
import { soaked } from "../../../src/graph/gates/soaked.ts";
import { standingDigest } from "../../../src/graph/facts/sign-off.ts";
import { policyView } from "../../../src/graph/facts/views.ts";
import {
  allow,
  baseline,
  coverage,
  defaultDeny,
  docs,
  facts,
  inventory,
  liveFrom,
  NOW,
  policy,
  workload,
} from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const route: RouteFact = {
  kind: "HTTPRoute",
  namespace: "collab",
  name: "board",
  hostnames: ["board.sample.example"],
  gateways: ["network/envoy"],
  backends: [{ namespace: "collab", service: "board", port: 80 }],
  sure: "certain",
  origin: null,
};
const sketch = (...yaml: string[]) =>
  inventory({
    namespaces: ["collab"],
    workloads: [workload("collab/Deployment/board", [8065])],
    objects: { "flux-system/apps": docs(...yaml) },
    more: { routes: [route] },
  });
const locked = sketch(baseline("collab"), defaultDeny("collab"));
const about = (more: Partial<GateFacts> = {}) =>
  facts("request-sign-off", "collab", locked, locked, { live: known(liveFrom(locked)), ...more });

describe("soaked", () => {
  const soak = (more: Partial<SoakFacts> = {}): GateFacts =>
    facts("propose-default-deny", "collab", locked, locked, {
      soak: known({
        window: DAY,
        phase: "apps",
        resets: [{ at: NOW - 2 * DAY, why: "the allows went live" }],
        nodes: ["worker-1"],
        coverage: coverage(2 * DAY),
        newWorkloads: [],
        ...more,
      }),
    });

  it("lets a soak through that was seen, and says how well", () => {
    expect(passed(soaked, soak())[0]).toContain("kubelet-probe");
  });

  it("stops default-deny asked for before the soak, and says until when", () => {
    const refusal = stopped(soaked, soak({ resets: [{ at: NOW - 5 * HOUR, why: "the allows went live" }] }), 4);
    expect(refusal.waitingFor).toMatchObject({ what: "soak", until: NOW + 19 * HOUR });
  });

  it("stops a soak whose tap was dead: no flow that must be there was", () => {
    stopped(soaked, soak({ coverage: coverage(2 * DAY, { control: null }) }), 5);
  });

  it("passes a namespace without pods as vacuous and says so", () => {
    expect(passed(soaked, soak({ coverage: coverage(DAY, { vacuous: true, nodes: [] }) }))[0]).toContain("vacuous");
  });

  it("waits for the allows to be live, and refuses what nobody knows", () => {
    expect(stopped(soaked, soak({ resets: [] }), 4).waitingFor?.what).toBe("apply");
    stopped(
      soaked,
      facts("propose-default-deny", "collab", locked, locked, { soak: unknown("no store", "a store") }),
      5,
    );
  });
});

describe("rollback-rehearsed", () => {
  const rehearsal: Rehearsal = {
    owner: known({ id: "flux-system/collab-lock", alone: true }),
    access: [
      { verb: "patch", resource: "ciliumnetworkpolicies", namespace: "collab", allowed: true },
      { verb: "delete", resource: "ciliumnetworkpolicies", namespace: "collab", allowed: true },
      { verb: "patch", resource: "kustomizations", namespace: "flux-system", allowed: true },
    ],
    dryRuns: [
      { what: "create collab/default-deny", refused: null },
      { what: "patch collab/default-deny", refused: null },
    ],
    steps: ["flux suspend kustomization collab-lock -n flux-system"],
    played: known(["suspended flux-system/collab-lock", "stayed away for an interval after the revert"]),
  };
  const about = (more: Partial<Rehearsal>) =>
    facts("propose-default-deny", "collab", locked, locked, { rehearsal: known({ ...rehearsal, ...more }) });

  it("lets a lock through whose way back was tried", () => {
    passed(rollbackRehearsed, about({}));
  });

  it("stops it without an owner, a right, a dry run, a step, or a rehearsal at all", () => {
    stopped(rollbackRehearsed, about({ owner: unknown("nobody carries it", "its Kustomization") }), 25);
    stopped(
      rollbackRehearsed,
      about({ access: rehearsal.access.map((a) => ({ ...a, allowed: a.verb !== "delete" })) }),
      25,
    );
    stopped(rollbackRehearsed, about({ dryRuns: [] }), 25);
    stopped(rollbackRehearsed, about({ dryRuns: [{ what: "patch x", refused: "forbidden" }] }), 25);
    stopped(rollbackRehearsed, about({ steps: [] }), 25);
    stopped(rollbackRehearsed, facts("propose-default-deny", "collab", locked, locked), 25);
  });

  it("stops it where the whole path was not executed, or not to its end, and says what broke and the way out", () => {
    stopped(rollbackRehearsed, about({ played: known([]) }), 25);
    const why = unknown("Flux brought the lock back", "Report this.");
    const { reason, remedy } = stopped(rollbackRehearsed, about({ played: why }), 25);
    expect([reason.includes("Flux brought the lock back"), remedy]).toEqual([true, "Report this."]);
  });
});

describe("enforced", () => {
  it("lets a sign-off begin where the lock is live both ways", () => {
    passed(enforced, about());
  });

  it("stops it where the lock is merged and not applied, refused, or being rolled back", () => {
    const live = liveFrom(locked);
    const without = live.policies.filter((p) => p.ref.name !== "default-deny");
    expect(stopped(enforced, about({ live: known({ ...live, policies: without }) }), 9).waitingFor?.what).toBe("apply");
    const refused = live.policies.map((p) => (p.ref.name === "allow-dns" ? { ...p, valid: false } : p));
    stopped(enforced, about({ live: known({ ...live, policies: refused }) }), 9);
    const held = live.kustomizations.map((k) => ({ ...k, suspended: k.id === "flux-system/apps" }));
    stopped(enforced, about({ live: known({ ...live, kustomizations: held }) }), 22);
    stopped(enforced, about({ live: unknown("refused", "the API server") }), 9);
  });
});

describe("the walk and the signature", () => {
  const view = policyView(about());
  if (view === null) throw new Error("the sketch renders");
  const walk: WalkedUrl = {
    url: "https://board.sample.example/",
    outcome: "app-loaded",
    external: true,
    login: "completed",
    walkedAt: NOW - HOUR,
  };
  const attestation: Attestation = {
    id: "a1",
    request: {
      id: "r1",
      namespace: "collab",
      policiesDigest: standingDigest(view, "collab"),
      commit: "c",
      urls: [walk.url],
      createdAt: NOW - 2 * HOUR,
      expiresAt: NOW + DAY,
    },
    walked: [walk],
    signedAt: NOW - HOUR,
    by: "jane",
    keyId: "k1",
    signature: { state: "valid" },
  };
  const answer = (more: Partial<Attestation> = {}, rest: Partial<GateFacts> = {}) => {
    const base = about({ attestations: known([{ ...attestation, ...more }]), ...rest });
    return { ...base, request: { ...base.request, answer: "a1" } };
  };

  it("count together: a person saw the app and signed for exactly what is applied", () => {
    passed(externalPath, answer());
    passed(signed, answer());
  });

  it("do not count a redirect, an inside request, a URL left out or a login not completed", () => {
    for (const more of [{ outcome: "failed" }, { external: false }, { login: "not-completed" }] as const)
      stopped(externalPath, answer({ walked: [{ ...walk, ...more }] }), 8);
    stopped(externalPath, answer({ walked: [] }), 8);
  });

  it("want a completed login wherever the app is an OIDC client", () => {
    const declared = [
      {
        source: { namespace: "collab", workload: "board", kind: "Deployment" },
        target: { kind: "host", host: "auth.x" },
        port: 443,
        protocol: "TCP",
        why: "issuer",
        key: "K",
        sure: "certain",
        origin: { file: "f", line: 1, column: 1 },
      } as const,
    ];
    const state = { ...locked, declared };
    stopped(
      externalPath,
      answer({ walked: [{ ...walk, login: "none" }] }, { inventory: { before: known(state), after: known(state) } }),
      8,
    );
  });

  it("do not count for other policies, another namespace, another time or a broken signature", () => {
    const { request } = attestation;
    stopped(signed, answer({ request: { ...request, policiesDigest: "0".repeat(64) } }), 9);
    stopped(signed, answer({ request: { ...request, namespace: "media" } }), 9);
    stopped(signed, answer({ request: { ...request, expiresAt: NOW - 1 } }), 9);
    stopped(signed, answer({ signedAt: NOW - 3 * HOUR }), 9);
    stopped(signed, answer({ signature: { state: "invalid", why: "one byte differs" } }), 9);
    stopped(signed, answer({ signature: { state: "unknown", why: "no key file" } }), 9);
    stopped(signed, answer({ id: "another" }), 9);
  });

  it("end when an allow is applied that was not signed for", () => {
    const more = sketch(
      baseline("collab"),
      defaultDeny("collab"),
      allow("collab", "more", "endpointSelector: {}\negress: [{ toEntities: [world] }]"),
    );
    stopped(signed, answer({}, { live: known(liveFrom(more)) }), 9);
  });
});

describe("rollback", () => {
  const deny = locked.policies.find((p) => p.ref.name === "default-deny");
  if (deny === undefined) throw new Error("the sketch is locked");
  const before = deny.object as Record<string, unknown>;
  const spec = before["spec"] as Record<string, unknown>;
  const off = { ...before, spec: { ...spec, enableDefaultDeny: { ingress: false, egress: false } } };
  const own = { id: "flux-system/collab-lock", alone: true };
  const shared = { id: "flux-system/apps", alone: false };
  type Step = Omit<Undo["policies"][number], "owner" | "next"> & Partial<Undo["policies"][number]>;
  const undo = (steps: readonly Step[], more: Parameters<typeof facts>[4] = { files: [] }) => {
    const policies = steps.map((step) => ({ owner: own, next: "it goes", ...step }));
    const value = { digest: "d1", policies, waitingFor: null, stillLocked: [], endpoints: 1, steps: [] };
    return facts("request-rollback", "collab", locked, locked, { undo: known(value), ...more });
  };

  it("only removes the lock, or switches it off", () => {
    passed(onlyLoosens, undo([{ ref: deny.ref, before, after: null }]));
    passed(onlyLoosens, undo([{ ref: deny.ref, before, after: off, owner: shared }]));
    passed(onlyLoosens, undo([{ ref: deny.ref, before, after: off, owner: null }]));
  });

  it("never deletes what a shared Kustomization would bring back, and never suspends one that carries more", () => {
    stopped(onlyLoosens, undo([{ ref: deny.ref, before, after: null, owner: shared }]), 25);
    // Inert already, it may go.
    passed(onlyLoosens, undo([{ ref: deny.ref, before: off, after: null, owner: shared }]));
  });

  it("lets a revert along that takes the lock out of Git, and none that does anything else", () => {
    const files = [{ path: "collab/kustomization.yaml", mode: "100644", text: "resources: []\n" }] as const;
    const reverting = (after: ReturnType<typeof sketch>) =>
      undo([{ ref: deny.ref, before, after: null }], {
        files,
        inventory: { before: known(locked), after: known(after) },
      });
    passed(onlyLoosens, reverting(sketch(baseline("collab"))));
    stopped(onlyLoosens, reverting(sketch()), 25);
    stopped(onlyLoosens, reverting(locked), 25);
  });

  it("never removes a policy that allows something, changes a rule, or touches another namespace", () => {
    const mixed = sketch(policy("collab", "mixed", "endpointSelector: {}\ningress: [{ fromEntities: [world] }]"))
      .policies[0];
    if (mixed === undefined) throw new Error("the sketch has one policy");
    const object = mixed.object as Record<string, unknown>;
    stopped(onlyLoosens, undo([{ ref: mixed.ref, before: object, after: null }]), 25);
    stopped(onlyLoosens, undo([{ ref: deny.ref, before, after: { ...off, spec: { ...spec, ingress: [] } } }]), 25);
    stopped(onlyLoosens, undo([{ ref: { ...deny.ref, namespace: "media" }, before, after: null }]), 25);
    stopped(onlyLoosens, undo([{ ref: { ...deny.ref, kind: "NetworkPolicy" }, before, after: null }]), 25);
    stopped(onlyLoosens, undo([{ ref: deny.ref, before: null, after: off }]), 25);
    stopped(onlyLoosens, undo([]), 25);
  });

  it("works when Hubble, the forge and the repository are gone, on a person's word for exactly this", () => {
    const silent = unknown("gone", "its return");
    const confirmation = {
      id: "c1",
      namespace: "collab",
      digest: "d1",
      by: "jane",
      at: NOW - 1,
      expiresAt: NOW + HOUR,
      used: false,
      seal: { state: "valid" },
    } as const;
    const asks = (more: object = {}) => {
      const base = undo([{ ref: deny.ref, before, after: null }]);
      return {
        ...base,
        inventory: { before: silent, after: silent },
        evidence: silent,
        pullRequests: silent,
        request: { ...base.request, answer: "c1" },
        confirmation: known({ ...confirmation, ...more }),
      };
    };
    passed(confirmed, asks());
    passed(onlyLoosens, asks());
    for (const more of [
      { digest: "d2" },
      { namespace: "media" },
      { used: true },
      { expiresAt: NOW - 1 },
      { at: NOW + 1 },
      { id: "c2" },
      { seal: { state: "invalid", why: "one byte differs" } },
    ])
      stopped(confirmed, asks(more), 25);
  });
});
