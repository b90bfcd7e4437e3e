import { createHash, createSign, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { EnrolledKey } from "../../src/signoff/keys.ts";
import {
  attestationOf,
  challengeOf,
  statementOf,
  type Said,
  type StoredAttestation,
} from "../../src/signoff/record.ts";
import type { RelyingParty } from "../../src/signoff/verify.ts";

/** A passkey in software (ES256): what a browser and a security key do together, for tests without a browser. */
export interface SoftKey {
  readonly enrolled: EnrolledKey;
  sign(challenge: string, party: RelyingParty, options?: { userVerified?: boolean }): AuthenticationResponseJSON;
}

/** What of it is stored. */
export const keptOf = ({ id, response }: AuthenticationResponseJSON): StoredAttestation["assertion"] => ({
  id,
  clientDataJSON: response.clientDataJSON,
  authenticatorData: response.authenticatorData,
  signature: response.signature,
});

/** A person's whole attestation: what was said, signed with the key. */
export const attest = (key: SoftKey, said: Said, party: RelyingParty): StoredAttestation => {
  const made = attestationOf(said, keptOf(key.sign(challengeOf(statementOf(said)), party)));
  if (made === null) throw new Error("a soft key answers in the known form");
  return made;
};

/** COSE_Key {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR, by hand: five entries of fixed shape. */
const coseKey = (publicKey: KeyObject): Buffer => {
  const jwk = publicKey.export({ format: "jwk" });
  const coordinate = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
    coordinate(jwk.x),
    Buffer.from([0x22, 0x58, 0x20]),
    coordinate(jwk.y),
  ]);
};

export const softKey = (name: string): SoftKey => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
  return {
    enrolled: {
      id,
      name,
      publicKey: coseKey(publicKey).toString("base64url"),
      enrolledAt: "2026-05-18T00:00:00Z",
      revokedAt: null,
    },
    sign: (challenge, party, options = {}) => {
      const clientData = Buffer.from(
        JSON.stringify({ type: "webauthn.get", challenge, origin: party.origin, crossOrigin: false }),
      );
      // Flags: user present, and user verified.
      const flags = options.userVerified === false ? 0x01 : 0x05;
      const data = Buffer.concat([createHash("sha256").update(party.id).digest(), Buffer.from([flags, 0, 0, 0, 0])]);
      const signed = Buffer.concat([data, createHash("sha256").update(clientData).digest()]);
      return {
        id,
        rawId: id,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientData.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: createSign("sha256").update(signed).sign(privateKey).toString("base64url"),
        },
      };
    },
  };
};
