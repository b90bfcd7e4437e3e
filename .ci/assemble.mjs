// Compiles src/hubble/assembly to src/hubble/scan.wasm. `node .ci/assemble.mjs` after every change of the former; a test
// holds the two together.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import asc from "assemblyscript/asc";

const root = resolve(import.meta.dirname, "..");

/** @returns the module's bytes */
export const assemble = async () => {
  let bytes = new Uint8Array(0);
  const { error, stderr } = await asc.main(
    [
      "src/hubble/assembly/index.ts",
      ...["--baseDir", root, "--outFile", "scan.wasm"],
      // No objects, so no collector; addresses are laid out by hand (layout.ts).
      ...["--runtime", "stub", "--use", "abort=", "--noAssert", "--initialMemory", "368", "--maximumMemory", "368"],
      ...["-O3", "--enable", "simd"],
    ],
    { writeFile: (_, contents) => (bytes = contents) },
  );
  if (error !== null) throw new Error(`${stderr}`, { cause: error });
  return bytes;
};

if (import.meta.filename === process.argv[1]) writeFileSync(resolve(root, "src/hubble/scan.wasm"), await assemble());
