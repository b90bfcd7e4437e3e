import { RULES } from "../audit/rules/index.ts";
import { LESSONS } from "../facts/lessons.ts";
import { gates } from "./gates/index.ts";
import { LANES } from "./lanes.ts";

const FROM = {
  plan: "the rollout's plan and retrospective",
  cilium: "what Cilium does",
  field: "other clusters",
} as const;

const naming = (number: number): { readonly gates: readonly string[]; readonly rules: readonly string[] } => ({
  gates: Object.values(gates)
    .filter((gate) => gate.lessons.includes(number))
    .map((gate) => gate.id),
  rules: RULES.filter((rule) => rule.lesson === number).map((rule) => rule.id),
});

const code = (ids: readonly string[]): string => ids.map((id) => `\`${id}\``).join(", ");

/** What is replayed for a lesson, by the name of its folder. */
export interface Told {
  readonly id: string;
  readonly title: string;
  readonly lesson: number;
}

const link = ({ id, title }: Told): string => `[${title}](../evals/incidents/${id}/incident.yaml)`;

/** `docs/lessons.md`: each lesson with the gates and rules that name it and its incidents, and the gates of each lane. */
export const lessonsMarkdown = (incidents: readonly Told[]): string => {
  const lessons = LESSONS.map(({ number, lesson, from }) => {
    const named = naming(number);
    const told = incidents.filter((incident) => incident.lesson === number);
    return `| ${number} | ${lesson} | ${from.map((f) => FROM[f]).join("; ")} | ${code(named.gates)} | ${code(named.rules)} | ${told.map(link).join("<br>")} |`;
  });
  const lanes = LANES.map(
    (lane) =>
      `| \`${lane.id}\` | ${lane.parts.map((part) => ("gate" in part ? `\`${part.gate}\`` : `_pause: ${part.pause}_`)).join(", ")} | \`${lane.effect}\`${lane.built ? "" : " (planned)"} |`,
  );
  return [
    "# Lessons",
    "",
    "Something went wrong once, in this field; each line says what, what stops it here, and where it is replayed. Made from the code by `npm test` with `UPDATE_DOCS=1`.",
    "",
    "| # | lesson | from | gates | audit rules | incidents |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lessons,
    "",
    "## Gates by lane",
    "",
    "| lane | gates, in order | effect |",
    "| --- | --- | --- |",
    ...lanes,
    "",
  ].join("\n");
};
