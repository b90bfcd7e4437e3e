import { isMap, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";
import { DECISIONS_FILE } from "../facts/campaign.ts";
import { NAMESPACE_NAME } from "../facts/rollout.ts";
import type { Decision } from "../facts/campaign.ts";
import { DAY } from "../facts/clock.ts";
import { known, unknown } from "../facts/known.ts";
import type { Known } from "../facts/known.ts";
import type { SourceTree } from "../facts/tree.ts";

const text = z.string().trim().min(1).max(2000);
const namespace = z.string().regex(NAMESPACE_NAME, "a namespace's name");
const day = z.iso.date("a date, YYYY-MM-DD");
/** A decision that never ends is a rule in disguise: a year is the most. */
const LONGEST = 366 * DAY;

const common = { namespace, reason: text, by: text };
const entry = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("waiver"), ...common, fingerprint: text, expires: day }),
  z.strictObject({ kind: z.literal("explanation"), ...common, edge: text, expires: day }),
  z.strictObject({ kind: z.literal("release"), ...common, rolledBackUntil: day }),
]);

const file = z.strictObject({ version: z.literal(1), decisions: z.array(entry).max(1000) });

/** The day named is the last one on which a decision holds (UTC). */
const endOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) + DAY;

const unreadable = (where: string, why: string): Known<never> =>
  unknown(
    `${where}: ${why}`,
    "Correct the file on the default branch: version: 1, then decisions with kind, namespace, reason, by and an end.",
  );

/**
 * What persons decided, read from one commit of the default branch. A file that cannot be read in full decides nothing:
 * half of it might be the half that was meant to hold something back.
 */
export const readDecisions = (tree: SourceTree, now: number): Known<readonly Decision[]> => {
  const written = tree.read(DECISIONS_FILE);
  if (written === null) return known([]);
  const lines = new LineCounter();
  const document = parseDocument(written, { lineCounter: lines, uniqueKeys: true });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const line = lines.linePos(broken.pos[0]).line;
    return unreadable(`${DECISIONS_FILE}:${line}`, broken.message.split("\n")[0] ?? "it is no YAML");
  }
  const lineOf = (path: readonly (string | number)[]): number => {
    const node = document.getIn(path, true);
    const range = typeof node === "object" && node !== null && "range" in node ? (node.range as [number] | null) : null;
    return range === null ? 1 : lines.linePos(range[0]).line;
  };
  if (!isMap(document.contents)) return unreadable(`${DECISIONS_FILE}:1`, "it is no mapping");
  let aliasAt: number | null = null;
  visit(document, { Alias: (_, node) => void (aliasAt ??= node.range?.[0] ?? 0) });
  if (aliasAt !== null)
    return unreadable(`${DECISIONS_FILE}:${lines.linePos(aliasAt).line}`, "an alias: write each decision out");
  const parsed = file.safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = (issue?.path ?? []).filter((p) => typeof p !== "symbol");
    return unreadable(
      `${DECISIONS_FILE}:${lineOf(path.slice(0, 2))}`,
      `${path.join(".")}: ${issue?.message ?? "not valid"}`,
    );
  }
  const decisions: Decision[] = [];
  for (const [i, e] of parsed.data.decisions.entries()) {
    const at = `${DECISIONS_FILE}:${lineOf(["decisions", i])}`;
    const base = { namespace: e.namespace, reason: e.reason, by: e.by, at };
    if (e.kind === "release") {
      decisions.push({ ...base, kind: "release", until: endOf(e.rolledBackUntil) });
      continue;
    }
    const expires = endOf(e.expires);
    if (expires > now + LONGEST) return unreadable(at, "it would hold for more than a year");
    if (e.kind === "waiver") decisions.push({ ...base, kind: "waiver", fingerprint: e.fingerprint, expires });
    else decisions.push({ ...base, kind: "explanation", edge: e.edge, expires });
  }
  return known(decisions);
};
