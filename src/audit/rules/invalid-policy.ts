import { UNKNOWN_FIELD } from "../../cilium/schema.ts";
import type { ValidityProblem } from "../../cilium/validity.ts";
import type { Severity } from "../../facts/finding.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import { allOf } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { Fix, Rule } from "../rule.ts";
import type { PolicyView } from "../policy-view.ts";
import { at } from "../json.ts";
import type { Path } from "../json.ts";
import { inPolicy, relatedRules } from "./shared.ts";

const sentence = (text: string): string => text.replace(/\.$/, "");

const steps = (pointer: string): Path =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** List positions move with unrelated edits, so they are no part of what the defect is. */
const withoutPositions = (pointer: string): string => pointer.replaceAll(/\/\d+(?=\/|$)/g, "/*");

const consequence = (problem: ValidityProblem, locked: boolean): string => {
  if (problem.layer === "meant") return "";
  const said =
    problem.layer === "schema"
      ? "The API server refuses the object, and with it the whole Flux Kustomization that carries it"
      : "The API server takes the object, Cilium's agent does not, and says so only in its log";
  return locked ? `. ${said}; the namespace's default deny stands without it` : `. ${said}`;
};

const SECTIONS: readonly string[] = ["ingress", "egress", "ingressDeny", "egressDeny"];

/** The repairs that cannot change what was meant: a number where a string is due, lower case, a section left empty. */
const fixOf = (view: PolicyView, problem: ValidityProblem): Fix | null => {
  const path = steps(problem.path);
  const last = path.at(-1);
  const value = at(view.document.object, ...path);
  const origin = view.locate(path);
  if (last === "port" && typeof value === "number") {
    const text = `Write the port as a string: "${value}"`;
    return { text, edits: [{ kind: "replace", at: origin, from: `: ${value}`, to: `: "${value}"` }] };
  }
  if (last === "protocol" && typeof value === "string" && /^(tcp|udp|sctp|any)$/i.test(value)) {
    const upper = value.toUpperCase();
    return { text: `Write ${upper}`, edits: [{ kind: "replace", at: origin, from: value, to: upper }] };
  }
  if (value === null && typeof last === "string" && SECTIONS.includes(last))
    return { text: `Remove the empty ${last}: key`, edits: [{ kind: "remove", at: origin }] };
  return null;
};

const severityOf = (problem: ValidityProblem, locked: boolean, additive: boolean): Severity => {
  // A key that nobody knows takes something away: a list of ports, a peer, the word that makes the policy additive.
  if (problem.layer === "meant") return additive && !problem.message.startsWith(UNKNOWN_FIELD) ? "info" : "warning";
  if (problem.layer === "schema") return "error";
  // Without default deny around it an additive policy that is not imported opens and closes nothing.
  return locked || !additive ? "error" : "warning";
};

const LAYERS: readonly ValidityProblem["layer"][] = ["schema", "agent", "meant"];

const depth = (path: string): number => path.split("/").length;

/** Two who refuse the same value, or what stands directly around it, refuse one defect. */
const isSame = (a: string, b: string): boolean => {
  const [outer, inner] = depth(a) <= depth(b) ? [a, b] : [b, a];
  return inner === outer || (inner.startsWith(`${outer}/`) && depth(inner) - depth(outer) === 1);
};

const distinct = (problems: readonly ValidityProblem[]): readonly ValidityProblem[] => {
  const kept: ValidityProblem[] = [];
  for (const layer of LAYERS)
    for (const problem of problems.filter((p) => p.layer === layer))
      if (!kept.some((k) => k.layer !== layer && isSame(k.path, problem.path))) kept.push(problem);
  return kept;
};

/** `/spec/egress/0/toPorts` as people write it: `spec.egress[0].toPorts`. */
const inWords = (pointer: string): string =>
  steps(pointer)
    .map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join("");

const isLocked = (context: Context, view: PolicyView): boolean =>
  view.namespace !== null && context.judge.lockedAnyWay(view.namespace);

export const invalidPolicy: Rule = {
  id: "invalid-policy",
  severity: "error",
  lesson: 17,
  about:
    "The API server or Cilium's agent refuses the policy, so nothing of it is enforced: an allow is missing, or the lock is not there.",
  remedy: "Repair what the message names; a policy with nothing to say is removed, not left empty.",
  *check(context) {
    for (const view of context.written) {
      const locked = isLocked(context, view);
      const additive = view.specs.every((s) => DIRECTIONS.every((d) => !s.enforces[d]));
      for (const problem of distinct(context.problemsOf.get(view) ?? [])) {
        const by =
          locked && view.namespace !== null
            ? DIRECTIONS.flatMap((d) => context.judge.defaultDeny(context.judge.endpoint(view.namespace ?? ""), d).by)
            : [];
        yield inPolicy(view, {
          path: steps(problem.path),
          severity: severityOf(problem, locked, additive),
          message: `\`${inWords(problem.path)}\`: ${problem.message}${consequence(problem, locked)}. ${sentence(problem.remedy)}`,
          key: [problem.layer, withoutPositions(problem.path), problem.message],
          related: relatedRules(context, by, "default deny, which stands all the same"),
          fix: fixOf(view, problem),
          ...(problem.layer === "meant" ? {} : { explains: allOf(view.specs) }),
        });
      }
    }
  },
};
