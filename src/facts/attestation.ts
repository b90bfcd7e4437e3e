/** What a sign-off asks a person to look at: prepared by the agent, bound to exact bytes, expiring. Times in ms. */
export interface SignOffRequest {
  readonly id: string;
  readonly namespace: string;
  /** SHA-256 over all applied policies that select the namespace's pods. */
  readonly policiesDigest: string;
  /** The commit that the cluster had applied. */
  readonly commit: string;
  /** Public URLs a person has to open and walk to a loaded app; empty for a namespace that publishes nothing. */
  readonly urls: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** One URL as walked by a person in a browser. */
export interface WalkedUrl {
  readonly url: string;
  readonly outcome: "app-loaded" | "failed" | "not-tried";
  /** The browser came to it from outside the cluster through the public name. */
  readonly external: boolean;
  /** Where the app has a login: whether the whole round trip came back to a loaded app. */
  readonly login: "completed" | "none" | "not-completed";
  readonly walkedAt: number;
}

/** A person's signed sign-off, as read from the store; whether the signature holds is worked out on every read. */
export interface Attestation {
  readonly id: string;
  readonly request: SignOffRequest;
  readonly walked: readonly WalkedUrl[];
  readonly signedAt: number;
  readonly by: string;
  readonly keyId: string;
  /** `valid`: the passkey's signature verifies over exactly this record with an enrolled, unrevoked key. */
  readonly signature:
    | { readonly state: "valid" }
    | { readonly state: "invalid"; readonly why: string }
    | { readonly state: "unknown"; readonly why: string };
}

/** Sign-offs, read only. */
export interface AttestationReader {
  attestations(namespace: string | null): Promise<readonly Attestation[]>;
}
