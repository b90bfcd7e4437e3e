import type { SignOffRequest } from "../facts/attestation.ts";
import type { Answer } from "../graph/answer.ts";
import type { StatusReport } from "../facts/status.ts";
import type { ExpectedFlow } from "../replay/walk.ts";
import type { EnrolledKey } from "../signoff/keys.ts";
import type { StoredAttestation } from "../signoff/record.ts";
import type { RelyingParty } from "../signoff/verify.ts";

/** What the walk of a namespace must cause, as Hubble saw it so far. */
export interface Walked {
  readonly flows: readonly ExpectedFlow[];
  /** Until when Hubble was read, milliseconds since the epoch; null: nobody reads it. */
  readonly readUntil: number | null;
}

/** What the sign-off page needs: the records, what was opened, the keys, and the way back into the graph. */
export interface SignOffDesk {
  readonly party: RelyingParty;
  now(): number;
  pending(): Promise<readonly SignOffRequest[]>;
  request(id: string): Promise<SignOffRequest | null>;
  openings(id: string): Promise<ReadonlyMap<string, number>>;
  opened(id: string, url: string): Promise<void>;
  /** Where a link to this address leads: there, or, on the sample, to the front door of the sample cluster. */
  leadsTo(url: string): string;
  /** What the person is told about those links; null: they are what they say. */
  readonly aboutLinks: string | null;
  /** Since the request was prepared, or with a month before it. */
  walked(request: SignOffRequest, span: "since" | "before"): Promise<Walked>;
  keys(): Promise<readonly EnrolledKey[]>;
  enrol(key: EnrolledKey): Promise<void>;
  /** The name a one-time code was made for; null when it is wrong, used or too old. */
  useCode(code: string): Promise<string | null>;
  /**
   * Stores the attestation and resumes the lane with its id; gates decide, not this. Null: stored, and whoever asked
   * waits on another server, where the id answers.
   */
  attest(stored: StoredAttestation): Promise<Answer | null>;
}

/** What the chat API and the console need of the agent. */
export interface AgentDesk {
  ask(request: { text: string; thread: string | null }): Promise<Answer>;
  status(): Promise<StatusReport>;
  /** One tick of the campaign: the next proposal of each rollout. */
  tick(): Promise<readonly Answer[]>;
  /** Prometheus text. */
  metrics(): Promise<string>;
}
