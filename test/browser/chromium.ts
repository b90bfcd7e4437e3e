import { execFile } from "node:child_process";
import { accessSync, constants, createReadStream, createWriteStream, existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createBrotliDecompress } from "node:zlib";
import { chromium, type Browser } from "playwright-core";
import { once } from "../house/once.ts";

const run = promisify(execFile);

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const installed = (): string | null =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(isExecutable) ?? null;

/** Where `npm ci` put a packed Chromium for Linux x64, or null on other machines. */
const packed = (): string | null => {
  if (process.platform !== "linux" || process.arch !== "x64") return null;
  const folder = join(dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium"))), "bin");
  return existsSync(join(folder, "chromium.br")) ? folder : null;
};

const unpack = async (from: string, to: string): Promise<void> =>
  pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode: 0o755 }));

const fontsConf = (home: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${home}/fonts</dir><cachedir>${home}/fonts-cache</cachedir></fontconfig>
`;

const versionOf = (from: string): string => {
  const { version } = JSON.parse(readFileSync(join(from, "..", "package.json"), "utf8")) as { version: string };
  return version;
};

/** Unpacked once beside the modules, whole or not at all; with the libraries and fonts that a bare machine lacks. */
const unpacked = async (from: string): Promise<string> => {
  const home = resolve(import.meta.dirname, `../../node_modules/.cache/chromium-${versionOf(from)}`);
  // Two workers would each spend seconds on it.
  if (!existsSync(home)) await once("chromium", () => unpackTo(home, from));
  return home;
};

const unpackTo = async (home: string, from: string): Promise<void> => {
  const cache = dirname(home);
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, "chromium-making-"));
  const untar = async (name: string): Promise<void> => {
    const tar = join(making, name);
    await unpack(join(from, `${name}.br`), tar);
    await run("tar", ["-xf", tar, "-C", making]);
    await rm(tar);
  };
  await Promise.all([
    unpack(join(from, "chromium.br"), join(making, "chromium")),
    untar("al2023.tar"),
    untar("fonts.tar"),
  ]);
  await writeFile(join(making, "fonts.conf"), fontsConf(home));
  // Another run may have been first; either is whole.
  await rename(making, home).catch(() => rm(making, { recursive: true }));
};

export interface FoundChromium {
  readonly path: string;
  /** What it needs to be told of libraries and fonts of its own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Only where the machine has none: its own fit it better. */
const missing = async (path: string): Promise<boolean> => {
  const { stdout } = await run("ldd", [path]);
  return stdout.includes("not found");
};

/** The system's Chromium, else the one that `npm ci` brought, else null. */
export const findChromium = async (from: "anywhere" | "packed" = "anywhere"): Promise<FoundChromium | null> => {
  const here = from === "packed" ? null : installed();
  if (here !== null) return { path: here, env: {} };
  const source = packed();
  if (source === null) return null;
  const home = await unpacked(source);
  const path = join(home, "chromium");
  const libraries = (await missing(path)) ? { LD_LIBRARY_PATH: join(home, "lib") } : {};
  return { path, env: { ...libraries, FONTCONFIG_FILE: join(home, "fonts.conf") } };
};

export const launch = ({ path, env }: FoundChromium): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    // As root, and in containers, there is no sandbox to be had; only our own pages are opened.
    args: ["--no-sandbox", "--disable-gpu"],
    env: { ...(process.env as Record<string, string>), ...env },
  });

/**
 * A browser for tests. Where there is none, a person's machine skips what needs one and says so in the name of the test;
 * CI fails, because there `npm ci` has just brought one.
 */
export const chromiumForTests = async (): Promise<{ readonly found: FoundChromium | null; readonly note: string }> => {
  const found = await findChromium();
  if (found === null && process.env["CI"] !== undefined)
    throw new Error("no Chromium: neither installed nor brought by npm ci, and CI does not skip what needs one");
  return { found, note: found === null ? " (skipped: no Chromium here; install one to run this)" : "" };
};
