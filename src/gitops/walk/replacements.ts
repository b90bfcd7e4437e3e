import { at, flag, isRecord, list, put, record, scalar, text, type Json, type Path } from "../json.ts";
import { readYaml } from "../yaml-file.ts";
import type { Reads } from "./generators.ts";
import { caseProblem, type KustomizationFile } from "./kustomization.ts";
import { isTarget, matches, untamed } from "./target.ts";
import { apiVersionOf, groupOf, isIdentifiedBy, kindOf, nameOf, namespaceOf, type Resource } from "./resource.ts";
import type { Transform } from "./transform.ts";

/** Why a replacement cannot be carried out: kustomize does not build it, or this reading does not know what it makes of it. */
class ReplacementError extends Error {}
const fail = (why: string): never => {
  throw new ReplacementError(why);
};

/** Dots part a path; `\.` is a dot, and what stands in brackets is one part. */
const splitPath = (path: string): readonly string[] => {
  const parts: string[] = [];
  for (const piece of path.replaceAll("\\.", "\u0000").split(".")) {
    const open = parts.at(-1);
    if (open?.startsWith("[") === true && !open.endsWith("]")) parts[parts.length - 1] = `${open}.${piece}`;
    else parts.push(piece);
  }
  return parts.map((part) => part.replaceAll("\u0000", "."));
};

const ELEMENT = /^\[([^=\]]*)=(.*)\]$/;
const isIndex = (part: string): boolean => /^\d+$/.test(part);
const isOfList = (part: string | undefined): boolean => part !== undefined && (isIndex(part) || ELEMENT.test(part));

/** A scalar as the file spells it, as far as its value still tells. */
const spelled = (value: unknown): string => {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || Number.isInteger(value)) return String(value);
  return fail("what is copied is no text, whole number or yes and no, and this reading cannot tell how it is written");
};

/** One field, by exact names. */
const lookUp = (value: unknown, [part, ...rest]: readonly string[]): unknown => {
  if (part === undefined) return value;
  const element = ELEMENT.exec(part);
  if (element !== null) {
    const [, key = "", wanted = ""] = element;
    return lookUp(
      list(value).find((item) => scalar(key === "" ? item : at(item, key)) === wanted),
      rest,
    );
  }
  if (Array.isArray(value))
    return lookUp(part === "-" ? value.at(-1) : isIndex(part) ? value[Number(part)] : undefined, rest);
  return lookUp(at(value, part), rest);
};

type Set = (before: unknown) => unknown;

/** The list elements that a part means: by index, all of them, or by a field that a pattern finds. */
const elements = (items: readonly unknown[], part: string): readonly number[] => {
  if (part === "*") return items.map((_, index) => index);
  const [, key = "", pattern = ""] = ELEMENT.exec(part) ?? [];
  if (!/^[\w./:@-]*$/.test(pattern)) fail(`the pattern in ${part} is more than this reading carries out`);
  const wanted = new RegExp(pattern);
  return items.flatMap((item, index) => {
    const found = scalar(key === "" ? item : at(item, key));
    return found !== null && wanted.test(found) ? [index] : [];
  });
};

