import type { SignOffRequest } from "../facts/attestation.ts";
import type { Answer } from "../graph/answer.ts";
import type { StatusReport } from "../facts/status.ts";
import type { EnrolledKey } from "../signoff/keys.ts";
import type { RelyingParty, StoredAttestation } from "../signoff/verify.ts";

/** A flow that the walk must cause, and when Hubble last saw it. */
export interface ExpectedFlow {
  readonly what: string;
  /** Milliseconds since the epoch; null: not since the request was prepared. */
  readonly seenAt: number | null;
}

/** What the sign-off page needs: the records, what was opened, the keys, and the way back into the graph. */
export interface SignOffDesk {
  readonly party: RelyingParty;
  now(): number;
  pending(): Promise<readonly SignOffRequest[]>;
  request(id: string): Promise<SignOffRequest | null>;
  openings(id: string): Promise<ReadonlyMap<string, number>>;
  opened(id: string, url: string): Promise<void>;
  expected(request: SignOffRequest): Promise<readonly ExpectedFlow[]>;
  keys(): Promise<readonly EnrolledKey[]>;
  enrol(key: EnrolledKey): Promise<void>;
  /** The name a one-time code was made for; null when it is wrong, used or too old. */
  useCode(code: string): Promise<string | null>;
  /** Stores the attestation and resumes the lane with its id; gates decide, not this. */
  attest(stored: StoredAttestation): Promise<Answer>;
}

/** What the chat API and the console need of the agent. */
export interface AgentDesk {
  ask(request: { text: string; thread: string | null }): Promise<Answer>;
  status(): Promise<StatusReport>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
