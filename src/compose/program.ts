import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const HERE = resolve(import.meta.dirname, "..");

/** `src/` in a checkout, `dist/src/` in a package; what the package asks for lies above either. */
const MANIFESTS = ["../package.json", "../package-lock.json", "../../package.json"].map((path) => join(HERE, path));

const sources = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : /\.(ts|js|wasm)$/.test(entry.name) ? [path] : [];
  });

let digest: string | null = null;

/**
 * Which program this is, to the byte: SHA-256 over its own files, what it depends on and the Node that runs it. A version
 * number stays the same while somebody works on it.
 */
export const programDigest = (): string => {
  if (digest !== null) return digest;
  const hash = createHash("sha256").update(process.version);
  for (const path of [...MANIFESTS, ...sources(HERE).toSorted()]) {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue;
    }
    hash.update(`\0${relative(HERE, path)}\0${String(bytes.byteLength)}\0`).update(bytes);
  }
  digest = hash.digest("hex");
  return digest;
};
