import type { Attestation } from "../facts/attestation.ts";
import { keyById, type EnrolledKey } from "./keys.ts";
import { challengeOf, statementOf, type StoredAttestation } from "./record.ts";

/** Where the page lives: a signature made for another origin is none. */
export interface RelyingParty {
  readonly origin: string;
  readonly id: string;
}

export const relyingParty = (publicUrl: string): RelyingParty => {
  const url = new URL(publicUrl);
  return { origin: url.origin, id: url.hostname };
};

/**
 * Whether the signature holds, worked out on every read: the key is enrolled and not revoked, the browser verified its
 * user, and what was signed is exactly this request and this walk, on this page's origin.
 */
export const verifyAttestation = async (
  stored: StoredAttestation,
  keys: readonly EnrolledKey[],
  party: RelyingParty,
): Promise<{ readonly signature: Attestation["signature"]; readonly by: string; readonly keyId: string }> => {
  const { id: keyId, ...response } = stored.assertion;
  const enrolled = keyById(keys, keyId);
  const answer = (signature: Attestation["signature"]) => ({
    signature,
    by: enrolled?.name ?? "nobody enrolled",
    keyId,
  });
  const invalid = (why: string) => answer({ state: "invalid", why });
  if (enrolled === null) return invalid("it was signed with a key that is not enrolled");
  if (enrolled.revokedAt !== null) return invalid(`the key of ${enrolled.name} was revoked at ${enrolled.revokedAt}`);
  // Hundreds of modules, and most requests have nothing signed before them.
  const { verifyAuthenticationResponse } = await import("@simplewebauthn/server");
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: { id: keyId, rawId: keyId, type: "public-key", clientExtensionResults: {}, response },
      expectedChallenge: challengeOf(statementOf(stored)),
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      // Passkeys that sync keep no counter; a single-use record closes replays instead.
      credential: {
        id: enrolled.id,
        publicKey: new Uint8Array(Buffer.from(enrolled.publicKey, "base64url")),
        counter: 0,
      },
    });
    return verified ? answer({ state: "valid" }) : invalid("the signature does not verify");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const elsewhere = /origin "([^"]*)"/.exec(why)?.[1];
    if (elsewhere !== undefined)
      return invalid(`it was signed on a page at ${elsewhere}, and the page lives at ${party.origin}`);
    return invalid(why.includes("challenge") ? "what was signed is not this request and this walk" : why);
  }
};
