import { isMap, isScalar, isSeq, parseAllDocuments, stringify, type Document, type YAMLMap } from "yaml";
import { canonical, isRecord } from "../facts/json.ts";
import type { Direction } from "../facts/verdict.ts";
import { commentBlock } from "./policy-text.ts";
import type { Entry } from "./policy-object.ts";

/** Rules to add to a policy that stands already, by direction. */
export type Additions = Readonly<Record<Direction, readonly Entry[]>>;

interface Insertion {
  /** Offset of the start of a line. */
  readonly at: number;
  readonly lines: readonly string[];
}

const rangeOf = (node: unknown): readonly [number, number, number] | null => {
  const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
  return range ?? null;
};

const columnOf = (text: string, offset: number): number => offset - (text.lastIndexOf("\n", offset - 1) + 1);

/** The start of the line after the one that holds this offset's last written character. */
const nextLine = (text: string, end: number): number => {
  const at = text.indexOf("\n", Math.max(0, end - 1));
  return at < 0 ? text.length : at + 1;
};

/** A list item as YAML lines, its dash in the given column, its comment above it. */
const itemLines = (entry: Entry, column: number): readonly string[] => {
  const pad = " ".repeat(column);
  const body = stringify(entry.rule, { indentSeq: true, lineWidth: 0 }).trimEnd().split("\n");
  return [
    ...commentBlock(entry.comment).map((line) => `${pad}#${line}`),
    ...body.map((line, index) => `${pad}${index === 0 ? "- " : "  "}${line}`),
  ];
};

const pairIn = (map: YAMLMap, key: string) => map.items.find((p) => isScalar(p.key) && p.key.value === key);

/** Behind the last rule of a list that stands, or as a new list at the end of the spec; null where it is too unusual. */
const insertion = (text: string, spec: YAMLMap, direction: Direction, entries: readonly Entry[]): Insertion | null => {
  const first = rangeOf(spec.items[0]?.key);
  if (spec.flow === true || first === null) return null;
  const keyColumn = columnOf(text, first[0]);
  const list = pairIn(spec, direction)?.value;
  if (list === undefined) {
    const last = spec.items.at(-1);
    const range = rangeOf(last?.value ?? last?.key);
    if (range === null) return null;
    const pad = " ".repeat(keyColumn);
    return {
      at: nextLine(text, range[1]),
      lines: [`${pad}${direction}:`, ...entries.flatMap((e) => itemLines(e, keyColumn + 2))],
    };
  }
  if (!isSeq(list) || list.flow === true || list.items.length === 0) return null;
  const range = rangeOf(list);
  const last = rangeOf(list.items.at(-1));
  if (range === null || last === null) return null;
  const column = columnOf(text, range[0]);
  if (text[range[0]] !== "-") return null;
  return { at: nextLine(text, last[1]), lines: entries.flatMap((e) => itemLines(e, column)) };
};

const named = (document: Document, name: string): boolean =>
  document.errors.length === 0 &&
  document.getIn(["metadata", "name"]) === name &&
  document.get("kind") === "CiliumNetworkPolicy";

const parsed = (text: string): readonly Document[] =>
  parseAllDocuments(text, { prettyErrors: false, logLevel: "silent" }) as readonly Document[];

const withRules = (object: unknown, additions: Additions): unknown => {
  if (!isRecord(object) || !isRecord(object["spec"])) return null;
  const spec: Record<string, unknown> = { ...object["spec"] };
  for (const direction of ["ingress", "egress"] as const) {
    const old = spec[direction];
    const more = additions[direction].map((e) => e.rule);
    if (more.length > 0) spec[direction] = [...(Array.isArray(old) ? (old as readonly unknown[]) : []), ...more];
  }
  return { ...object, spec };
};

/**
 * A file with rules added to the policy of this name, every comment, order and indentation of what stands kept. Null
 * where the file is written in a way that only a person should touch; what comes out is read again and must say exactly
 * what was there plus the rules.
 */
export const completePolicy = (
  text: string,
  name: string,
  additions: Additions,
): { readonly text: string; readonly object: unknown } | null => {
  const documents = parsed(text);
  const mine = documents.filter((d) => named(d, name));
  const [document] = mine;
  const spec = document?.get("spec");
  if (document === undefined || mine.length !== 1 || !isMap(spec) || documents.some((d) => d.errors.length > 0))
    return null;
  const insertions: Insertion[] = [];
  for (const direction of ["ingress", "egress"] as const) {
    if (additions[direction].length === 0) continue;
    const made = insertion(text, spec, direction, additions[direction]);
    if (made === null) return null;
    insertions.push(made);
  }
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  let out = text;
  for (const { at, lines } of insertions.toSorted((a, b) => b.at - a.at)) {
    const before = out.slice(0, at);
    const open = before !== "" && !before.endsWith("\n") ? end : "";
    out = `${before}${open}${lines.join(end)}${end}${out.slice(at)}`;
  }
  const wanted = withRules(document.toJS(), additions);
  const again = parsed(out);
  const index = documents.indexOf(document);
  const others = documents.every((d, n) => n === index || canonical(d.toJS()) === canonical(again[n]?.toJS()));
  const isMeant = again.length === documents.length && others && canonical(again[index]?.toJS()) === canonical(wanted);
  return isMeant ? { text: out, object: wanted } : null;
};
