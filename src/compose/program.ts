import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const sources = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : /\.(ts|js|wasm)$/.test(entry.name) ? [path] : [];
  });

/**
 * SHA-256 over a program's own files, what it depends on and the Node that runs it. A version number stays the same while
 * somebody works on it.
 *
 * @param folder `src/` in a checkout, `dist/src/` in a package: what it depends on stands above either
 */
export const digestOfProgram = (folder: string): string => {
  const above = ["package.json", "package-lock.json"].map((name) => join(folder, "..", name));
  const packed = join(folder, "..", "..", "package.json");
  const manifests = above.some((path) => existsSync(path)) ? above : [packed];
  const hash = createHash("sha256").update(process.version);
  for (const path of [...manifests.filter((file) => existsSync(file)), ...sources(folder).toSorted()]) {
    const bytes = readFileSync(path);
    hash.update(`\0${relative(folder, path)}\0${String(bytes.byteLength)}\0`).update(bytes);
  }
  return hash.digest("hex");
};

let digest: string | null = null;

/** Which program this process runs, to the byte. */
export const programDigest = (): string => (digest ??= digestOfProgram(resolve(import.meta.dirname, "..")));
