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

/** `docs/lessons.md`: each lesson with the gates and audit rules that name it, and the gates of each lane. */
export const lessonsMarkdown = (): string => {
  const lessons = LESSONS.map(({ number, lesson, from }) => {
    const named = naming(number);
    return `| ${number} | ${lesson} | ${from.map((f) => FROM[f]).join("; ")} | ${code(named.gates)} | ${code(named.rules)} |`;
  });
  const lanes = LANES.map(
    (lane) =>
      `| \`${lane.id}\` | ${lane.parts.map((part) => ("gate" in part ? `\`${part.gate}\`` : `_pause: ${part.pause}_`)).join(", ")} | \`${lane.effect}\`${lane.built ? "" : " (planned)"} |`,
  );
  return [
    "# Lessons",
    "",
    "Something went wrong once, in this field; each line says what, and what stops it here. Made from the code by `npm test` with `UPDATE_DOCS=1`.",
    "",
    "| # | lesson | from | gates | audit rules |",
    "| --- | --- | --- | --- | --- |",
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
