import { isRecord } from "../facts/json.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import { decodeCilium, refOf } from "./decode.ts";
import { own } from "./go-json.ts";
import { lowerCilium, type LoweringContext } from "./lower-cnp.ts";
import { lowerNetworkPolicy } from "./lower-knp.ts";
import { checkMeant } from "./meant.ts";
import type { PolicyRule } from "./model.ts";
import { type Layer, Problems, type ValidityProblem } from "./problems.ts";
import { policyShape } from "./schema-cnp.ts";
import { NETWORK_POLICY_SHAPE } from "./schema-knp.ts";
import { SchemaCheck } from "./schema.ts";

export type { Layer, ValidityProblem } from "./problems.ts";

export interface ReadPolicy {
  readonly ref: PolicyRef;
  /** Empty when a layer that was asked refused the object. */
  readonly rules: readonly PolicyRule[];
  readonly problems: readonly ValidityProblem[];
}

const OBJECT_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What the API server asks of every object, before any schema. */
const checkObject = (object: unknown, ref: PolicyRef, problems: Problems): void => {
  if (!isRecord(object)) {
    problems.add("schema", [], "a policy must be an object", "Write one Kubernetes object per YAML document.");
    return;
  }
  const wanted = ref.kind === "NetworkPolicy" ? "networking.k8s.io/v1" : "cilium.io/v2";
  if (own(object, "apiVersion") !== wanted) {
    problems.add("schema", ["apiVersion"], `${ref.kind} has apiVersion ${wanted}`, `Write \`apiVersion: ${wanted}\`.`);
  }
  if (own(object, "kind") !== ref.kind) {
    problems.add(
      "schema",
      ["kind"],
      "no kind of policy that Cilium enforces",
      "Use CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or NetworkPolicy.",
    );
  }
  if (ref.name !== "" && (ref.name.length > 253 || !OBJECT_NAME.test(ref.name))) {
    problems.add(
      "schema",
      ["metadata", "name"],
      "an object's name is at most 253 lower-case letters, digits, dashes and dots",
      "Rename the policy.",
    );
  }
};

/** Reads one document: who it is, what is wrong with it in the layers asked for, and its rules when nothing refuses it. */
export const readPolicy = (
  document: PolicyDocument,
  context: LoweringContext,
  layers: readonly Layer[],
): ReadPolicy => {
  const problems = new Problems(document);
  const ref = refOf(document);
  const { object } = document;
  const finish = (lower: () => readonly PolicyRule[]): ReadPolicy => {
    const found = problems.all.filter((p) => layers.includes(p.layer));
    return { ref, rules: found.some((p) => p.layer !== "meant") ? [] : lower(), problems: found };
  };
  if (layers.includes("schema")) checkObject(object, ref, problems);
  if (ref.kind === "NetworkPolicy") {
    if (layers.includes("meant")) new SchemaCheck(problems, { lenient: true }).check(object, NETWORK_POLICY_SHAPE);
    const rules = lowerNetworkPolicy(document, ref, context, problems);
    return finish(() => rules);
  }
  if (layers.includes("schema") && isRecord(object)) {
    new SchemaCheck(problems).check(object, policyShape(context.settings.version));
  }
  const specs = decodeCilium(document, { settings: context.settings, kind: ref.kind }, problems);
  if (layers.includes("meant")) checkMeant(object, ref.kind, ref.namespace, problems);
  return finish(() => lowerCilium(ref, specs, context));
};

/** Everything that is wrong with a policy, in all three layers, each problem with its place and the way out. */
export const checkPolicy = (document: PolicyDocument, settings: CiliumSettings): readonly ValidityProblem[] =>
  readPolicy(document, { settings, tables: {} }, ["schema", "agent", "meant"]).problems;
