import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { temporaryFolder } from "./temporary.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder of this run, for what several test files need and one of them makes (`once.ts`). */
    readonly sharedFolder: string;
  }
}

export default (project: TestProject): (() => void) => {
  const folder = temporaryFolder();
  // Workers start after this and inherit it, and so does whatever they start.
  process.env["TMPDIR"] = folder;
  const shared = join(folder, "shared");
  mkdirSync(shared);
  project.provide("sharedFolder", shared);
  return () => rmSync(folder, { recursive: true, force: true });
};
