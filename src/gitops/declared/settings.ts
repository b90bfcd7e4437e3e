import type { Certainty } from "../../facts/known.ts";
import type { Origin } from "../../facts/policy.ts";
import { isRecord, portNumber, put, scalar, type Json, type Path } from "../json.ts";
import { readYaml } from "../yaml-file.ts";
import { apiHosts, isProviderName } from "../knowledge/providers.ts";
import { impliedPort, isListening, isProviderKey, isShown } from "./meaning.ts";
import { isHostName, pairsIn, urlsIn, type Target } from "./targets.ts";

/** A place found in one setting of one workload. */
export interface Found {
  readonly target: Target;
  /** The key as people know it: `OIDC_ISSUER`, `auth.ldap.host`. */
  readonly key: string;
  readonly origin: Origin;
  /** From a file that the workload reads rather than from a setting with a name of its own. */
  readonly sure: Certainty;
}

export interface Place {
  /** Position of a value, or of a line inside it. */
  readonly locate: (path: Path, line: number, column: number) => Origin;
  readonly sure: Certainty;
}

const HOST_KEY = /(host|hostname|server|addr|address|endpoint)$/i;
const MAX_TEXT = 256 * 1024;

/** The key that would hold the port beside a host's: `DB_HOST` → `DB_PORT`, `host` → `port`, `dbHost` → `dbPort`. */
const portBeside = (map: Json, key: string): unknown => {
  const stem = key
    .replace(HOST_KEY, "")
    .toLowerCase()
    .replace(/[_.-]+$/, "");
  const wanted = `${stem}port`;
  for (const [name, value] of Object.entries(map))
    if (name.toLowerCase().replace(/[_.-]/g, "") === wanted.replace(/[_.-]/g, "")) return value;
  return undefined;
};

/** An environment variable is known by its name alone, a container's other settings by theirs, wherever it stands. */
const keyOf = (path: Path): string => {
  const names = path.filter((step) => typeof step === "string");
  const environment = names.findLastIndex((name) => name === "env" || name === "environment");
  if (environment >= 0 && environment < names.length - 1) return names.slice(environment + 1).join(".");
  const container = names.findLastIndex((name) => name === "containers" || name === "initContainers");
  return (container >= 0 && container < names.length - 1 ? names.slice(container + 1) : names).join(".");
};

/** Environment in Kubernetes' own spelling, as a map: `[{name: A, value: b}]`. */
const asEnvironment = (
  items: readonly unknown[],
): { readonly map: Json; readonly paths: ReadonlyMap<string, number> } | null => {
  const map: Record<string, unknown> = {};
  const paths = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const name = isRecord(item) ? scalar(item["name"]) : null;
    if (name === null || !isRecord(item) || (!("value" in item) && !("valueFrom" in item))) return null;
    put(map, name, item["value"]);
    paths.set(name, index);
  }
  return paths.size === 0 ? null : { map, paths };
};

/** Every place that the values below a map or a text name. */
export const search = (
  value: unknown,
  path: Path,
  place: Place,
  skip: (path: Path) => boolean = () => false,
): readonly Found[] => {
  if (skip(path)) return [];
  if (typeof value === "string")
    return inText(value, keyOf(path), (line, column) => place.locate(path, line, column), place.sure);
  if (Array.isArray(value)) {
    const environment = asEnvironment(value);
    if (environment === null)
      return value.flatMap((item: unknown, index) => search(item, [...path, index], place, skip));
    return inMap(
      environment.map,
      (name) => ({ key: name, at: [...path, environment.paths.get(name) ?? 0, "value"] }),
      place,
      () => false,
    );
  }
  return isRecord(value)
    ? inMap(value, (name) => ({ key: keyOf([...path, name]), at: [...path, name] }), place, skip)
    : [];
};

const inMap = (
  map: Json,
  where: (name: string) => { readonly key: string; readonly at: Path },
  place: Place,
  skip: (path: Path) => boolean,
): readonly Found[] =>
  Object.entries(map).flatMap(([name, value]): readonly Found[] => {
    const { key, at } = where(name);
    if (skip(at)) return [];
    if (typeof value !== "string") return search(value, at, place, skip);
    const host = hostSetting(map, name, value);
    if (host !== null) return [{ target: host, key, origin: place.locate(at, 0, 0), sure: place.sure }];
    return inText(value, key, (line, column) => place.locate(at, line, column), place.sure);
  });