/** Sets every field that a path means, and counts them. `undefined` is a field that was made on the way. */
const setAll = (
  value: unknown,
  path: readonly string[],
  create: boolean,
  set: Set,
): { readonly value: unknown; readonly hits: number } => {
  const [part, ...rest] = path;
  if (part === undefined) return { value: set(value), hits: 1 };
  if (part === "*" || isOfList(part)) {
    const made = value === undefined ? [] : value;
    if (!Array.isArray(made)) return fail(`${part} stands where there is no list`);
    const items: unknown[] = [...(made as readonly unknown[])];
    if (isIndex(part)) {
      const index = Number(part);
      if (index > items.length || (index === items.length && !create)) return fail(`there is no element ${part}`);
      const inner = setAll(items[index], rest, create, set);
      items[index] = inner.value;
      return { value: items, hits: inner.hits };
    }
    let chosen = elements(items, part);
    if (chosen.length === 0 && create && part !== "*") {
      const [, key = "", wanted = ""] = ELEMENT.exec(part) ?? [];
      items.push(key === "" ? wanted : { [key]: wanted });
      chosen = [items.length - 1];
    }
    let hits = 0;
    for (const index of chosen) {
      const inner = setAll(items[index], rest, create, set);
      items[index] = inner.value;
      hits += inner.hits;
    }
    return hits === 0 ? { value, hits } : { value: items, hits };
  }
  if (value !== undefined && !isRecord(value)) return fail(`${part} stands where there is no map`);
  const map: Json = value ?? {};
  if (!Object.hasOwn(map, part) && !create) return { value, hits: 0 };
  const inner = setAll(Object.hasOwn(map, part) ? map[part] : undefined, rest, create, set);
  if (inner.hits === 0) return { value, hits: 0 };
  const copy: Record<string, unknown> = { ...map };
  put(copy, part, inner.value);
  return { value: copy, hits: inner.hits };
};

const indexOf = (options: unknown): number => {
  const index = at(options, "index");
  return typeof index === "number" ? index : 0;
};

/** What lands in a field: kustomize keeps the field's own type and changes its text. */
const landed = (before: unknown, value: unknown, options: unknown): unknown => {
  const delimiter = text(at(options, "delimiter")) ?? "";
  let written = value;
  if (delimiter !== "") {
    const parts = before === undefined ? [""] : spelled(before).split(delimiter);
    const index = indexOf(options);
    const own = spelled(value);
    if (index < 0) parts.unshift(own);
    else if (index >= parts.length) parts.push(own);
    else parts[index] = own;
    written = parts.join(delimiter);
  }
  if (typeof before === "object" && before !== null) return written;
  if (typeof written === "object")
    return before === undefined ? written : fail("a map or a list is to replace a scalar");
  const plain = spelled(written);
  if (typeof before === "string") return plain;
  // A number, a truth or a new field takes its type from the text.
  const typed: unknown = /^[\w.+-]+$/.test(plain) ? at(readYaml(`a: ${plain}\n`).documents[0]?.value, "a") : plain;
  if (before === undefined) return typeof typed === "object" ? plain : typed;
  return typeof typed === typeof before ? typed : fail(`${plain} is to replace a value of another type`);
};

/** Releases of kustomize differ in whether a selector of a replacement is a pattern: then nothing is known. */
const isSpelled = (wanted: string, own: string): boolean => {
  if (wanted !== own && matches(wanted, own)) fail(`${wanted} is a pattern to some releases of kustomize`);
  return wanted === own;
};

const isSelected = (resource: Resource, selector: unknown): boolean => {
  const pattern = untamed(selector);
  if (pattern !== null) fail(`the pattern ${pattern.slice(0, 60)} is not carried out`);
  const is = (field: string, own: string): boolean => {
    const wanted = scalar(at(selector, field));
    return wanted === null || wanted === "" || isSpelled(wanted, own);
  };
  const version = apiVersionOf(resource.value).split("/").at(-1) ?? "";
  if (!is("group", groupOf(resource.value)) || !is("version", version) || !is("kind", kindOf(resource.value)))
    return false;
  const name = scalar(at(selector, "name")) ?? "";
  const namespace = scalar(at(selector, "namespace")) ?? "";
  const owned = [{ name: nameOf(resource.value), namespace: namespaceOf(resource.value) }, ...resource.before];
  for (const own of owned) {
    if (name !== "") isSpelled(name, own.name);
    if (namespace !== "") isSpelled(namespace, own.namespace ?? "default");
  }
  const names = name === "" ? owned.map((own) => own.name) : [name];
  return names.some((n) => isIdentifiedBy(resource, n, namespace === "" ? null : namespace));
};

