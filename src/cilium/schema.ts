import { isRecord } from "../facts/json.ts";
import { own, typeName } from "./go-json.ts";
import type { Problems } from "./problems.ts";

/** What the kernel does with a field (the generated table in docs/ shows it). */
export type Treatment =
  /** It changes verdicts, and the kernel follows. */
  | "decided"
  /** It cannot change a verdict at L3 or L4; it is kept, or said as an attribute. */
  | "carried"
  /** It can change a verdict, and the answer is then `unknown`, naming it. */
  | "not decided";

export interface Field {
  readonly shape: Shape;
  readonly treatment: Treatment;
  readonly note?: string;
}

/** The part of OpenAPI that the policy CRDs use. */
export type Shape =
  | {
      readonly type: "object";
      readonly fields: Readonly<Record<string, Field>>;
      readonly required?: readonly string[];
      /** Exactly one of these must be there. */
      readonly oneOf?: readonly string[];
      /** At least one of these must be there. */
      readonly anyOf?: readonly string[];
      /** Keys beyond the fields are somebody else's business. */
      readonly open?: boolean;
    }
  | { readonly type: "map"; readonly value: Shape }
  | { readonly type: "list"; readonly item: Shape; readonly minItems?: number; readonly maxItems?: number }
  | {
      readonly type: "string";
      readonly enum?: readonly string[];
      readonly pattern?: RegExp;
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly format?: (text: string) => boolean;
    }
  | { readonly type: "integer"; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: "int-or-string"; readonly pattern: RegExp }
  | { readonly type: "boolean" };

const WANTED: Readonly<Record<Shape["type"], string>> = {
  object: "an object",
  map: "an object",
  list: "a list",
  string: "a string",
  integer: "a whole number",
  "int-or-string": "a whole number or a string",
  boolean: "true or false",
};

const isOfType = (value: unknown, shape: Shape): boolean => {
  if (shape.type === "object" || shape.type === "map") return isRecord(value);
  if (shape.type === "list") return Array.isArray(value);
  if (shape.type === "string") return typeof value === "string";
  if (shape.type === "boolean") return typeof value === "boolean";
  if (shape.type === "int-or-string" && typeof value === "string") return true;
  return typeof value === "number" && Number.isInteger(value);
};

const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

const nearest = (key: string, known: readonly string[]): string | null => {
  if (key.length > 40) return null;
  const scored = known.map((k) => [distance(key.toLowerCase(), k.toLowerCase()), k] as const);
  const best = scored.sort(([a], [b]) => a - b)[0];
  return best !== undefined && best[0] <= 3 ? best[1] : null;
};

/** How a problem with a key that nobody knows begins. */
export const UNKNOWN_FIELD = "unknown field";

/**
 * Checks a value against a shape, as an API server's schema does. Null is refused wherever something is expected: a plain
 * write prunes it, Flux's server-side apply refuses it and the whole Kustomization with it (C A.7). Unknown keys are pruned
 * on the way in: accepted, and surely not meant.
 */
export class SchemaCheck {
  readonly #problems: Problems;
  readonly #lenient: boolean;
  /** Where the walk is; copied only into a problem. */
  readonly #path: (string | number)[] = [];

  /** `lenient`: only keys that nobody knows are said; the rest is checked elsewhere. */
  constructor(problems: Problems, { lenient = false }: { readonly lenient?: boolean } = {}) {
    this.#problems = problems;
    this.#lenient = lenient;
  }

