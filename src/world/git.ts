import { spawn } from "node:child_process";
import { devNull } from "node:os";
import { OperatorError } from "../facts/errors.ts";

/** The world keeps its own few lines of git, so that nothing it serves depends on code it is there to test. */
export const git = async (
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Uint8Array;
    readonly keepEnd?: boolean;
  },
): Promise<string> => {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) if (!key.startsWith("GIT_")) env[key] = value;
  const child = spawn("git", ["-c", `core.hooksPath=${devNull}`, "-c", "core.autocrlf=false", ...args], {
    cwd: options.cwd,
    env: {
      ...env,
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_SYSTEM: devNull,
      GIT_TERMINAL_PROMPT: "0",
      LC_ALL: "C",
      ...options.env,
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", (cause) =>
      reject(new OperatorError("outside", "git could not be started", { remedy: "Install git 2.38 or newer.", cause })),
    );
    child.on("close", (exit) => resolve(exit ?? 128));
  });
  const text = Buffer.concat(out).toString("utf8");
  if (code === 0) return options.keepEnd === true ? text : text.trimEnd();
  throw new OperatorError("outside", `git ${args[0] ?? ""} failed: ${Buffer.concat(err).toString("utf8").trim()}`, {
    where: options.cwd,
    remedy: "Run `network-operator sample reset` to make the sample cluster afresh.",
  });
};