const isChosen = (resource: Resource, target: unknown): boolean => {
  const select = record(at(target, "select"));
  const { labelSelector, annotationSelector } = select;
  const byLabels = {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(annotationSelector === undefined ? {} : { annotationSelector }),
  };
  if (!isSelected(resource, select) || (Object.keys(byLabels).length > 0 && !isTarget(resource, byLabels)))
    return false;
  return !list(at(target, "reject")).some((r) => isRecord(r) && Object.keys(r).length > 0 && isSelected(resource, r));
};

const DEFAULT_PATH = "metadata.name";

/** The value to be copied: written in the replacement itself, or one field of the one resource that the source names. */
const sourceOf = (replacement: Json, resources: readonly Resource[]): unknown => {
  const { source, sourceValue } = replacement;
  if ((source === undefined) === (sourceValue === undefined))
    return fail("it needs a source or a sourceValue, one of both");
  if (sourceValue !== undefined) return spelled(sourceValue);
  const found = resources.filter((r) => isSelected(r, source));
  const [first, second] = found;
  if (first === undefined || second !== undefined)
    return fail(first === undefined ? "nothing is its source" : "it has more than one source");
  const value = lookUp(first.value, splitPath(text(at(source, "fieldPath")) ?? DEFAULT_PATH));
  const isEmpty =
    value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
  if (isEmpty) return fail(`${kindOf(first.value)} ${nameOf(first.value)} has no such field to copy`);
  const delimiter = text(at(source, "options", "delimiter")) ?? "";
  if (delimiter === "") return value;
  const part = spelled(value).split(delimiter)[indexOf(at(source, "options"))];
  return part ?? fail("the index of its source is out of bounds");
};

const carriedOut = (replacement: Json, resources: readonly Resource[]): readonly Resource[] => {
  const targets = replacement["targets"];
  if (!Array.isArray(targets) || targets.length === 0) return fail("it has no targets");
  const value = sourceOf(replacement, resources);
  return targets.reduce((before: readonly Resource[], target: unknown) => {
    if (!isRecord(at(target, "select"))) return fail("a target must select resources");
    const options = at(target, "options");
    const paths = list(at(target, "fieldPaths")).map((path) => scalar(path) ?? "");
    return before.map((resource) => {
      if (!isChosen(resource, target)) return resource;
      let changed: unknown = resource.value;
      for (const path of paths.length === 0 ? [DEFAULT_PATH] : paths) {
        const result = setAll(changed, splitPath(path), flag(at(options, "create")), (was) =>
          landed(was, value, options),
        );
        if (result.hits === 0) fail(`${kindOf(resource.value)} ${nameOf(resource.value)} has no field ${path}`);
        changed = result.value;
      }
      return { ...resource, value: record(changed) };
    });
  }, resources);
};

/** The replacements of a kustomization, in line or in files of their own; they come after all else (kustomize v5). */
export const replacementTransforms = (
  { value, find }: Pick<KustomizationFile, "value" | "find">,
  reads: Reads,
): readonly Transform[] =>
  list(value["replacements"]).flatMap((entry, index) => {
    const place: Path = ["replacements", index];
    const path = text(at(entry, "path"));
    const file = path === null ? null : reads.read(path, find([...place, "path"]));
    const written =
      path === null
        ? [entry]
        : file === null
          ? []
          : readYaml(file.text).documents.flatMap((d) => {
              const problem = caseProblem(d.value, (to) => ({ file: file.path, ...d.find(to) }));
              if (problem !== null) reads.say(problem.what, problem.origin, problem.remedy);
              return Array.isArray(d.value) ? (d.value as readonly unknown[]) : [d.value];
            });
    return written.map((replacement): Transform => (resources) => {
      try {
        return carriedOut(record(replacement), resources);
      } catch (error) {
        if (!(error instanceof ReplacementError)) throw error;
        reads.say(`this replacement cannot be carried out: ${error.message}`, find(place), "Correct the replacement");
        return resources;
      }
    });
  });
