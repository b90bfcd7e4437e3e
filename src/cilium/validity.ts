import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import { decodeCilium, refOf } from "./decode.ts";
import { lowerCilium, type LoweringContext } from "./lower-cnp.ts";
import { lowerNetworkPolicy } from "./lower-knp.ts";
import type { PolicyRule } from "./model.ts";
import { type Layer, Problems, type ValidityProblem } from "./problems.ts";

export type { Layer, ValidityProblem } from "./problems.ts";

export interface ReadPolicy {
  readonly ref: PolicyRef;
  /** Empty when a layer that was asked refused the object. */
  readonly rules: readonly PolicyRule[];
  readonly problems: readonly ValidityProblem[];
}

/** Reads one document: who it is, what is wrong with it in the layers asked for, and its rules when nothing refuses it. */
export const readPolicy = (
  document: PolicyDocument,
  context: LoweringContext,
  layers: readonly Layer[],
): ReadPolicy => {
  const problems = new Problems(document);
  const ref = refOf(document);
  const wanted = (): readonly ValidityProblem[] => problems.all.filter((p) => layers.includes(p.layer));
  if (ref.kind === "NetworkPolicy") {
    const rules = lowerNetworkPolicy(document, ref, context, problems);
    const found = wanted();
    return { ref, rules: found.some((p) => p.layer !== "meant") ? [] : rules, problems: found };
  }
  const specs = decodeCilium(document, { settings: context.settings, kind: ref.kind }, problems);
  const found = wanted();
  const refused = found.some((p) => p.layer !== "meant");
  return { ref, rules: refused ? [] : lowerCilium(ref, specs, context), problems: found };
};

/** Everything that is wrong with a policy, in all three layers, each problem with its place and the way out. */
export const checkPolicy = (document: PolicyDocument, settings: CiliumSettings): readonly ValidityProblem[] =>
  readPolicy(document, { settings, tables: {} }, ["schema", "agent", "meant"]).problems;
