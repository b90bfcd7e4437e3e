import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SignOffRequest } from "../../src/facts/attestation.ts";
import { openSignOffStore, type SignOffStore } from "../../src/store/signoff.ts";

let dir: string;
let store: SignOffStore;
let now = 1000;

const request = (id: string, namespace = "collab"): SignOffRequest => ({
  id,
  namespace,
  policiesDigest: "d",
  commit: "c",
  urls: ["https://a.example/"],
  createdAt: 1,
  expiresAt: 2,
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "signoff-"));
  store = openSignOffStore(join(dir, "signoff.sqlite"), { now: () => now });
});
afterEach(() => {
  store.dispose();
  rmSync(dir, { recursive: true, force: true });
});

describe("the sign-off store", () => {
  it("keeps a request as it was prepared: a second one of the same id changes nothing", () => {
    store.putRequest(request("r"));
    store.putRequest({ ...request("r"), namespace: "auth" });
    expect(store.request("r")?.namespace).toBe("collab");
    expect(store.unanswered("auth")).toEqual([]);
    expect(store.request("nobody")).toBeNull();
  });

  it("hands out requests until they are answered, newest first", () => {
    store.putRequest({ ...request("old"), createdAt: 1 });
    store.putRequest({ ...request("new"), createdAt: 2 });
    expect(store.unanswered("collab").map(({ id }) => id)).toEqual(["new", "old"]);
    store.putAttestation({ id: "a", request: "new", body: {} });
    expect(store.unanswered(null).map(({ id }) => id)).toEqual(["old"]);
  });

  it("remembers when a URL was first opened", () => {
    store.opened("r", "https://a.example/");
    now = 2000;
    store.opened("r", "https://a.example/");
    expect(store.openings("r")).toEqual(new Map([["https://a.example/", 1000]]));
    now = 1000;
  });

  it("takes one attestation per request and lets each be spent once", () => {
    expect(store.putAttestation({ id: "a", request: "r", body: { x: 1 } })).toBe(true);
    expect(store.putAttestation({ id: "b", request: "r", body: { x: 2 } })).toBe(false);
    expect(store.attestations()).toEqual([{ id: "a", request: "r", body: { x: 1 } }]);
    expect(store.record("a", "collab")).toBe(true);
    expect(store.record("a", "auth")).toBe(false);
    expect(store.recorded()).toEqual([{ attestation: "a", namespace: "collab", at: 1000 }]);
  });

  it("gives out enrolment codes that work once", () => {
    const code = store.newCode("alice");
    expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    expect(store.useCode("AAAA-AAAA-AAAA")).toBeNull();
    expect(store.useCode(code.toLowerCase())).toBe("alice");
    expect(store.useCode(code)).toBeNull();
  });
});
