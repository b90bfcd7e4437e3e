import { createHash } from "node:crypto";
import { z } from "zod";
import type { SignOffRequest } from "../facts/attestation.ts";
import { canonical } from "../facts/json.ts";

/** What a person says of one URL, and when the server saw it opened from the page. */
const step = z.strictObject({
  url: z.string(),
  outcome: z.enum(["app-loaded", "failed", "not-tried"]),
  login: z.enum(["completed", "none", "not-completed"]),
  openedAt: z.number().int(),
});

const request = z.strictObject({
  id: z.string(),
  namespace: z.string(),
  policiesDigest: z.string(),
  commit: z.string(),
  urls: z.array(z.string()).readonly(),
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
}) satisfies z.ZodType<SignOffRequest>;

/** Everything a signature is over. Times in milliseconds since the epoch, the server's. */
const said = z.strictObject({ request, walk: z.array(step).readonly(), note: z.string(), signedAt: z.number().int() });

export type WalkStep = z.infer<typeof step>;
export type Said = z.infer<typeof said>;

/** Bytes in the one spelling that base64url has for them: none can change without changing what they say. */
const base64url = z
  .string()
  .refine((text) => Buffer.from(text, "base64url").toString("base64url") === text, "not base64url as it is written");

/** What of a passkey's answer is signed or verified; what a browser says beside it is nobody's word and is not kept. */
const assertion = z.strictObject({
  id: base64url,
  clientDataJSON: base64url,
  authenticatorData: base64url,
  signature: base64url,
});

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("base64url");

const stored = said.extend({ id: z.string(), assertion });

/** An attestation as stored: nothing in it is believed before it is verified, and nothing in it is left unverified. */
export type StoredAttestation = z.infer<typeof stored>;

/** Its id is the digest of everything in it: a signature has several spellings, an attestation has one. */
const idOf = (one: Omit<StoredAttestation, "id">): string => sha256(canonical({ ...one, id: undefined }));

/** What a person said with the passkey's answer; null when that is of no form that is known. */
export const attestationOf = (what: Said, answer: unknown): StoredAttestation | null => {
  const parsed = assertion.safeParse(answer);
  if (!parsed.success) return null;
  const made = { ...what, assertion: parsed.data };
  return { ...made, id: idOf(made) };
};

/** From whatever lies in the store; null when it is not an attestation as one is written. */
export const readStored = (body: unknown): StoredAttestation | null => {
  const parsed = stored.safeParse(body);
  return parsed.success && idOf(parsed.data) === parsed.data.id ? parsed.data : null;
};

/**
 * The exact text a person signs: the request as prepared, what was seen on each URL and when. The browser's passkey signs
 * its hash, and every later reader hashes it again.
 */
export const statementOf = ({ request: asked, walk, note, signedAt }: Said): string =>
  canonical({ statement: "network-operator sign-off", version: 2, request: asked, walk, note, signedAt });

/** The WebAuthn challenge: SHA-256 of the statement, base64url. */
export const challengeOf = (statement: string): string => sha256(statement);
