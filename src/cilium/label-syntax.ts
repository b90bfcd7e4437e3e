import { extendedKey, type Operator, type SelectorTerms } from "./selector.ts";
import type { Value } from "./go-json.ts";

/** Kubernetes' own syntax of label keys and values, which the agent applies to extended keys (C C.1.4). */

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const OPERATORS: ReadonlySet<string> = new Set(["In", "NotIn", "Exists", "DoesNotExist"]);

const byteLength = (text: string): number => Buffer.byteLength(text, "utf8");

/** Why this is no qualified name, or null. */
export const labelKeyFault = (key: string): string | null => {
  const parts = key.split("/");
  if (parts.length > 2) return "a label key has at most one slash";
  const name = parts.at(-1) ?? "";
  if (parts.length === 2) {
    const prefix = parts[0] ?? "";
    if (prefix === "" || byteLength(prefix) > 253 || !SUBDOMAIN.test(prefix)) {
      return "the part before the slash must be a lower-case DNS name of at most 253 characters";
    }
  }
  if (name === "" || byteLength(name) > 63 || !NAME.test(name)) {
    return "the name part must be 1 to 63 letters, digits, dashes, underscores or dots, with a letter or digit at both ends";
  }
  return null;
};

export const labelValueFault = (value: string): string | null =>
  value === "" || (byteLength(value) <= 63 && NAME.test(value))
    ? null
    : "a label value is at most 63 letters, digits, dashes, underscores or dots, with a letter or digit at both ends";

/** Source prefix and key of an extended key take 63 characters together when the key has no slash of its own. */
const checkKey = (parent: Value, at: string, written: string, extended: string): void => {
  const fault = labelKeyFault(extended);
  if (fault !== null) {
    parent.at(at).refuse(`invalid label selector: key ${JSON.stringify(written)}: ${fault}`, "Correct the label key.");
  }
};

const checkValue = (parent: Value, at: string | number, value: string): void => {
  const fault = labelValueFault(value);
  if (fault !== null) {
    parent
      .at(at)
      .refuse(`invalid label selector: value ${JSON.stringify(value)}: ${fault}`, "Correct the label value.");
  }
};

const isOperator = (text: string): text is Operator => OPERATORS.has(text);

/** Decodes and checks a label selector. Null, where Go calls the decoder at all, is the empty selector (C A.3.5). */
export const readSelector = (value: Value, extend: (key: string) => string = extendedKey): SelectorTerms => {
  value.checkObject();
  const labels = new Map<string, string>();
  const written = value.at("matchLabels");
  for (const [key, text] of written.textMap() ?? []) {
    const extended = extend(key);
    checkKey(written, key, key, extended);
    checkValue(written, key, text);
    labels.set(extended, text);
  }
  const expressions: SelectorTerms["expressions"][number][] = [];
  for (const item of value.listAt("matchExpressions") ?? []) {
    item.checkObject();
    const key = item.textAt("key");
    const operator = item.textAt("operator");
    const values = item.textsAt("values") ?? [];
    checkKey(item, "key", key, extend(key));
    for (const [i, text] of values.entries()) checkValue(item.at("values"), i, text);
    if (!isOperator(operator)) {
      item
        .at("operator")
        .refuse(
          `invalid label selector: ${JSON.stringify(operator)} is no operator`,
          "Use In, NotIn, Exists or DoesNotExist.",
        );
      continue;
    }
    const wantsValues = operator === "In" || operator === "NotIn";
    if (wantsValues && values.length === 0) {
      item.refuse(`invalid label selector: ${operator} needs values`, "Add the values, or use Exists or DoesNotExist.");
    }
    if (!wantsValues && values.length > 0) {
      item.refuse(`invalid label selector: ${operator} takes no values`, "Remove the values, or use In or NotIn.");
    }
    expressions.push({ key: extend(key), operator, values });
  }
  return { labels: [...labels], expressions };
};
