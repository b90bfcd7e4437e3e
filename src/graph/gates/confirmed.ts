import { iso } from "../../facts/clock.ts";
import { gate, passes, refuses, refusesUnknown } from "./kit.ts";

export const confirmed = gate(
  "confirmed",
  {
    title: "a person confirmed exactly this rollback",
    lessons: [25],
    depth: "full",
    needs: ["request", "confirmation", "undo", "now"],
  },
  (facts) => {
    if (!facts.confirmation.known) return refusesUnknown("Whether a person confirmed it", facts.confirmation);
    if (!facts.undo.known) return refusesUnknown("What would be undone", facts.undo);
    const { namespace, digest, by, at, expiresAt, used, id, seal } = facts.confirmation.value;
    const again = "Ask for the rollback again and confirm what it shows.";
    if (id !== facts.request.answer) return refuses("the confirmation is another one than the answer names", again);
    if (seal.state === "invalid") return refuses(`the confirmation is not the terminal's: ${seal.why}`, again);
    if (namespace !== facts.request.namespace) return refuses(`the confirmation is for ${namespace}`, again);
    if (digest !== facts.undo.value.digest)
      return refuses("what is enforced has changed since it was confirmed", again);
    if (at > facts.now) return refuses("the confirmation is from the future", again);
    if (used) return refuses("the confirmation was used already", again);
    if (facts.now > expiresAt) return refuses(`the confirmation expired at ${iso(expiresAt)}`, again);
    return passes(`Confirmed by ${by} at ${iso(at)}.`);
  },
);
