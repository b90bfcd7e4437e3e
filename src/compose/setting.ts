import { mkdirSync } from "node:fs";
import { OperatorError } from "../facts/errors.ts";
import type { Config } from "../config/schema.ts";

/** What a face hands over: where to keep things, what is configured, and where to say how far one is. */
export interface Setting {
  readonly config: Config;
  readonly state: string;
  readonly progress: { step(what: string, done?: number, total?: number): void; clear(): void };
}

/** Nothing of one's own is configured: the bundled sample cluster it is. */
export const isSample = ({ repository, forge }: Config): boolean => repository.path === null && forge.kind === "local";

export const makeStateFolder = (state: string): void => {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError("input", "the state folder cannot be made", {
      where: state,
      remedy: "Name one that can be written with --state.",
      cause,
    });
  }
};
