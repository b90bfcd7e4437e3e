import { describe, expect, it } from "vitest";
import { signOffDesk } from "../../src/server/desk.ts";
import type { EnrolledKey } from "../../src/signoff/keys.ts";
import { relyingParty } from "../../src/signoff/verify.ts";
import { openSignOffStore } from "../../src/store/signoff.ts";
import { softKey } from "../signoff/authenticator.ts";

const clock = { now: () => 0 };

const deskWith = (keys: readonly EnrolledKey[]) => {
  let kept = keys;
  const desk = signOffDesk({
    party: relyingParty("http://localhost:8787"),
    store: openSignOffStore(":memory:", clock),
    clock,
    signers: {
      keys: async () => kept,
      change: async (how) => {
        kept = how(kept);
      },
    },
    walked: async () => ({ flows: [], readUntil: null }),
    door: null,
    threadOf: () => null,
    attest: () => Promise.reject(new Error("nobody signs here")),
  });
  return { desk, kept: () => kept };
};

describe("enrolling a passkey", () => {
  const alice = softKey("alice").enrolled;
  const mallory = { ...softKey("mallory").enrolled, id: alice.id };

  it("adds it to those there are", async () => {
    const { desk, kept } = deskWith([alice]);
    const bob = softKey("bob").enrolled;
    await desk.enrol(bob);
    expect(kept()).toEqual([alice, bob]);
  });

  it("never takes another's place: a browser may name any id it likes", async () => {
    const { desk, kept } = deskWith([alice]);
    await expect(desk.enrol(mallory)).rejects.toThrow("enrolled before");
    expect(kept()).toEqual([alice]);
  });

  it("never undoes a revocation", async () => {
    const revoked = { ...alice, revokedAt: "2026-05-18T00:00:00Z" };
    const { desk, kept } = deskWith([revoked]);
    await expect(desk.enrol(alice)).rejects.toThrow("enrolled before");
    expect(kept()).toEqual([revoked]);
  });
});
