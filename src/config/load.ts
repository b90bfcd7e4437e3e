import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isAlias, LineCounter, parseDocument, visit } from "yaml";
import { OperatorError } from "../facts/errors.ts";
import { configSchema, type Config } from "./schema.ts";

export const CONFIG_NAME = "network-operator.yaml";

/** Defaults for everything: a fresh checkout needs no configuration. */
export const defaultConfig = (): Config => configSchema.parse({});

const nearest = (word: string, candidates: readonly string[]): string | null => {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
        next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
      }
      row = next;
    }
    return row[b.length] ?? Infinity;
  };
  const best = candidates.map((c) => [distance(word, c), c] as const).sort((a, b) => a[0] - b[0])[0];
  return best !== undefined && best[0] <= Math.max(2, word.length / 3) ? best[1] : null;
};

/** The keys that stand beside a misspelt one, read from the schema's own defaults. */
const keysAt = (path: readonly PropertyKey[]): readonly string[] => {
  let at: unknown = defaultConfig();
  for (const part of path) at = typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined;
  return typeof at === "object" && at !== null ? Object.keys(at) : [];
};

/** Reads a configuration file. Every complaint is one line with file, line and the way out. */
export const parseConfig = (text: string, file: string): Config => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number | undefined): string => `${file}:${offset === undefined ? 1 : lines.linePos(offset).line}`;
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new OperatorError("input", (broken.message.split("\n")[0] ?? "broken YAML").replace(/ at line \d+.*$/, ""), {
      where: at(broken.pos[0]),
      remedy: "Mend the YAML.",
    });
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node))
        throw new OperatorError("input", "aliases are not read here", {
          where: at(node.range?.[0]),
          remedy: "Write the value out.",
        });
    },
  });
  const value: unknown = document.toJS() ?? {};
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path ?? [];
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const target = unknownKey === undefined ? path : [...path, unknownKey];
  const node: unknown = document.getIn(target, true);
  const offset =
    typeof node === "object" && node !== null && "range" in node ? (node.range as [number] | null)?.[0] : undefined;
  const name = target.map(String).join(".");
  if (unknownKey !== undefined) {
    const guess = nearest(unknownKey, keysAt(path));
    const siblings = keysAt(path).join(", ");
    const known = siblings === "" ? "`network-operator init --print` shows every key." : `Known here: ${siblings}.`;
    throw new OperatorError("input", `unknown key ${name}`, {
      where: at(offset),
      remedy: guess === null ? known : `Did you mean ${guess}?`,
    });
  }
  throw new OperatorError("input", `${name === "" ? "the file" : name}: ${issue?.message ?? "not valid"}`, {
    where: at(offset),
    remedy: "`network-operator init --print` shows every key with its default.",
  });
};

/** The line of a path in a configuration file; 1 where it is not written. */
export const lineIn = (text: string, path: readonly (string | number)[]): number => {
  const lines = new LineCounter();
  const node: unknown = parseDocument(text, { lineCounter: lines }).getIn(path, true);
  const range = typeof node === "object" && node !== null && "range" in node ? (node.range as [number] | null) : null;
  return range === null ? 1 : lines.linePos(range[0]).line;
};

/**
 * `--config FILE`, else `network-operator.yaml` in the working folder, else defaults.
 * A file that was named and is not there is an error; a file that nobody named need not exist.
 */
export const loadConfig = (
  named: string | null,
  folder = process.cwd(),
): { readonly config: Config; readonly file: string | null } => {
  const file = resolve(folder, named ?? CONFIG_NAME);
  if (!existsSync(file)) {
    if (named === null) return { config: defaultConfig(), file: null };
    throw new OperatorError("input", "there is no such file", {
      where: named,
      remedy: "`network-operator init` writes a commented one.",
    });
  }
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new OperatorError("input", "the configuration cannot be read", {
      where: named ?? CONFIG_NAME,
      remedy: "Check the file's permissions.",
      cause,
    });
  }
  return { config: parseConfig(text, named ?? CONFIG_NAME), file };
};
