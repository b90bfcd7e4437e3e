import type { Attestation } from "../../facts/attestation.ts";
import { appliedDigest, policiesOver } from "../../rollout/applied-digest.ts";
import type { GateFacts } from "../gate.ts";
import type { PolicyView } from "./views.ts";

/** The attestation that the resume named, as the store has it; null when there is none for this namespace. */
export const answered = (facts: GateFacts): Attestation | null =>
  facts.attestations.known
    ? (facts.attestations.value.find(
        (a) => a.id === facts.request.answer && a.request.namespace === facts.request.namespace,
      ) ?? null)
    : null;

/** Digest of everything applied that can select the namespace's pods: the exact bytes that a person signs for. */
export const standingDigest = (view: PolicyView, namespace: string): string =>
  appliedDigest(policiesOver(namespace, view.standing, view.sets.standing, view.subjects));
