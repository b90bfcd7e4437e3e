import { spend, type Clearance } from "../clearance.ts";
import type { SignOffRecords } from "../ports.ts";
import type { EffectOutcome } from "./outcome.ts";

const refused = (reason: string, remedy: string): EffectOutcome => ({
  kind: "refused",
  refusals: [{ gate: "door", reason, lesson: null, remedy }],
});

/**
 * Records that a namespace is signed off, once per attestation. The signature was made in a browser over exact bytes and
 * verified by the gates from the store; what is written here is only that it was used, and for what.
 */
export const recordSignOff = (clearance: Clearance, port: SignOffRecords | null): Promise<EffectOutcome> =>
  Promise.resolve(recorded(clearance, port));

const recorded = (clearance: Clearance, port: SignOffRecords | null): EffectOutcome => {
  const { facts, namespace } = spend(clearance);
  const id = facts.request.answer;
  const attestations = facts.attestations.known ? facts.attestations.value : [];
  const attestation = attestations.find(
    (candidate) =>
      candidate.id === id && candidate.request.namespace === namespace && candidate.signature.state === "valid",
  );
  if (port === null) return refused("sign-off is not configured", "Configure signoff and its keys.");
  if (id === null || attestation === undefined)
    return refused("there is no attestation behind this answer", "Walk the page and sign there.");
  const signed = (adopted: boolean): EffectOutcome => ({
    kind: "signed",
    adopted,
    by: attestation.by,
    attestation: id,
  });
  if (port.record(id, namespace)) return signed(false);
  // Killed after the write, or asked twice: it is our own work if it was spent on this namespace.
  const mine = port.recorded().some((entry) => entry.attestation === id && entry.namespace === namespace);
  return mine ? signed(true) : refused("this attestation was used for another namespace", "Sign for this one.");
};
