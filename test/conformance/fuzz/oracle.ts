import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { OperatorError } from "../../../src/facts/errors.ts";
import type { CiliumVersion } from "../../../src/facts/settings.ts";
import { type GeneratedScenario, HEADER } from "./generate.ts";

const HOME = path.join(import.meta.dirname, "..", "oracle");

/** One line of the oracle's output. */
export interface OracleAnswer {
  readonly id: string;
  readonly invalid?: readonly { readonly policy: number; readonly error: string }[];
  readonly verdicts: readonly string[] | null;
}

const sources = (folder: string): string => {
  const hash = createHash("sha256");
  for (const dir of [path.join(HOME, "vectors"), folder]) {
    for (const name of readdirSync(dir).sort()) hash.update(name).update(readFileSync(path.join(dir, name)));
  }
  return hash.digest("hex").slice(0, 16);
};

/** Builds the oracle of one minor, once per state of its sources, outside the project. The first build takes minutes. */
export const buildOracle = (version: CiliumVersion): string => {
  const folder = path.join(HOME, `v${version}`);
  if (!existsSync(path.join(folder, "go.mod"))) {
    throw new OperatorError("input", `there is no oracle for Cilium ${version}`, {
      remedy: `The minors with one are ${readdirSync(HOME)
        .filter((d) => d.startsWith("v1"))
        .join(", ")}.`,
    });
  }
  const cache = path.join(tmpdir(), "cilium-oracle");
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const binary = path.join(cache, `${version}-${sources(folder)}`);
  if (existsSync(binary)) return binary;
  const built = spawnSync("go", ["build", "-o", binary, "."], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  if (built.error !== undefined) {
    throw new OperatorError("outside", "Go is not installed, and the oracle is Cilium's own engine, in Go", {
      remedy:
        "Install Go 1.25 or later from https://go.dev/dl/, or compare with recorded verdicts: npm run conformance.",
    });
  }
  if (built.status !== 0) {
    throw new OperatorError("outside", `the oracle of Cilium ${version} does not build`, {
      where: folder,
      remedy: "Read Go's message above; the module proxy must be reachable for the first build.",
    });
  }
  return binary;
};

const isAnswer = (value: unknown): value is OracleAnswer =>
  typeof value === "object" && value !== null && "id" in value && "verdicts" in value;

/** Cilium's own verdicts for scenarios, in their order. */
export const askOracle = (binary: string, scenarios: readonly GeneratedScenario[]): readonly OracleAnswer[] => {
  const input = [HEADER, ...scenarios].map((line) => JSON.stringify(line)).join("\n");
  const run = spawnSync(binary, [], { input, maxBuffer: 1 << 30, encoding: "utf8" });
  if (run.status !== 0) {
    throw new OperatorError("outside", `the oracle stopped: ${run.stderr.trim().split("\n").slice(0, 3).join(" ")}`, {
      where: binary,
      remedy: "A scenario that the engine cannot even read is a defect of the generator.",
    });
  }
  const answers: OracleAnswer[] = [];
  for (const line of run.stdout.split("\n")) {
    if (line === "") continue;
    const answer: unknown = JSON.parse(line);
    if (isAnswer(answer)) answers.push(answer);
  }
  return answers;
};
