import { createHash } from "node:crypto";
import type { SignOffRequest, WalkedUrl } from "../facts/attestation.ts";

/** What a person says of one URL; when it was opened is the server's word, not the browser's. */
export type WalkOutcome = Pick<WalkedUrl, "url" | "outcome" | "login">;

/** Keys in order at every level, so that one record has one spelling. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, canonical(entry)]),
  );
};

/**
 * The exact text a person signs: the request as prepared, and what was seen on each URL. The page shows it, the browser's
 * passkey signs its hash, and every later reader hashes it again.
 */
export const statementOf = (request: SignOffRequest, walk: readonly WalkOutcome[], note: string): string =>
  JSON.stringify(
    canonical({
      statement: "network-operator sign-off",
      version: 1,
      request,
      walk: walk.map(({ url, outcome, login }) => ({ url, outcome, login })),
      note,
    }),
  );

/** The WebAuthn challenge: SHA-256 of the statement, base64url. */
export const challengeOf = (statement: string): string =>
  createHash("sha256").update(statement, "utf8").digest("base64url");
