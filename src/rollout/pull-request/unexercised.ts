import { fill } from "../../model/prompts.ts";
import type { PullRequestInput } from "./body.ts";
import { code, codeCell, prose, table } from "./escape.ts";

/** Declared or required, and never seen: what somebody has to exercise before sign-off (lesson 7). */
export const unexercisedSection = (input: PullRequestInput, rows: number): string => {
  const { unexercised, draft } = input;
  const heading = "## Declared, but never seen";
  if (unexercised === null) {
    const rules = (draft?.rules ?? []).filter((r) => r.unexercised && r.source === "declared");
    if (rules.length === 0) return "";
    const list = rules.slice(0, rows).map((r) => [codeCell(`${r.policy.name} ${r.rule}`), prose(r.summary)]);
    return `${heading}\n\n${fill("pull-request/unexercised", {})}\n\n${table(["Rule", "Connection"], list)}`;
  }
  const open = unexercised.exercises.filter((e) => e.seen === null && e.flow.kind === "declared");
  const parts: string[] = [heading];
  if (open.length === 0 && unexercised.unplaced.length === 0)
    return `${heading}\n\nEverything that the manifests declare was seen in the recorded traffic.`;
  parts.push(fill("pull-request/unexercised", {}));
  if (open.length > 0)
    parts.push(
      table(
        ["From", "To", "Port", "Because", "Under default-deny", "Exercise it now"],
        open
          .slice(0, rows)
          .map((e) => [
            codeCell(e.flow.source.id),
            codeCell(e.flow.destination.id),
            `${e.flow.protocol} ${e.flow.port}`,
            prose(e.flow.reason),
            e.onPaper ? `${e.verdict}, on paper` : e.verdict,
            prose(e.exercise),
          ]),
      ),
    );
  if (open.length > rows) parts.push(`And ${open.length - rows} more.`);
  if (unexercised.unplaced.length > 0) {
    const lost = unexercised.unplaced.slice(0, rows).map((u) => {
      const { key, origin } = u.declared;
      return `- ${code(key)} at ${code(`${origin.file}:${origin.line}`)}: ${prose(u.why)}; ${prose(u.wouldHelp)} would tell`;
    });
    parts.push(`Of these nobody can say where they arrive:\n\n${lost.join("\n")}`);
  }
  return parts.join("\n\n");
};
