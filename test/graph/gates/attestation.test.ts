import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SignOffRequest } from "../../../src/facts/attestation.ts";
import { DAY, HOUR } from "../../../src/facts/clock.ts";
import { known } from "../../../src/facts/known.ts";
import type { Gate, GateFacts } from "../../../src/graph/gate.ts";
import { standingDigest } from "../../../src/graph/facts/sign-off.ts";
import { policyView } from "../../../src/graph/facts/views.ts";
import { externalPath } from "../../../src/graph/gates/external-path.ts";
import { signed } from "../../../src/graph/gates/signed.ts";
import { attestationReader } from "../../../src/rollout/attestations.ts";
import type { EnrolledKey } from "../../../src/signoff/keys.ts";
import type { Said } from "../../../src/signoff/record.ts";
import { relyingParty } from "../../../src/signoff/verify.ts";
import { openSignOffStore, type SignOffStore } from "../../../src/store/signoff.ts";
import { attest, softKey } from "../../signoff/authenticator.ts";
import { baseline, defaultDeny, docs, facts, inventory, liveFrom, NOW, workload } from "./cluster.ts";

// From the page's store through the reader to the gates behind the pause: the same bytes, nothing in between faked.
const locked = inventory({
  namespaces: ["collab"],
  workloads: [workload("collab/Deployment/board", [8065])],
  objects: { "flux-system/apps": docs(baseline("collab"), defaultDeny("collab")) },
  more: {
    routes: [
      {
        kind: "HTTPRoute",
        namespace: "collab",
        name: "board",
        hostnames: ["board.sample.example"],
        gateways: ["network/envoy"],
        backends: [{ namespace: "collab", service: "board", port: 80 }],
        sure: "certain",
        origin: null,
      },
    ],
  },
});
const about = facts("request-sign-off", "collab", locked, locked, { live: known(liveFrom(locked)) });
const view = policyView(about);
if (view === null) throw new Error("the sketch renders");
const request: SignOffRequest = {
  id: "r-1",
  namespace: "collab",
  policiesDigest: standingDigest(view, "collab"),
  commit: "c".repeat(40),
  urls: ["https://board.sample.example/"],
  createdAt: NOW - 2 * HOUR,
  expiresAt: NOW + DAY,
};
const said = (over: Partial<SignOffRequest> = {}): Said => ({
  request: { ...request, ...over },
  walk: [{ url: "https://board.sample.example/", outcome: "app-loaded", login: "completed", openedAt: NOW - 2 * HOUR }],
  note: "used it",
  signedAt: NOW - HOUR,
});
const party = relyingParty("https://netpol.sample.example");
const alice = softKey("alice");

let dir: string;
let file: DatabaseSync;
let store: SignOffStore;
let keys: readonly EnrolledKey[];
let id: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "attested-"));
  const path = join(dir, "signoff.sqlite");
  store = openSignOffStore(path, { now: () => NOW });
  file = new DatabaseSync(path);
  file.exec("pragma synchronous = off");
  store.putRequest(request);
  keys = [alice.enrolled];
});
afterEach(() => {
  file.close();
  store.dispose();
  rmSync(dir, { recursive: true, force: true });
});

const put = (what: Said, by = alice): void => {
  const body = attest(by, what, party);
  id = body.id;
  store.putAttestation({ id, request: what.request.id, body });
};
const read = async (answer = id): Promise<GateFacts> => {
  const reader = attestationReader({ store, keys: () => Promise.resolve(keys), party });
  const attestations = known(await reader.attestations(null));
  return { ...about, attestations, request: { ...about.request, answer } };
};
/** What the gates behind the pause say no with; null: both let it pass. */
const refusal = (all: GateFacts): string | null => {
  for (const gate of [externalPath, signed] as const satisfies readonly Gate[]) {
    const decision = gate.judge(all);
    if (!decision.pass) return `${gate.id}: ${decision.reason}`;
  }
  return null;
};
/** Somebody with the file. */
const bodyOf = (): string => String(file.prepare("select body from attestations").get()?.["body"]);
const rewrite = (column: "body" | "request", text: string): void => {
  file.prepare(`update attestations set ${column} = ?`).run(text);
};

describe("an attestation, from the store to the gates", () => {
  it("counts when an enrolled person signed exactly this, in its time", async () => {
    put(said());
    expect(refusal(await read())).toBeNull();
  });

  it("with any one byte changed does not", async () => {
    put(said());
    const text = bodyOf();
    for (let at = 0; at < text.length; at++) {
      const byte = text.charCodeAt(at);
      rewrite("body", text.slice(0, at) + String.fromCharCode(byte ^ 1) + text.slice(at + 1));
      const why = refusal(await read());
      expect(why, `byte ${at} of ${text.slice(Math.max(0, at - 20), at + 5)}`).not.toBeNull();
    }
    rewrite("body", text);
    expect(refusal(await read())).toBeNull();
  });

  it("whose record was changed is named, not overlooked", async () => {
    put(said());
    rewrite("body", bodyOf().replace('"note":"used it"', '"note": "used it"'));
    expect(signed.judge(await read())).toMatchObject({
      reason: expect.stringContaining("not as it was written") as unknown,
    });
    rewrite("body", "{");
    expect((await read()).attestations).toMatchObject({ value: [{ id, signature: { state: "invalid" } }] });
  });

  it("over another request is none for this one", async () => {
    put(said({ namespace: "media" }));
    expect(refusal(await read())).toContain("no sign-off with that id for this namespace");
  });

  it("hung onto another request's row is not as it was written", async () => {
    put(said());
    store.putRequest({ ...request, id: "r-2" });
    rewrite("request", "r-2");
    expect(signed.judge(await read())).toMatchObject({
      reason: expect.stringContaining("not as it was written") as unknown,
    });
  });

  it("over policies that are not applied any more", async () => {
    put(said({ policiesDigest: "0".repeat(64) }));
    expect(refusal(await read())).toMatch(/signed: alice signed for policies 000000000000, and \w{12} are applied now/);
  });

  it("that expired", async () => {
    put(said({ expiresAt: NOW - 1 }));
    expect(refusal(await read())).toContain("signed: the request expired at");
  });

  it("signed outside the request's life", async () => {
    put({ ...said({ createdAt: NOW - 30 * 60_000 }), signedAt: NOW - HOUR });
    expect(signed.judge(await read())).toMatchObject({
      reason: expect.stringContaining("outside the request's life") as unknown,
    });
  });

  it("of a walk that was opened before it was asked for", async () => {
    put(said({ createdAt: NOW - 90 * 60_000 }));
    expect(refusal(await read())).toContain("external-path: the walk is not complete");
  });

  it("by a revoked key, or one that nobody enrolled", async () => {
    put(said());
    keys = [{ ...alice.enrolled, revokedAt: "2026-05-19T00:00:00Z" }];
    expect(refusal(await read())).toContain("the key of alice was revoked at 2026-05-19T00:00:00Z");
    keys = [];
    expect(refusal(await read())).toContain("a key that is not enrolled");
  });

  it("used for one namespace is spent, and a request takes one attestation", () => {
    put(said());
    expect(store.putAttestation({ id: "attestation-2", request: request.id, body: {} })).toBe(false);
    expect(store.record(id, "collab")).toBe(true);
    expect(store.record(id, "media")).toBe(false);
  });

  it("that nobody stored", async () => {
    expect(refusal(await read("attestation-9"))).toContain("there is no sign-off with that id");
  });
});
