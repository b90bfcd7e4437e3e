import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Attestation, AttestationReader } from "../facts/attestation.ts";
import { parseKeys, printKeys, type EnrolledKey } from "../signoff/keys.ts";
import { verifyAttestation, type RelyingParty, type StoredAttestation } from "../signoff/verify.ts";

/** Where attestations and openings lie; bytes, nothing believed. */
export interface AttestationStore {
  attestations(): readonly { readonly id: string; readonly request: string; readonly body: unknown }[];
  openings(request: string): ReadonlyMap<string, number>;
}

const isStored = (body: unknown): body is StoredAttestation =>
  typeof body === "object" &&
  body !== null &&
  ["id", "request", "walk", "note", "signedAt", "assertion"].every((key) => key in body);

/** Public keys are read from their file each time: a key that was revoked a second ago signs nothing. */
export const readKeys = async (file: string): Promise<readonly EnrolledKey[]> =>
  existsSync(resolve(file)) ? parseKeys(await readFile(resolve(file), "utf8"), file) : [];

/** Whole or not at all: a file of keys that was cut short would let nobody sign. */
export const writeKeys = async (file: string, keys: readonly EnrolledKey[]): Promise<void> => {
  const beside = `${resolve(file)}.${process.pid}.new`;
  await writeFile(beside, printKeys(keys));
  await rename(beside, resolve(file));
};

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
    for (const { id, body } of store.attestations()) {
      if (!isStored(body) || body.id !== id) continue;
      if (namespace !== null && body.request.namespace !== namespace) continue;
      const openings = store.openings(body.request.id);
      const verified = await verifyAttestation(body, keys, party);
      found.push({
        id,
        request: body.request,
        walked: body.walk.map((step) => ({
          ...step,
          // Opened through the page by its public name, at the server's own time.
          external: openings.has(step.url),
          walkedAt: openings.get(step.url) ?? 0,
        })),
        signedAt: body.signedAt,
        ...verified,
      });
    }
    return found;
  },
});
