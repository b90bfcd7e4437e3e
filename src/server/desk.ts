import type { SignOffRequest } from "../facts/attestation.ts";
import { DAY, type Clock } from "../facts/clock.ts";
import { isBarrier } from "../facts/barrier.ts";
import { OperatorError } from "../facts/errors.ts";
import type { Answer } from "../graph/answer.ts";
import { keyById, type EnrolledKey } from "../signoff/keys.ts";
import type { RelyingParty } from "../signoff/verify.ts";
import type { SignOffStore } from "../store/signoff.ts";
import type { SignOffDesk, Walked } from "./ports.ts";

/** The page's desk over the records: it collects and stores, and hands the attestation's id to the lane that waits. */
export const signOffDesk = (options: {
  readonly party: RelyingParty;
  readonly store: SignOffStore;
  readonly clock: Clock;
  readonly signers: {
    keys(): Promise<readonly EnrolledKey[]>;
    change(how: (keys: readonly EnrolledKey[]) => readonly EnrolledKey[]): Promise<void>;
  };
  readonly walked: (namespace: string, since: number) => Promise<Walked>;
  /** Null: links lead where they say. */
  readonly door: { leadsTo(url: string): string; readonly about: string } | null;
  readonly threadOf: (request: string) => string | null;
  readonly attest: (id: string, thread: string) => Promise<Answer>;
}): SignOffDesk => {
  const { store, clock, signers, door } = options;
  const isPending = (request: SignOffRequest): boolean => request.expiresAt > clock.now();
  return {
    party: options.party,
    now: () => clock.now(),
    pending: async () => store.unanswered(null).filter(isPending),
    request: async (id) => store.request(id),
    openings: async (id) => store.openings(id),
    opened: async (id, url) => store.opened(id, url),
    leadsTo: (url) => door?.leadsTo(url) ?? url,
    aboutLinks: door?.about ?? null,
    walked: ({ namespace, createdAt }, span) =>
      options.walked(namespace, span === "since" ? createdAt : createdAt - 30 * DAY),
    keys: () => signers.keys(),
    enrol: (key) =>
      signers.change((keys) => {
        // A browser names the key it made; one that names another's would take its place, or undo its revocation.
        if (keyById(keys, key.id) === null) return [...keys, key];
        throw new OperatorError("input", "a passkey of this id was enrolled before", {
          where: key.name,
          remedy: "Enrol another passkey: ask the operator for a new code.",
        });
      }),
    useCode: async (code) => store.useCode(code),
    attest: async (stored) => {
      const { request } = stored;
      const thread = options.threadOf(request.id);
      if (thread === null)
        throw new OperatorError("input", "no rollout waits for this sign-off", {
          where: request.id,
          remedy: `Ask for it again: network-operator ask "sign off ${request.namespace}".`,
        });
      if (!store.putAttestation({ id: stored.id, request: request.id, body: stored }))
        throw new OperatorError("input", "this request was signed already", {
          where: request.id,
          remedy: `One walk, one signature: network-operator ask "sign off ${request.namespace}" begins a new one.`,
        });
      try {
        return await options.attest(stored.id, thread);
      } catch (error) {
        // A LangGraph server keeps its pauses to itself; what it reads of attestations is this store.
        if (isBarrier(error) && error.code === "L2/no-pause") return null;
        throw error;
      }
    },
  };
};