/** A key that holds a host's name alone, its port beside it or implied by what it is called. */
const hostSetting = (map: Json, name: string, value: string): Target | null => {
  if (!HOST_KEY.test(name) || isShown(name) || value.includes("\n") || !isHostName(value)) return null;
  const host = value.trim();
  if (/^(?:0\.0\.0\.0|127\.|localhost$|true$|false$|::)/.test(host)) return null;
  const implied = impliedPort(name, host);
  const beside = portNumber(portBeside(map, name));
  const isAlone = beside === null && implied === null;
  // Nobody listens on the name of a Service.
  const isOwn = isListening(name) && !/\.svc(?:\.|$)/.test(host);
  if (isAlone && (isOwn || !host.includes("."))) return null;
  const port = beside ?? implied?.port ?? null;
  return { ...NOWHERE, host, port, speaks: implied?.speaks ?? null };
};

const inText = (
  text: string,
  key: string,
  locate: (line: number, column: number) => Origin,
  sure: Certainty,
): readonly Found[] => {
  if (text.length > MAX_TEXT || isShown(key)) return [];
  if (text.includes("\n") || /^\s*[{[]\s*["{[]/.test(text)) return inFile(text, key, locate);
  // A flag: `--upstream=http://...` is known by its own name.
  const flag = /^--?([\w.-]+)=(.*)$/.exec(text);
  const name = flag?.[1] ?? key;
  if (isShown(name)) return [];
  const shift = flag === null ? 0 : text.length - (flag[2] ?? "").length;
  const body = flag?.[2] ?? text;
  if (isProviderKey(name) && isProviderName(body))
    return apiHosts(body, () => null).map((host) => ({
      target: { ...NOWHERE, host, port: 443 },
      key: name,
      origin: locate(0, shift),
      sure,
    }));
  return [...urlsIn(body), ...pairsIn(body)].map((target) => ({
    target,
    key: name,
    origin: locate(target.line, target.column + shift),
    sure,
  }));
};

const NOWHERE = { protocol: "TCP", scheme: null, speaks: null, discovers: false, line: 0, column: 0 } as const;

/** A file that stands inside a value: read as YAML where it is, line by line where it is not. */
const inFile = (text: string, key: string, locate: (line: number, column: number) => Origin): readonly Found[] => {
  const { documents, problems } = readYaml(text);
  const [document] = documents;
  if (problems.length === 0 && documents.length === 1 && document !== undefined && isRecord(document.value)) {
    const { find, value, textStart } = document;
    // Dashboards are full of addresses, and nothing of them ever connects.
    if (isRecord(value) && Array.isArray(value["panels"])) return [];
    const place: Place = {
      sure: "likely",
      locate: (path, line, column) => {
        const start = line === 0 && column === 0 ? find(path) : (textStart(path) ?? find(path));
        return locate(start.line - 1 + line, line === 0 ? start.column - 1 + column : column);
      },
    };
    return search(value, [], place);
  }
  return text.includes("\n")
    ? inLines(text, key, locate)
    : urlsIn(text).map((target) => ({ target, key, origin: locate(target.line, target.column), sure: "likely" }));
};

const COMMENT = /^\s*(?:#|;|\/\/)/;
const ASSIGNED = /^\s*["']?([\w.$-]+)["']?\s*(?:=|:|\s)\s*(.*)$/;

const inLines = (text: string, key: string, locate: (line: number, column: number) => Origin): readonly Found[] => {
  let section: Record<string, string> = {};
  const sections: { readonly map: Record<string, string>; readonly lines: Map<string, number> }[] = [
    { map: section, lines: new Map() },
  ];
  const found: Found[] = [];
  for (const [line, written] of text.split("\n").entries()) {
    if (COMMENT.test(written)) continue;
    if (/^\s*\[/.test(written)) {
      section = {};
      sections.push({ map: section, lines: new Map() });
    }
    const assigned = ASSIGNED.exec(written);
    const name = assigned?.[1] ?? key;
    const value = (assigned?.[2] ?? written)
      .trim()
      .replace(/^["'](.*)["'][,;]?$/, "$1")
      .replace(/[,;]$/, "");
    if (assigned !== null) {
      put(section, name, value);
      sections.at(-1)?.lines.set(name, line);
    }
    if (isShown(name)) continue;
    const column = written.search(/\S/);
    for (const target of [...urlsIn(written), ...pairsIn(value)])
      found.push({
        target,
        key: name,
        origin: locate(line, target.line === 0 && target.scheme !== null ? target.column : Math.max(column, 0)),
        sure: "likely",
      });
  }
  for (const { map, lines } of sections)
    for (const [name, value] of Object.entries(map)) {
      const target = hostSetting(map, name, value);
      if (target !== null) found.push({ target, key: name, origin: locate(lines.get(name) ?? 0, 0), sure: "likely" });
    }
  return found;
};
