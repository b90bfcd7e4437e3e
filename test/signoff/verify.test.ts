import { describe, expect, it } from "vitest";
import type { SignOffRequest } from "../../src/facts/attestation.ts";
import { parseKeys, printKeys } from "../../src/signoff/keys.ts";
import {
  attestationOf,
  challengeOf,
  readStored,
  statementOf,
  type Said,
  type StoredAttestation,
} from "../../src/signoff/record.ts";
import { relyingParty, verifyAttestation } from "../../src/signoff/verify.ts";
import { attest, keptOf, softKey } from "./authenticator.ts";

const party = relyingParty("https://netpol.sample.example/");
const alice = softKey("alice");
const request: SignOffRequest = {
  id: "r-1",
  namespace: "collab",
  policiesDigest: "d".repeat(64),
  commit: "c".repeat(40),
  urls: ["https://wiki.sample.example/"],
  createdAt: 1,
  expiresAt: 2,
};
const step: Said["walk"][number] = {
  url: "https://wiki.sample.example/",
  outcome: "app-loaded",
  login: "completed",
  openedAt: 1,
};
const said: Said = { request, walk: [step], note: "", signedAt: 1 };
const signed = (over: Partial<StoredAttestation> = {}): StoredAttestation => ({
  ...attest(alice, said, party),
  ...over,
});

const state = async (stored: StoredAttestation, keys = [alice.enrolled]): Promise<string> => {
  const { signature } = await verifyAttestation(stored, keys, party);
  return signature.state === "valid" ? "valid" : signature.why;
};

describe("an attestation", () => {
  it("holds when an enrolled person signed exactly this request and this walk", async () => {
    expect(await verifyAttestation(signed(), [alice.enrolled], party)).toEqual({
      signature: { state: "valid" },
      by: "alice",
      keyId: alice.enrolled.id,
    });
  });

  it.each([
    ["another namespace", signed({ request: { ...request, namespace: "auth" } })],
    ["another request", signed({ request: { ...request, id: "r-2" } })],
    ["policies that changed by one byte", signed({ request: { ...request, policiesDigest: `e${"d".repeat(63)}` } })],
    ["a later expiry", signed({ request: { ...request, expiresAt: 3 } })],
    ["another outcome than was signed", signed({ walk: [{ ...step, login: "none" }] })],
    ["an address that was opened at another time", signed({ walk: [{ ...step, openedAt: 2 }] })],
    ["another time of signing", signed({ signedAt: 2 })],
    ["a URL fewer", signed({ walk: [] })],
    ["a note added later", signed({ note: "fine" })],
  ])("for %s is not what was signed", async (_, stored) => {
    expect(await state(stored)).toBe("what was signed is not this request and this walk");
  });

  it("with one byte of the signature changed does not verify", async () => {
    const stored = signed();
    const bytes = Buffer.from(stored.assertion.signature, "base64url");
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    const assertion = { ...stored.assertion, signature: bytes.toString("base64url") };
    expect(await state(signed({ assertion }))).toBe("the signature does not verify");
  });

  it("by a key that is not enrolled, or was revoked, is refused by name", async () => {
    expect(await state(signed(), [softKey("bob").enrolled])).toContain("not enrolled");
    expect(await state(signed(), [{ ...alice.enrolled, revokedAt: "2026-05-19T00:00:00Z" }])).toContain(
      "of alice was revoked",
    );
  });

  it("made on another site, or without verifying the user, is refused", async () => {
    const elsewhere = attest(alice, said, relyingParty("https://evil.example"));
    expect(await state(elsewhere)).toContain("signed on a page at https://evil.example");
    const absent = alice.sign(challengeOf(statementOf(said)), party, { userVerified: false });
    expect(await state(signed({ assertion: keptOf(absent) }))).toMatch(/user/i);
  });

  it("reads back as it was written, and with anything beside it not at all", () => {
    const one = signed();
    expect(readStored(JSON.parse(JSON.stringify(one)))).toEqual(one);
    expect(readStored({ ...one, approved: true })).toBeNull();
    expect(readStored({ ...one, note: "fine" })).toBeNull();
    expect(attestationOf(said, { ...one.assertion, signature: "AB" })).toBeNull();
    for (const body of [null, undefined, 3, "x", [], {}]) expect(readStored(body)).toBeNull();
  });
});

describe("the statement", () => {
  it("has one spelling, whatever the order of keys", () => {
    const turned = Object.fromEntries(Object.entries(request).reverse()) as unknown as SignOffRequest;
    expect(statementOf({ ...said, request: turned })).toBe(statementOf(said));
  });
});

describe("the file of enrolled keys", () => {
  it("reads back as it was written", () => {
    expect(parseKeys(printKeys([alice.enrolled]), "passkeys.yaml")).toEqual([alice.enrolled]);
    expect(parseKeys("", "passkeys.yaml")).toEqual([]);
  });

  it.each([
    ["a key twice", "version: 1\nversion: 1\n"],
    ["an entry without a key", "version: 1\nkeys: [{id: a, name: x}]\n"],
    ["a future version", "version: 2\n"],
  ])("with %s lets nobody sign", (_, text) => {
    expect(() => parseKeys(text, "passkeys.yaml")).toThrow("the file of enrolled keys is broken");
  });
});
