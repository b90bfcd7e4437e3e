import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Origin } from "../../facts/policy.ts";
import { at, flag, list, put, record, scalar, stringMap, strings, text, type Json } from "../json.ts";
import type { Resource } from "./resource.ts";

export interface Reads {
  /** A file of the tree, relative to the kustomization's folder; null and a problem when it is missing. */
  readonly read: (file: string, origin: Origin) => { readonly path: string; readonly text: string } | null;
  readonly say: (what: string, origin: Origin, remedy: string) => void;
}

interface Data {
  readonly values: Record<string, string>;
  readonly from: Map<string, string>;
}

const literals = (spec: unknown, data: Data): void => {
  for (const literal of strings(at(spec, "literals"))) {
    const split = literal.indexOf("=");
    if (split < 1) continue;
    const value = literal.slice(split + 1);
    const quoted = /^(["'])([\s\S]*)\1$/.exec(value);
    put(data.values, literal.slice(0, split), quoted?.[2] ?? value);
  }
};

const envFiles = (spec: unknown, data: Data, reads: Reads, origin: Origin): void => {
  const single = text(at(spec, "env"));
  for (const file of [...strings(at(spec, "envs")), ...(single === null ? [] : [single])]) {
    const read = reads.read(file, origin);
    for (const line of read?.text.split("\n") ?? []) {
      const pair = /^\s*([^#=\s][^=]*)=(.*)$/.exec(line.replace(/\r$/, ""));
      if (pair === null || read === null) continue;
      put(data.values, pair[1] ?? "", pair[2] ?? "");
      data.from.set(pair[1] ?? "", read.path);
    }
  }
};

const files = (spec: unknown, data: Data, reads: Reads, origin: Origin): void => {
  for (const entry of strings(at(spec, "files"))) {
    const split = entry.indexOf("=");
    const file = split < 0 ? entry : entry.slice(split + 1);
    const read = reads.read(file, origin);
    if (read === null) continue;
    const key = split < 0 ? posix.basename(file) : entry.slice(0, split);
    put(data.values, key, read.text);
    data.from.set(key, read.path);
  }
};

/** A ConfigMap or Secret as `configMapGenerator` and `secretGenerator` make it, before its name gets its hash. */
export const generate = (
  kind: "ConfigMap" | "Secret",
  spec: unknown,
  defaults: unknown,
  origin: Origin,
  reads: Reads,
): Resource | null => {
  const name = scalar(at(spec, "name"));
  if (name === null) {
    reads.say("a generator without a name", origin, "Give it a name");
    return null;
  }
  const data: Data = { values: {}, from: new Map() };
  envFiles(spec, data, reads, origin);
  files(spec, data, reads, origin);
  literals(spec, data);
  const encoded: Record<string, string> = {};
  for (const [key, value] of Object.entries(data.values))
    put(encoded, key, kind === "Secret" ? Buffer.from(value, "utf8").toString("base64") : value);
  const namespace = text(at(spec, "namespace"));
  const labels = { ...stringMap(at(defaults, "labels")), ...stringMap(at(spec, "options", "labels")) };
  const annotations = { ...stringMap(at(defaults, "annotations")), ...stringMap(at(spec, "options", "annotations")) };
  const value: Json = {
    apiVersion: "v1",
    ...(Object.keys(encoded).length === 0 ? {} : { data: encoded }),
    ...(flag(at(spec, "options", "immutable")) || flag(at(defaults, "immutable")) ? { immutable: true } : {}),
    kind,
    metadata: {
      name,
      ...(namespace === null ? {} : { namespace }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(kind === "Secret" ? { type: text(at(spec, "type")) ?? "Opaque" } : {}),
  };
  const unhashed = flag(at(spec, "options", "disableNameSuffixHash")) || flag(at(defaults, "disableNameSuffixHash"));
  return {
    value,
    file: origin.file,
    document: null,
    within: [],
    layers: [],
    before: [],
    hashed: !unhashed,
    dataFrom: data.from,
    origin,
  };
};

/** `behavior: merge` and `replace` change an object that a base already generated. */
export const combine = (known: Resource, made: Resource, behavior: "merge" | "replace"): Resource => {
  const join = (key: string): Json => {
    const before = behavior === "merge" ? record(known.value[key]) : {};
    const after = { ...before, ...record(made.value[key]) };
    return Object.keys(after).length === 0 ? {} : { [key]: after };
  };
  const metadata = record(known.value["metadata"]);
  const added = record(made.value["metadata"]);
  const both = (key: string): Json => {
    const pairs = { ...record(metadata[key]), ...record(added[key]) };
    return Object.keys(pairs).length === 0 ? {} : { [key]: pairs };
  };
  return {
    ...known,
    value: {
      ...known.value,
      ...join("data"),
      ...join("binaryData"),
      metadata: { ...metadata, ...both("labels"), ...both("annotations") },
    },
    dataFrom: new Map([...(behavior === "merge" ? known.dataFrom : []), ...made.dataFrom]),
  };
};

/** Go's `json.Marshal` escapes these; the hash is taken over its bytes. */
const goJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

const sorted = (value: unknown): Json =>
  Object.fromEntries(Object.entries(record(value)).sort(([a], [b]) => (Buffer.from(a) < Buffer.from(b) ? -1 : 1)));

const VOWELS_AWAY: Readonly<Record<string, string>> = { "0": "g", "1": "h", "3": "k", a: "m", e: "t" };

/** kustomize's name suffix: ten characters of a SHA-256 over the content, in an alphabet that spells no words. */
export const contentHash = (value: Json): string => {
  // kustomize leaves the name out of the hash: two generators with equal data get equal suffixes.
  const name = "";
  const body =
    value["kind"] === "Secret"
      ? { data: sorted(value["data"]), kind: "Secret", name, type: value["type"] ?? "" }
      : {
          ...(list(Object.keys(record(value["binaryData"]))).length > 0
            ? { binaryData: sorted(value["binaryData"]) }
            : {}),
          data: Object.keys(record(value["data"])).length === 0 ? "" : sorted(value["data"]),
          kind: "ConfigMap",
          name,
        };
  const hex = createHash("sha256").update(goJson(body)).digest("hex");
  return hex.slice(0, 10).replace(/[013ae]/g, (c) => VOWELS_AWAY[c] ?? c);
};
