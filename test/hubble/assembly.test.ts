import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

it("ships the module that its source compiles to", { timeout: 120_000 }, async () => {
  const { assemble } = (await import(resolve(root, ".ci/assemble.mjs"))) as {
    readonly assemble: () => Promise<Uint8Array>;
  };
  const shipped = readFileSync(resolve(root, "src/hubble/scan.wasm"));
  expect(shipped.equals(await assemble()), "run npm run assemble").toBe(true);
});
