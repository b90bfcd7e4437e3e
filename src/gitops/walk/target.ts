import { at, stringMap, text } from "../json.ts";
import { annotationsOf, apiVersionOf, groupOf, kindOf, nameOf, namespaceOf, type Resource } from "./resource.ts";

/** What both Go and JavaScript read, and read the same way: `(?i)`, `\A`, `[[:alpha:]]` and the like mean something to one. */
const SAME = /^(?:[\w/:.^$|*+?) -]|\\[./dw-]|\((?:\?:)?(?!\?)|\{\d+(?:,\d*)?\}|\[\^?[\w./:-]+\])*$/;

/** Go's expressions run in linear time; ours do not, so that one that could run away is not carried out. */
const isTame = (pattern: string): boolean =>
  pattern.length <= 200 &&
  SAME.test(pattern) &&
  !/[*+}][^()]*\)[*+{]/.test(pattern) &&
  !/\|[^()]*\)[*+{]/.test(pattern);

/** One requirement of a selector as anybody writes it; Kubernetes reads more (`a>1`, `! a`, `a in(b)`). */
const REQUIREMENT =
  /^(?!(?:in|notin)\b)(?:!?[A-Za-z0-9][\w./-]*|[A-Za-z0-9][\w./-]*\s*(?:==|=|!=)\s*[\w.-]*|[A-Za-z0-9][\w./-]*\s+(?:in|notin)\s+\(\s*[\w.-]+(?:\s*,\s*[\w.-]+)*\s*\))$/;

const requirements = (selector: string): readonly string[] => selector.split(/,(?![^(]*\))/).map((part) => part.trim());

const SELECTORS = ["labelSelector", "annotationSelector"];
const PATTERNS = ["group", "version", "kind", "name", "namespace"];

/** Which part of a `target` this reading cannot follow: what it selects is then not known. */
export const untamed = (target: unknown): string | null => {
  const isFollowed = (field: string): boolean => {
    const written = text(at(target, field)) ?? "";
    if (written.trim() === "") return true;
    return SELECTORS.includes(field) ? requirements(written).every((r) => REQUIREMENT.test(r)) : isTame(written);
  };
  const field = [...PATTERNS, ...SELECTORS].find((name) => !isFollowed(name));
  return field === undefined ? null : text(at(target, field));
};

export const matches = (pattern: unknown, value: string): boolean => {
  const written = text(pattern);
  if (written === null || written === "") return true;
  if (!isTame(written)) return false;
  try {
    return new RegExp(`^(?:${written})$`).test(value);
  } catch {
    return false;
  }
};

const selects = (selector: unknown, labels: Readonly<Record<string, string>>): boolean => {
  const written = text(selector);
  if (written === null || written.trim() === "") return true;
  return requirements(written).every((term) => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
    if (set !== null) {
      const [, key = "", operator, values = ""] = set;
      const isIn = values.split(",").some((item) => item.trim() === labels[key]);
      return operator === "in" ? isIn : !isIn;
    }
    const pair = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
    if (pair !== null) return (labels[pair[1] ?? ""] === pair[3]) === (pair[2] !== "!=");
    return term.startsWith("!") ? !Object.hasOwn(labels, term.slice(1)) : Object.hasOwn(labels, term);
  });
};

/** A patch's `target`: anchored regular expressions, and label and annotation selectors. */
export const isTarget = (resource: Resource, target: unknown): boolean => {
  const { value } = resource;
  const ids = [{ namespace: namespaceOf(value), name: nameOf(value) }, ...resource.before];
  return (
    matches(at(target, "group"), groupOf(value)) &&
    matches(at(target, "version"), apiVersionOf(value).split("/").at(-1) ?? "") &&
    matches(at(target, "kind"), kindOf(value)) &&
    ids.some(
      (id) => matches(at(target, "name"), id.name) && matches(at(target, "namespace"), id.namespace ?? "default"),
    ) &&
    selects(at(target, "labelSelector"), stringMap(at(value, "metadata", "labels"))) &&
    selects(at(target, "annotationSelector"), stringMap(annotationsOf(value)))
  );
};
