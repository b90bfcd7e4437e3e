import { writeFileSync } from "node:fs";
import type { SignOffRequest } from "../facts/attestation.ts";
import type { Clock } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { Answer } from "../graph/answer.ts";
import { printKeys, type EnrolledKey } from "../signoff/keys.ts";
import type { RelyingParty } from "../signoff/verify.ts";
import type { SignOffStore } from "../store/signoff.ts";
import type { SignOffDesk } from "./ports.ts";

/** The page's desk over the records: it collects and stores, and hands the attestation's id to the lane that waits. */
export const signOffDesk = (options: {
  readonly party: RelyingParty;
  readonly store: SignOffStore;
  readonly clock: Clock;
  readonly keysFile: string;
  readonly readKeys: () => Promise<readonly EnrolledKey[]>;
  readonly threadOf: (request: string) => string | null;
  readonly attest: (id: string, thread: string) => Promise<Answer>;
}): SignOffDesk => {
  const { store, clock } = options;
  const isPending = (request: SignOffRequest): boolean =>
    request.expiresAt > clock.now() && !store.attestations().some((attestation) => attestation.request === request.id);
  return {
    party: options.party,
    now: () => clock.now(),
    pending: async () => store.requests(null).filter(isPending),
    request: async (id) => store.request(id),
    openings: async (id) => store.openings(id),
    opened: async (id, url) => store.opened(id, url),
    expected: async () => [],
    keys: options.readKeys,
    enrol: async (key) => {
      const keys = await options.readKeys();
      writeFileSync(options.keysFile, printKeys([...keys, key]));
    },
    useCode: async (code) => store.useCode(code),
    attest: async (stored) => {
      const thread = options.threadOf(stored.request.id);
      if (thread === null)
        throw new OperatorError("input", "no rollout waits for this sign-off", {
          where: stored.request.id,
          remedy: 'Ask for the sign-off again: network-operator ask "sign off NAMESPACE".',
        });
      if (!store.putAttestation({ id: stored.id, request: stored.request.id, body: stored }))
        throw new OperatorError("input", "this request was signed already", {
          where: stored.request.id,
          remedy: "One walk, one signature: ask for a new sign-off.",
        });
      return options.attest(stored.id, thread);
    },
  };
};
