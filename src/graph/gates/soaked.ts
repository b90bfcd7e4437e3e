import { iso } from "../../facts/clock.ts";
import { soakState } from "../../rollout/soak.ts";
import { gate, passes, refuses, refusesUnknown } from "./kit.ts";

export const soaked = gate(
  "soaked",
  {
    title: "the allows were live and unchanged for a whole soak that was really seen",
    lessons: [5, 4, 33],
    depth: "full",
    needs: ["request", "now", "soak", "evidence"],
  },
  (facts) => {
    if (!facts.soak.known) return refusesUnknown("The soak", facts.soak);
    const soak = facts.soak.value;
    const state = soakState({ ...soak, now: facts.now });
    if (state.vacuous && state.complete)
      return passes(`${facts.request.namespace} has no pods: the soak is vacuous, there was nothing to see.`);
    if (state.complete) {
      const { completeness, control } = soak.coverage;
      return passes(
        `Soaked ${Math.floor(state.coveredMinutes / 60)} h since ${iso(state.since)} (${state.because}); phase ${soak.phase}; ` +
          `${(completeness * 100).toFixed(1)} % covered on ${soak.nodes.length} nodes; control: ${control?.kind ?? "none"}.`,
      );
    }
    const dead = state.missing.some((m) => m.what === "control");
    const begun = state.missing.every((m) => m.what !== "never-began");
    const detail = state.missing.map((m) => m.detail).join("; ");
    return refuses(
      `the soak of phase ${soak.phase} is not complete: ${detail}`,
      dead
        ? "Repair the way to Hubble Relay (network-operator doctor); silence from a dead tap is no evidence."
        : begun
          ? "Wait. Nothing shortens a soak; keep the collector connected so that its minutes count."
          : "Merge the allows, and let the cluster apply them.",
      {
        lesson: dead ? 5 : 4,
        waitingFor: { what: begun ? "soak" : "apply", detail, until: state.until },
      },
    );
  },
);
