import { known, unknown } from "../../facts/known.ts";
import { amountsTo } from "../../rollout/lane-of.ts";
import type { Amounts } from "../../rollout/lane-of.ts";
import { isEnforced, isMissed, turnedBy } from "../../rollout/locks.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import { IN_FLIGHT } from "../../rollout/in-flight.ts";
import type { Known } from "../../facts/known.ts";
import type { GateFacts, LaneOf } from "../gate.ts";
import { policyView } from "./views.ts";

/**
 * The namespace that a pull request is about: whose policies change, or whom it locks. Where it is about several, any one of
 * them will do, because then `one-namespace` says no; empty where it is about none.
 */
const aboutOf = (facts: GateFacts): string => {
  const view = policyView(facts);
  if (view === null) return "";
  const named = policyChanges(view.changes)
    .map(({ before, after }) => (after ?? before)?.ref.namespace ?? null)
    .filter((namespace) => namespace !== null);
  const locked = turnedBy(view.sets, view.subjects).map(({ subject }) => subject.namespace);
  return [...named, ...locked].toSorted()[0] ?? "";
};

/** What the rendered change of these facts amounts to; unknown when it does not build. */
export const amounts = (facts: GateFacts): Known<Amounts> => {
  const view = policyView(facts);
  if (view === null) {
    const { before, after } = facts.inventory;
    const why = [before, after].find((i) => !i.known);
    return why === undefined || why.known ? unknown("it does not build", "a repository that builds") : why;
  }
  // Unknown standings take the shorter lane away, never the longer one.
  const inFlight = facts.standings.known
    ? facts.standings.value.filter((s) => IN_FLIGHT.includes(s.stage)).map((s) => s.name)
    : [];
  return known(
    amountsTo({
      changes: view.changes,
      turned: turnedBy(view.sets, view.subjects),
      isMissed: (policy) => isMissed(view.sets, view.subjects, policy),
      isEnforced: (namespace) => isEnforced(view.sets.standing, view.subjects, namespace),
      inFlight,
    }),
  );
};

export const laneOf: LaneOf = (facts) => {
  if (facts.reported !== null) return laneOfReported(facts);
  if (facts.changeset.kind === "fleet-repair")
    return known({
      lane: "propose-repair",
      why: "it is brought as a fleet repair, and only a loosening passes as one",
    });
  const found = amounts(facts);
  if (!found.known) return found;
  const { value } = found;
  if (value.kind === "lane") return known({ lane: value.lane, why: value.why });
  // Nothing is locked by it: the gates of a repair or of allows say what there is to say.
  return known({ lane: value.kind === "unlocks" ? "propose-repair" : "propose-allows", why: value.why });
};

/** What the check judges a pull request by. A rollout's sign-off is no part of it: that is a condition of the next one. */
const laneOfReported: LaneOf = (facts) => {
  const found = amounts(facts);
  if (!found.known) return found;
  const { value } = found;
  const namespace = aboutOf(facts);
  if (value.kind !== "lane") return known({ lane: "report-gates", why: value.why, namespace });
  if (facts.changeset.kind === "fleet-repair")
    return known({ lane: "propose-repair", why: "a component's policies change and nothing else", namespace });
  return known({ lane: value.lane, why: value.why, namespace });
};
