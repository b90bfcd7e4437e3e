import { iso } from "../../facts/clock.ts";
import { signatureFault } from "../../rollout/sign-off.ts";
import { answered, standingDigest } from "../facts/sign-off.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown } from "./kit.ts";

const AGAIN = "Ask for the sign-off again, and sign the page that it shows.";

export const signed = gate(
  "signed",
  {
    title: "a person's valid signature over exactly what is applied",
    lessons: [9, 30],
    depth: "full",
    needs: ["request", "attestations", "live", "now"],
  },
  (facts) => {
    if (!facts.attestations.known) return refusesUnknown("Who signed what", facts.attestations);
    if (!facts.live.known) return refusesUnknown("What is applied", facts.live);
    const view = policyView(facts);
    if (view === null)
      return refuses("what is applied cannot be told: it does not build", "Make the repository build first.");
    const attestation = answered(facts);
    if (attestation === null) return refuses("there is no sign-off with that id for this namespace", AGAIN);
    const { request, signedAt, by } = attestation;
    const fault = signatureFault(attestation);
    if (fault !== null) return refuses(fault, AGAIN);
    if (facts.now > request.expiresAt) return refuses(`the request expired at ${iso(request.expiresAt)}`, AGAIN);
    const digest = standingDigest(view, facts.request.namespace);
    if (digest !== request.policiesDigest)
      return refuses(
        `${by} signed for policies ${request.policiesDigest.slice(0, 12)}, and ${digest.slice(0, 12)} are applied now`,
        AGAIN,
      );
    return passes(`Signed by ${by} at ${iso(signedAt)} for policies ${digest.slice(0, 12)}.`);
  },
);
