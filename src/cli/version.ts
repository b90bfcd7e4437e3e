import { readFileSync } from "node:fs";

/** This program's version, as its package says it. */
export const packageVersion = (): string => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
};
