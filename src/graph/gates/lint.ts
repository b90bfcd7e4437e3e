import type { Finding } from "../../facts/finding.ts";
import type { GateFacts, LintProblem } from "../gate.ts";
import { isWaived } from "../facts/decided.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

const line = (p: LintProblem): string => `${p.file}:${p.line}: ${p.message}`;

const place = (f: Finding): string => `${f.origin.file}:${f.origin.line}: ${f.rule}: ${f.message}`;

/** One defect in one place: a component's line that one more namespace now uses is no new defect. */
const spot = (f: Finding): string => `${f.rule} ${f.origin.file}:${f.origin.line}`;

/** What the audit sees with the change and did not see without it. */
export const newFindings = (facts: GateFacts): readonly Finding[] => {
  if (!facts.findings.known) return [];
  const { before, after } = facts.findings.value;
  const known = new Set(before.map((f) => f.fingerprint));
  const spots = new Set(before.map(spot));
  const written = new Set(facts.changeset.files.map((f) => f.path));
  const stands = (f: Finding): boolean => !written.has(f.origin.file) && spots.has(spot(f));
  return after.filter((f) => !known.has(f.fingerprint) && !stands(f) && !isWaived(facts, f));
};

export const lint = gate(
  "lint",
  {
    title: "YAML parses, kustomize builds, Markdown is clean, the audit finds nothing new",
    lessons: [24, 12, 14, 20],
    depth: "full",
    needs: ["changeset", "lint", "findings", "decisions"],
  },
  (facts) => {
    if (!facts.lint.known) return refusesUnknown("What the linters say", facts.lint);
    const { yaml, markdown, builds } = facts.lint.value;
    if (yaml.length > 0)
      return refuses(some(yaml.map(line)), "Write it as YAML: one document per object, no duplicate keys.");
    const broken = builds.filter((b) => b.problem !== null);
    if (broken.length > 0)
      return refuses(
        some(broken.map((b) => `kustomize build ${b.path}: ${b.problem ?? ""}`)),
        "Make `kustomize build` of that folder succeed.",
      );
    if (markdown.length > 0) return refuses(some(markdown.map(line)), "Run markdownlint over the file and correct it.");
    if (!facts.findings.known) return refusesUnknown("What the audit says", facts.findings);
    const fresh = newFindings(facts);
    const bad = fresh.filter((f) => f.severity !== "info");
    const [first] = bad;
    if (first !== undefined)
      return refuses(
        `the audit finds ${bad.length === 1 ? "something" : `${bad.length} things`} that the base did not have: ${some(bad.map(place), 3)}`,
        first.fix ?? "Correct it, or have a person waive it on the default branch with a reason and an expiry.",
        { lesson: first.lesson ?? 24 },
      );
    return passes(...fresh.map((f) => `New to the audit, for information: ${place(f)}`));
  },
);
