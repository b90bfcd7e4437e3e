import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { kustomizeBinary } from "../../gitops/kustomize-binary.ts";
import { attempt, bad, good, open, type Check } from "./check.ts";

const run = promisify(execFile);

const gitVersion = async (): Promise<Check> => {
  const { stdout } = await run("git", ["--version"]);
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
  const enough = major > 2 || (major === 2 && minor >= 38);
  return enough
    ? good("git", stdout.trim())
    : bad("git", stdout.trim(), "Install git 2.38 or newer: merges are worked out without a work tree.");
};

const kustomize = async (): Promise<Check> => {
  const binary = kustomizeBinary();
  if (binary === null)
    return bad(
      "kustomize",
      "there is none",
      "npm ci brings it on Linux x64; elsewhere install kustomize: without it no changeset passes gate lint.",
    );
  const { stdout } = await run(binary, ["version", "--short"]).catch(() => run(binary, ["version"]));
  return good("kustomize", stdout.trim().split("\n")[0] ?? binary);
};

/** Everything in the state folder is private; a key that others can read is no key. */
const stateFolder = async (state: string): Promise<Check> => {
  if (!existsSync(state)) return open("state folder", `${state} is made on first use`);
  const keys = join(state, "keys");
  const loose = [state, keys].filter((path) => existsSync(path) && (statSync(path).mode & 0o022) !== 0);
  return loose.length === 0
    ? good("state folder", state)
    : bad("state folder", `others can write ${loose.join(" and ")}`, "chmod go-w them, and look at who did what.");
};

export const machineChecks = async (state: string): Promise<readonly Check[]> => [
  good("node", process.version),
  ...(await attempt("git", gitVersion)),
  ...(await attempt("kustomize", kustomize)),
  ...(await attempt("state folder", () => stateFolder(state))),
];
