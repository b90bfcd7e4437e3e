import { spawn, spawnSync } from "node:child_process";
import { devNull } from "node:os";
import { OperatorError } from "../facts/errors.ts";

/**
 * Git as a subprocess with an argument array: no shell, no hooks, no prompt, no configuration but the repository's own,
 * so that neither the machine's settings nor a hostile repository decides what runs. An object's id is its bytes: what a
 * repository would have git show in its place is not shown.
 */
const environment = (extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) if (!key.startsWith("GIT_")) env[key] = value;
  return {
    ...env,
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_SYSTEM: devNull,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: devNull,
    LC_ALL: "C",
    ...extra,
  };
};

const prefix = ["-c", `core.hooksPath=${devNull}`, "-c", "protocol.ext.allow=never", "-c", "core.quotePath=false"];

export interface GitRun {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** How output becomes text: `latin1` keeps bytes that are no UTF-8, one character each. */
  readonly bytes?: "utf8" | "latin1";
}

const missing = (cause: unknown): OperatorError =>
  new OperatorError("outside", "git could not be started", { remedy: "Install git 2.38 or newer.", cause });

/** Runs git and returns its exit code; throws only when git itself cannot be started. */
export const tryGit = async (dir: string, args: readonly string[], options: GitOptions = {}): Promise<GitRun> => {
  const child = spawn("git", [...prefix, ...args], { cwd: dir, env: environment(options.env ?? {}) });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // A child that exits early closes its end of the pipe; its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", (cause) => reject(missing(cause)));
    child.on("close", (code) =>
      resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString("utf8").trim() }),
    );
  });
};

/** Runs git and returns stdout; a failure names the repository and what git said. */
export const git = async (dir: string, args: readonly string[], options: GitOptions = {}): Promise<string> => {
  const run = await tryGit(dir, args, options);
  if (run.code !== 0) throw failed(dir, args, run.stderr);
  return run.stdout.toString(options.bytes ?? "utf8");
};

/** For reads that must be synchronous (a single large blob). */
export const gitSync = (dir: string, args: readonly string[]): Buffer => {
  const run = spawnSync("git", [...prefix, ...args], { cwd: dir, env: environment({}), maxBuffer: 1 << 30 });
  if (run.error !== undefined) throw missing(run.error);
  if (run.status !== 0) throw failed(dir, args, run.stderr.toString("utf8").trim());
  return run.stdout;
};

/** Hints and warnings come first, and say nothing of the failure. */
const saidIn = (stderr: string): string => {
  const lines = stderr.split("\n");
  return lines.find((line) => /^(?:error|fatal): /.test(line)) ?? lines[0] ?? "no message";
};

const failed = (dir: string, args: readonly string[], stderr: string): OperatorError =>
  new OperatorError("outside", `git ${args[0] ?? ""} failed: ${saidIn(stderr)}`, {
    where: dir,
    remedy: "Check that the path is a git repository and can be read and written.",
  });
