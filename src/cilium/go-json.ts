import { isRecord } from "../facts/json.ts";
import type { Path, Problems } from "./problems.ts";

/**
 * Reading a JSON value the way Go's decoder fills a struct, because that is what the agent does: null and absence are the
 * zero value, a wrong type makes the whole object undecodable, unknown keys are dropped. Values come from any YAML, so
 * aliases may share or nest them; only known keys are followed.
 */

export const typeName = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "boolean") return "a boolean";
  return typeof value === "undefined" ? "missing" : `a ${typeof value}`;
};

/** The own property, never an inherited one. */
export const own = (record: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** One value and where it stands. */
export class Value {
  readonly raw: unknown;
  readonly problems: Problems;
  readonly #parent: Value | null;
  readonly #key: string | number;

  constructor(raw: unknown, problems: Problems, parent: Value | null = null, key: string | number = "") {
    this.raw = raw;
    this.problems = problems;
    this.#parent = parent;
    this.#key = key;
  }

  /** Made when asked for: most values are fine, and nobody wants to know where they stand. */
  get path(): Path {
    const path: (string | number)[] = [];
    this.#collect(path);
    return path;
  }

  #collect(into: (string | number)[]): void {
    if (this.#parent === null) return;
    this.#parent.#collect(into);
    into.push(this.#key);
  }

  get isNull(): boolean {
    return this.raw === null || this.raw === undefined;
  }

  /** Absent is not null: Go calls a custom decoder for the one and not for the other. */
  get isAbsent(): boolean {
    return this.raw === undefined;
  }

  at(key: string | number): Value {
    const raw = isRecord(this.raw) ? own(this.raw, String(key)) : undefined;
    return new Value(raw, this.problems, this, key);
  }

  #raw(key: string): unknown {
    return isRecord(this.raw) ? own(this.raw, key) : undefined;
  }

  /** `at(key).text()`, without a value for what is absent or fine. */
  textAt(key: string): string {
    const raw = this.#raw(key);
    if (typeof raw === "string") return raw;
    return raw === undefined ? "" : this.at(key).text();
  }

  listAt(key: string): readonly Value[] | null {
    return this.#raw(key) === undefined ? null : this.at(key).list();
  }

  textsAt(key: string): readonly string[] | null {
    return this.#raw(key) === undefined ? null : this.at(key).texts();
  }

  refuse(message: string, remedy: string): void {
    this.problems.add("agent", this.path, message, remedy);
  }

  #wrong(wanted: string): void {
    this.refuse(`must be ${wanted}, is ${typeName(this.raw)}: the agent cannot decode the object`, `Write ${wanted}.`);
  }

  /** Refuses anything that is no object; null counts as one without keys. */
  checkObject(): boolean {
    if (this.isNull || isRecord(this.raw)) return true;
    this.#wrong("an object");
    return false;
  }

  text(): string {
    if (this.isNull) return "";
    if (typeof this.raw === "string") return this.raw;
    this.#wrong("a string in quotes");
    return "";
  }

  flag(): boolean | null {
    if (this.isNull) return null;
    if (typeof this.raw === "boolean") return this.raw;
    this.#wrong("true or false");
    return null;
  }

  integer(low: number, high: number): number {
    if (this.isNull) return 0;
    if (typeof this.raw === "number" && Number.isInteger(this.raw) && this.raw >= low && this.raw <= high)
      return this.raw;
    this.#wrong(`a whole number from ${low} to ${high}`);
    return 0;
  }

  /** Null when absent or null: Go's nil slice, which is not the empty one (C A.7). */
  list(): readonly Value[] | null {
    if (this.isNull) return null;
    if (Array.isArray(this.raw)) {
      const items: readonly unknown[] = this.raw;
      return items.map((raw, i) => new Value(raw, this.problems, this, i));
    }
    this.#wrong("a list");
    return null;
  }

  texts(): readonly string[] | null {
    return this.list()?.map((item) => item.text()) ?? null;
  }

  /** A map of strings; null when absent. */
  textMap(): readonly (readonly [key: string, value: string])[] | null {
    if (this.isNull || !this.checkObject() || !isRecord(this.raw)) return null;
    return Object.keys(this.raw).map((key) => [key, this.textAt(key)] as const);
  }
}
