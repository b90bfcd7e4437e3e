import { existsSync } from "node:fs";
import { OperatorError } from "../facts/errors.ts";
import { openRepository, type GitRepository } from "./plumbing.ts";
import { git, tryGit } from "./run.ts";

/** Only what git itself fetches without a helper program; `ext::` and the like run commands. */
const FETCHABLE = /^(https?|ssh|git|file):\/\/|^[\w.-]+@[\w.-]+:/;

/** A bare copy of a repository elsewhere, brought up to date on every call. */
export const mirror = async (url: string, dir: string): Promise<GitRepository> => {
  if (!FETCHABLE.test(url))
    throw new OperatorError("input", "this is no URL that git fetches", {
      where: url,
      remedy: "Use https://, ssh:// or a path on this machine.",
    });
  if (!existsSync(dir)) await git(".", ["init", "--quiet", "--bare", "--", dir]);
  const fetched = await tryGit(dir, [
    "fetch",
    "--quiet",
    "--prune",
    "--no-tags",
    "--end-of-options",
    url,
    "+refs/heads/*:refs/heads/*",
  ]);
  if (fetched.code === 0) return openRepository(dir);
  throw new OperatorError(
    "outside",
    `the repository cannot be fetched (${fetched.stderr.split("\n")[0] ?? "no message"})`,
    {
      where: url.replace(/\/\/[^@/]*@/, "//"),
      remedy: "Check the address and this machine's rights to read it.",
    },
  );
};
