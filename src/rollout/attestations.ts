import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Attestation, AttestationReader, SignOffRequest } from "../facts/attestation.ts";
import { parseKeys, printKeys, type EnrolledKey } from "../signoff/keys.ts";
import { readStored } from "../signoff/record.ts";
import { verifyAttestation, type RelyingParty } from "../signoff/verify.ts";

/** Where attestations lie; bytes, nothing believed. */
export interface AttestationStore {
  /** `body` is undefined where the stored text is not as it was written. */
  attestations(): readonly { readonly id: string; readonly request: string; readonly body: unknown }[];
  request(id: string): SignOffRequest | null;
}

/** Public keys are read from their file each time: a key that was revoked a second ago signs nothing. */
export const readKeys = async (file: string): Promise<readonly EnrolledKey[]> =>
  existsSync(resolve(file)) ? parseKeys(await readFile(resolve(file), "utf8"), file) : [];

/** Whole or not at all: a file of keys that was cut short would let nobody sign. */
export const writeKeys = async (file: string, keys: readonly EnrolledKey[]): Promise<void> => {
  const beside = `${resolve(file)}.${process.pid}.new`;
  await writeFile(beside, printKeys(keys));
  await rename(beside, resolve(file));
};

/** A record that somebody changed is named, where it can be told whose it was. */
const damaged = (id: string, request: SignOffRequest | null): readonly Attestation[] =>
  request === null
    ? []
    : [
        {
          id,
          request,
          walked: [],
          signedAt: request.createdAt,
          by: "nobody",
          keyId: "",
          signature: { state: "invalid", why: "the stored record is not as it was written" },
        },
      ];

/** Every signature is verified on every read, against the keys as they are enrolled now. */
export const attestationReader = (options: {
  readonly store: AttestationStore;
  readonly keys: () => Promise<readonly EnrolledKey[]>;
  readonly party: RelyingParty;
}): AttestationReader => ({
  attestations: async (namespace) => {
    const { store, party } = options;
    const keys = await options.keys();
    const found: Attestation[] = [];
    for (const { id, request, body } of store.attestations()) {
      const stored = readStored(body);
      if (stored?.id !== id || stored.request.id !== request) {
        found.push(...damaged(id, store.request(request)));
        continue;
      }
      found.push({
        id,
        request: stored.request,
        walked: stored.walk.map(({ openedAt, ...step }) => ({
          ...step,
          // Opened from the page by its public name, at the server's own time, after it was asked for.
          external: openedAt >= stored.request.createdAt && openedAt <= stored.signedAt,
          walkedAt: openedAt,
        })),
        signedAt: stored.signedAt,
        ...(await verifyAttestation(stored, keys, party)),
      });
    }
    return found.filter((one) => namespace === null || one.request.namespace === namespace);
  },
});
