import type { Standing } from "../gate.ts";
import type { Survey } from "../../rollout/survey.ts";

/** Stages with each namespace's place in the campaign's order. */
export const standingsOf = ({ placed, phases }: Pick<Survey, "placed" | "phases">): readonly Standing[] => {
  const order = phases.flatMap((phase, at) => phase.namespaces.map((name) => ({ name, phase: phase.name, at })));
  return placed.map(({ namespace, stage }) => {
    const index = order.findIndex((o) => o.name === namespace);
    const own = order[index];
    if (own === undefined) return { name: namespace, stage, order: null, phase: null };
    return { name: namespace, stage, order: index, phase: { order: own.at, name: own.phase } };
  });
};
