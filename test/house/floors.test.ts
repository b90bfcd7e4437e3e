import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** From the ground up: a folder imports from floors below its own, and from itself. */
const FLOORS: readonly (readonly string[])[] = [
  ["facts"],
  ["cilium", "git"],
  ["hubble", "gitops", "cluster", "forge", "store", "model", "config"],
  ["drafting", "audit", "replay", "signoff"],
  ["rollout"],
  ["graph"],
  ["cli", "server"],
];
/** On no floor: the simulated cluster, and the rooms of `compose.ts`, which reach every floor to join them. */
const BESIDE = ["world", "compose"];
const JUDGEMENT = FLOORS[3] ?? [];
const OUTSIDE = FLOORS[2] ?? [];

const root = resolve(import.meta.dirname, "../..");
const floorOf = (folder: string): number => FLOORS.findIndex((floor) => floor.includes(folder));

const sources = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : []));
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const importsOf = (file: string): Import[] => {
  const text = readFileSync(file, "utf8");
  const found: Import[] = [];
  const pattern = /(?:^|\n)\s*(import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[3] ?? match[4];
    if (specifier === undefined) continue;
    const target = relative(root, resolve(dirname(file), specifier));
    found.push({
      file: relative(root, file),
      from: relative(root, file),
      to: target,
      typeOnly: match[2] !== undefined,
    });
  }
  return found;
};

const folderOf = (path: string): string | null => {
  const [top, folder, rest] = path.split("/");
  return top === "src" && folder !== undefined && rest !== undefined ? folder : null;
};

const all = sources(join(root, "src")).flatMap(importsOf);

describe("the house", () => {
  it("knows every folder of src/", () => {
    const folders = readdirSync(join(root, "src")).filter((name) => statSync(join(root, "src", name)).isDirectory());
    expect(folders.filter((name) => !BESIDE.includes(name) && floorOf(name) < 0)).toEqual([]);
  });

  it("imports only from the floors below, never sideways", () => {
    const wrong = all.filter(({ from, to }) => {
      const source = folderOf(from);
      const target = folderOf(to);
      if (source === null || target === null || source === target) return false;
      if (BESIDE.includes(source) || BESIDE.includes(target)) return false;
      return floorOf(target) >= floorOf(source);
    });
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });

  it("keeps judgement pure: no adapter is imported there", () => {
    const wrong = all.filter(({ from, to, typeOnly }) => {
      const source = folderOf(from);
      const target = folderOf(to);
      return !typeOnly && source !== null && target !== null && JUDGEMENT.includes(source) && OUTSIDE.includes(target);
    });
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });

  it("lets the world know facts, the kernel and generated protobuf code alone", () => {
    const wrong = all.filter(({ from, to }) => {
      if (folderOf(from) !== "world") return false;
      const target = folderOf(to);
      return target !== null && !["world", "facts", "cilium"].includes(target) && !to.startsWith("src/hubble/proto/");
    });
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });

  it("lets compose alone reach the world", () => {
    const wrong = all.filter(({ from, to }) => folderOf(to) === "world" && !BESIDE.includes(folderOf(from) ?? ""));
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });

  it("has one way into the rooms of compose", () => {
    const wrong = all.filter(
      ({ from, to }) => folderOf(to) === "compose" && folderOf(from) !== "compose" && from !== "src/compose.ts",
    );
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });

  it("keeps tools away from effects", () => {
    const wrong = sources(join(root, "tools"))
      .flatMap(importsOf)
      .filter(({ to }) => to.startsWith("src/graph/effects/"));
    expect(wrong.map((w) => `${w.from} -> ${w.to}`)).toEqual([]);
  });
});
