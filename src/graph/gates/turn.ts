import { AHEAD, IN_FLIGHT } from "../../rollout/in-flight.ts";
import type { Standing } from "../gate.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

const inFlight = (s: Standing): boolean => IN_FLIGHT.includes(s.stage);

export const turn = gate(
  "turn",
  {
    title: "one rollout at a time, in the campaign's order",
    lessons: [2, 3],
    depth: "full",
    needs: ["request", "standings"],
  },
  (facts) => {
    const { namespace } = facts.request;
    if (!facts.standings.known) return refusesUnknown("Which rollouts are in flight", facts.standings);
    const standings = facts.standings.value;
    const own = standings.find((s) => s.name === namespace);
    if (own === undefined)
      return refuses(
        `${namespace} has no place in the campaign`,
        "Check the name: `network-operator status` lists all namespaces.",
      );
    const back = standings.filter((s) => s.stage === "rolled-back");
    if (back.length > 0)
      return refuses(
        `${some(back.map((s) => s.name))} was rolled back, and the turn stays closed until a person releases it`,
        "Write a release with its reason into network-operator.decisions.yaml on the default branch.",
        { waitingFor: { what: "person", detail: `release after the rollback of ${back[0]?.name ?? ""}`, until: null } },
      );
    const others = standings.filter((s) => s.name !== namespace && inFlight(s));
    if (others.length > 0)
      return refuses(
        `${some(others.map((s) => `${s.name} is in flight (${s.stage})`))}; one rollout at a time`,
        "Carry that one to its sign-off first, or close its pull request.",
        { waitingFor: { what: "turn", detail: `sign-off of ${others[0]?.name ?? ""}`, until: null } },
      );
    if (inFlight(own)) return passes();
    const phase = own.phase;
    // Set aside or resting: whether it may be locked at all is for scope and compatible to say, with their lessons.
    if (phase === null) return passes(`${namespace} stands outside the campaign's order (${own.stage}).`);
    const before = standings.filter((s) => AHEAD.includes(s.stage) && s.phase !== null && s.phase.order < phase.order);
    if (before.length > 0)
      return refuses(
        `${namespace} belongs to phase ${phase.name}, and ${some(before.map((s) => `${s.name} (${s.phase?.name ?? ""})`))} comes before it`,
        "Start with those, or order the campaign otherwise in campaign.phases of network-operator.yaml.",
        { lesson: 3, waitingFor: { what: "turn", detail: `the turn of ${before[0]?.name ?? ""}`, until: null } },
      );
    return passes();
  },
);
