import type { Origin } from "../../facts/policy.ts";
import { at, isRecord, list, record, scalar, strings, text, type Path } from "../json.ts";
import { callsBy, callsIn, type Called, type Shell } from "./scripts.ts";

/** A place that a container's script goes to, and where the command stands. */
export interface CalledAt extends Called {
  readonly origin: Origin;
}

type Locate = (path: Path, line: number, column: number) => Origin;

/** What a container is told by name: `env` as a list of `{name, value}` or, in the app-template, as a map. */
const environmentOf = (env: unknown): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const item of list(env)) {
    const [name, value] = [text(at(item, "name")), scalar(at(item, "value"))];
    if (name !== null && value !== null) found.set(name, value);
  }
  for (const [name, item] of Object.entries(record(Array.isArray(env) ? null : env))) {
    const value = scalar(isRecord(item) ? item["value"] : item);
    if (value !== null) found.set(name, value);
  }
  return found;
};

/** The image's own name, which is what runs where nobody wrote a command: `curlimages/curl:8` is `curl`. */
const programOf = (image: string | null): string => image?.split("@")[0]?.split("/").at(-1)?.split(":")[0] ?? "";

const isShell = (word: string): boolean => /^(?:.*\/)?(?:ba|a|da|z)?sh$/.test(word);

const imageOf = (container: unknown): string | null => {
  const image = at(container, "image");
  return text(image) ?? text(at(image, "repository"));
};

export const shellOf = (container: unknown): Shell => ({
  image: imageOf(container),
  environment: environmentOf(at(container, "env")),
});

/** What a container's command and arguments go to. `base`: where the container stands. */
export const calledByContainer = (container: unknown, base: Path, locate: Locate): readonly CalledAt[] => {
  const shell = shellOf(container);
  const parts = (["command", "args"] as const).flatMap((key): { readonly word: string; readonly path: Path }[] => {
    const written = at(container, key);
    if (typeof written === "string") return [{ word: written, path: [...base, key] }];
    return strings(written).map((word, index) => ({ word, path: [...base, key, index] }));
  });
  const [first] = parts;
  if (first === undefined) return [];
  const scripts = parts.filter(({ word }) => /\s/.test(word.trim()));
  if (isShell(first.word) || scripts.some(({ word }) => word.includes("\n")))
    return scripts.flatMap(({ word, path }) =>
      callsIn(word, shell).map((call) => ({ ...call, origin: locate(path, call.line, 0) })),
    );
  const words = parts.map((p) => p.word);
  const named = at(container, "command") === undefined ? [programOf(shell.image), ...words] : words;
  return callsBy(named, shell).map((call) => ({ ...call, origin: locate(first.path, 0, 0) }));
};

const isScript = (name: string, written: string): boolean =>
  /\.(?:ba)?sh$/.test(name) || /^#!.*\b(?:ba|a|da)?sh\b/.test(written);

/** What scripts go to that a container mounts from a ConfigMap. */
export const calledByFiles = (
  data: Readonly<Record<string, unknown>>,
  shell: Shell,
  locate: Locate,
): readonly CalledAt[] =>
  Object.entries(data).flatMap(([name, written]) =>
    typeof written === "string" && isScript(name, written)
      ? callsIn(written, shell).map((call) => ({ ...call, origin: locate([name], call.line, 0) }))
      : [],
  );
