import { Document, isMap, isPair, isSeq, type Node, YAMLMap, YAMLSeq } from "yaml";
import { type Entry, policyObject, type PolicyParts } from "./policy-object.ts";

export interface TextStyle {
  /** `# yaml-language-server: …`, where the repository's own policies carry one. */
  readonly schemaLine: string | null;
  /** Files begin with `---`. */
  readonly documentStart: boolean;
}

const ADDITIVE = "Adds allows and locks nothing: default-deny comes on its own, after the soak.";

/** What flows and files say ends up in comments: one printable line, never a way out of it. */
export const commentLine = (text: string): string => {
  const plain = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 200 ? `${plain.slice(0, 199)}…` : plain;
};

/** With the indentation of a rule and the mark of a comment, 80 columns: what YAML linters ask for by default. */
const WIDTH = 74;

/** Wrapped at words; a path that is longer stays whole. */
const wrap = (text: string): readonly string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
};

/** Comment lines without their `#`. */
export const commentBlock = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((l) => wrap(commentLine(l))).map((l) => ` ${l}`);

const comment = (lines: readonly string[]): string => commentBlock(lines).join("\n");

const annotate = (list: unknown, entries: readonly Entry[]): void => {
  if (!isSeq(list)) return;
  list.items.forEach((item, index) => {
    const lines = entries[index]?.comment ?? [];
    if (isMap(item) && lines.length > 0) (item as Node).commentBefore = comment(lines);
  });
};

const spec = (document: Document): YAMLMap | null => {
  const found = document.get("spec");
  return isMap(found) ? found : null;
};

/** An empty selector or rule reads better as `{}` than as nothing at all. */
const flow = (body: YAMLMap): void => {
  for (const { value } of body.items) {
    if (value instanceof YAMLMap && value.items.length === 0) value.flow = true;
    if (value instanceof YAMLSeq)
      for (const item of value.items) if (item instanceof YAMLMap && item.items.length === 0) item.flow = true;
  }
};

const head = (style: TextStyle): string =>
  `${style.documentStart ? "---\n" : ""}${style.schemaLine === null ? "" : `${style.schemaLine}\n`}`;

/** Any one object under remarks of its own. */
export const objectText = (
  object: Readonly<Record<string, unknown>>,
  remarks: readonly string[],
  style: TextStyle,
): string => {
  const document = new Document(object);
  const body = spec(document);
  if (body !== null) flow(body);
  const text = document.toString({ indentSeq: true, lineWidth: 0 });
  return `${head(style)}${comment(remarks)
    .split("\n")
    .map((line) => `#${line}`)
    .join("\n")}\n${text}`;
};

/** One policy as YAML, deterministic, every string quoted where YAML would read it as something else. */
export const policyText = (parts: PolicyParts, style: TextStyle): string => {
  const document = new Document(policyObject(parts));
  const body = spec(document);
  if (body !== null) {
    annotate(body.get("ingress"), parts.ingress);
    annotate(body.get("egress"), parts.egress);
    for (const pair of body.items) {
      const key = isPair(pair) ? (pair.key as { value?: unknown; commentBefore?: string }) : null;
      if (key?.value === "enableDefaultDeny") key.commentBefore = ` ${ADDITIVE}`;
    }
    flow(body);
  }
  const text = document.toString({ indentSeq: true, lineWidth: 0 });
  return `${head(style)}${text}`;
};

/** Several policies in one file. */
export const policiesText = (policies: readonly PolicyParts[], style: TextStyle): string =>
  policies.map((p, index) => policyText(p, index === 0 ? style : { ...style, documentStart: true })).join("");