  #at(key: string | number, value: unknown, shape: Shape): void {
    this.#path.push(key);
    this.check(value, shape);
    this.#path.pop();
  }

  check(value: unknown, shape: Shape): void {
    if (!isOfType(value, shape)) {
      const what = value === null ? "null is refused by server-side apply" : `is ${typeName(value)}`;
      this.#refuse(
        `must be ${WANTED[shape.type]}: ${what}`,
        value === null ? "Remove the key, or write what it should hold." : `Write ${WANTED[shape.type]}.`,
      );
      return;
    }
    if (shape.type === "object" && isRecord(value)) this.#object(value, shape);
    else if (shape.type === "map" && isRecord(value)) {
      for (const key of Object.keys(value)) this.#at(key, own(value, key), shape.value);
    } else if (shape.type === "list" && Array.isArray(value)) this.#list(value, shape);
    else if (shape.type === "string" && typeof value === "string") this.#text(value, shape);
    else if (shape.type === "int-or-string" && typeof value === "string" && !shape.pattern.test(value)) {
      this.#refuse(`${JSON.stringify(value)} is not one of the names or numbers allowed`, "Correct the value.");
    } else if (shape.type === "integer" && typeof value === "number") {
      const { minimum = -Infinity, maximum = Infinity } = shape;
      if (value < minimum || value > maximum) {
        this.#refuse(`${value} is out of range`, `Write a number from ${minimum} to ${maximum}.`);
      }
    }
  }

  #refuse(message: string, remedy: string): void {
    if (this.#lenient) return;
    this.#problems.add("schema", [...this.#path], message, remedy);
  }

  #object(value: Readonly<Record<string, unknown>>, shape: Shape & { type: "object" }): void {
    for (const key of Object.keys(value)) {
      const known = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      if (known !== undefined) this.#at(key, value[key], known.shape);
    }
    for (const key of shape.required ?? []) {
      if (!Object.hasOwn(value, key)) this.#refuse(`${key} is required`, `Add ${key}.`);
    }
    const there = (keys: readonly string[]): readonly string[] => keys.filter((key) => Object.hasOwn(value, key));
    if (shape.oneOf !== undefined && there(shape.oneOf).length !== 1) {
      const found = there(shape.oneOf);
      const what = found.length === 0 ? "none is there" : `${found.join(" and ")} are there`;
      this.#refuse(`exactly one of ${shape.oneOf.join(", ")} must be there: ${what}`, "Keep exactly one.");
    }
    if (shape.anyOf !== undefined && there(shape.anyOf).length === 0) {
      this.#refuse(`one of ${shape.anyOf.join(", ")} must be there`, "Add the section that is meant.");
    }
    if (shape.open !== true) this.#unknownKeys(value, shape.fields);
  }

  #unknownKeys(value: Readonly<Record<string, unknown>>, fields: Readonly<Record<string, Field>>): void {
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(fields, key)) continue;
      const known = Object.keys(fields);
      const meant = nearest(key, known);
      this.#problems.add(
        "meant",
        [...this.#path, key],
        `${UNKNOWN_FIELD} ${JSON.stringify(key)}: it is dropped, and what it should have restricted or allowed with it`,
        meant === null ? `Remove it, or use one of ${known.join(", ")}.` : `Did you mean ${meant}?`,
      );
    }
  }

  #list(value: readonly unknown[], shape: Shape & { type: "list" }): void {
    if (shape.maxItems !== undefined && value.length > shape.maxItems) {
      this.#refuse(`${value.length} items, at most ${shape.maxItems} are allowed`, "Split the list.");
    }
    if (shape.minItems !== undefined && value.length < shape.minItems) {
      this.#refuse(`at least ${shape.minItems} items are needed`, "Add them, or remove the key.");
    }
    for (const [i, item] of value.entries()) this.#at(i, item, shape.item);
  }

  #text(value: string, shape: Shape & { type: "string" }): void {
    if (shape.enum !== undefined && !shape.enum.includes(value)) {
      this.#refuse(`${JSON.stringify(value)} is not allowed`, `Use one of ${shape.enum.join(", ")}.`);
    }
    if (shape.pattern !== undefined && !shape.pattern.test(value)) {
      this.#refuse(`${JSON.stringify(value)} has a form that is not allowed`, "Correct the value.");
    }
    if (shape.minLength !== undefined && value.length < shape.minLength) {
      this.#refuse(`must have at least ${shape.minLength} characters`, "Fill it in.");
    }
    if (shape.maxLength !== undefined && Array.from(value).length > shape.maxLength) {
      this.#refuse(`must have at most ${shape.maxLength} characters`, "Shorten it.");
    }
    if (shape.format !== undefined && !shape.format(value)) {
      this.#refuse(`${JSON.stringify(value)} is no CIDR: a bare address is refused too`, "Write `address/bits`.");
    }
  }
}
