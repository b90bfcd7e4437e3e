import type { Certainty } from "../../facts/known.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Json } from "../json.ts";

/** A Kubernetes object of whatever making: written as a manifest, made by a chart, or by an operator. */
export interface Unit {
  readonly value: Json;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly owner: string | null;
  readonly origin: Origin | null;
  readonly suspended: boolean;
  readonly sure: Certainty;
  /** False when the pods may carry more labels than the object shows. */
  readonly labelsComplete: boolean;
  readonly from: { readonly kind: "manifest" | "chart" | "operator"; readonly name: string };
}
