import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import type { Answer } from "../../src/graph/answer.ts";
import { openRepository } from "../../src/git/plumbing.ts";
import { once } from "../house/once.ts";

export const BIN = resolve(import.meta.dirname, "../../src/cli/network-operator.js");

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a person types it, in a process of its own. */
export const run = (args: readonly string[], options: { input?: string; cwd?: string } = {}): Promise<Said> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [BIN, ...args],
      { cwd: options.cwd ?? tmpdir(), maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 128;
        done({ code, stdout, stderr });
      },
    );
    child.stdin?.end(options.input ?? "");
  });

/** A state folder and the commands over it. */
export interface Desk {
  readonly state: string;
  run(...args: readonly string[]): Promise<Said>;
  ask(words: string): Promise<Answer>;
  /** One conversation, an answer for each line. */
  chat(lines: readonly string[]): Promise<readonly Answer[]>;
  /** Branches of the remote. */
  branches(): Promise<readonly string[]>;
  /** The same desk, somewhere else. */
  copy(): Desk;
  dispose(): void;
}

const deskAt = (state: string): Desk => {
  // Where its own configuration is, if it has one.
  const command = (...args: readonly string[]): Promise<Said> => run([...args, "--state", state], { cwd: state });
  return {
    state,
    run: command,
    ask: async (words) => {
      const { stdout, stderr } = await command("ask", words, "--format", "json");
      if (stdout === "") throw new Error(`no answer to ${words}: ${stderr}`);
      return JSON.parse(stdout) as Answer;
    },
    chat: async (lines) => {
      const { stdout } = await run(["chat", "--format", "json", "--state", state], { input: `${lines.join("\n")}\n` });
      return stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Answer);
    },
    branches: async () => {
      const refs = await openRepository(join(state, "remote.git")).refs();
      return [...refs.keys()].map((ref) => ref.replace("refs/heads/", "")).filter((name) => name !== "main");
    },
    copy: () => {
      const other = mkdtempSync(join(tmpdir(), "desk-"));
      cpSync(state, other, { recursive: true });
      return deskAt(other);
    },
    dispose: () => rmSync(state, { recursive: true, force: true }),
  };
};

export const newDesk = (): Desk => deskAt(mkdtempSync(join(tmpdir(), "desk-")));

/** A copy of the desk as a stranger finds it after the first pull request, for `selfhosted`. */
export const proposedDesk = async (): Promise<Desk> =>
  deskAt(
    await once("proposed", async (folder) => {
      const answer = await deskAt(folder).ask("lock down selfhosted");
      expect(answer).toMatchObject({ outcome: "pull-request", namespace: "selfhosted", stage: "allows-proposed" });
      expect(answer.pullRequest).toMatchObject({ number: 1, branch: "netpol/selfhosted" });
    }),
  ).copy();
