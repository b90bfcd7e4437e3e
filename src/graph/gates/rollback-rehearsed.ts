import type { Rehearsal } from "../gate.ts";
import { gate, passes, refuses, refusesUnknown, some, type Word } from "./kit.ts";

/** What undoing takes (lessons.md, Rollback): nothing else may be needed on the day. */
const NEEDED: readonly { readonly verb: string; readonly resource: string }[] = [
  { verb: "patch", resource: "ciliumnetworkpolicies" },
  { verb: "delete", resource: "ciliumnetworkpolicies" },
  { verb: "patch", resource: "kustomizations" },
];

/** What is missing before the whole path is worth executing, or null when the way back was written, allowed and tried. */
export const preparationFault = ({ owner, access, dryRuns, steps }: Rehearsal): Word | null => {
  if (!owner.known) return refusesUnknown("Who will own the default-deny", owner);
  const denied = NEEDED.filter((n) => !access.some((a) => a.verb === n.verb && a.resource === n.resource && a.allowed));
  if (denied.length > 0)
    return refuses(
      `the identity that would roll back may not ${some(denied.map((d) => `${d.verb} ${d.resource}`))}`,
      "Give rollback.context a role with exactly these rights (docs/rollback.md shows it).",
    );
  const refused = dryRuns.filter((d) => d.refused !== null);
  if (refused.length > 0)
    return refuses(
      `the API server would refuse ${some(refused.map((d) => `${d.what}: ${d.refused ?? ""}`))}`,
      refused.some((d) => /in whose place/.test(d.refused ?? ""))
        ? "Merge the namespace's allows first, and let Flux apply them."
        : "Correct what it names; a rollback that the server refuses is none.",
    );
  const tried = new Set(dryRuns.map((d) => d.what.split(" ")[0]));
  if (!tried.has("create") || !tried.has("patch"))
    return refuses(
      "the rollback was not tried on the server: creating and patching the policy each need a dry run",
      "Rehearse it: network-operator rollback --rehearse.",
    );
  if (steps.length === 0)
    return refuses("no steps are written for the day the program itself is down", "Rehearse it again and report this.");
  return null;
};

/** What is missing of a rehearsal, or null when the way back was prepared and then executed to its end. */
export const rehearsalFault = (rehearsal: Rehearsal): Word | null => {
  const fault = preparationFault(rehearsal);
  if (fault !== null) return fault;
  const { played } = rehearsal;
  if (!played.known)
    return refuses(`the whole path was not executed to its end in the world: ${played.why}`, played.wouldHelp);
  if (played.value.length > 0) return null;
  return refuses(
    "the whole path was not executed in the world",
    "Ask again: it is executed then; network-operator rollback --rehearse shows how.",
  );
};

export const rollbackRehearsed = gate(
  "rollback-rehearsed",
  {
    title: "the way back is written, allowed, tried on the server and executed in the world",
    lessons: [25],
    depth: "full",
    needs: ["request", "rehearsal"],
  },
  (facts) => {
    if (!facts.rehearsal.known) return refusesUnknown("Whether the rollback works", facts.rehearsal);
    const fault = rehearsalFault(facts.rehearsal.value);
    if (fault !== null) return fault;
    const { owner, steps, played } = facts.rehearsal.value;
    const done = played.known ? played.value.length : 0;
    return passes(
      `Rollback: ${owner.known ? owner.value.id : ""}, ${steps.length} steps, dry runs accepted, executed in the world (${done} steps).`,
    );
  },
);
