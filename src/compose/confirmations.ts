import { join } from "node:path";
import type { Setting } from "./setting.ts";

/** Rows in one file, the key that seals them in another. */
export const confirmationsOf = (
  { state }: Setting,
  secretFile: (path: string) => string,
): readonly [path: string, key: string] => [
  join(state, "confirmations.sqlite"),
  secretFile(join(state, "keys", "confirmations")),
];
