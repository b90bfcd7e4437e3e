import { defineConfig } from "vitest/config";
import LongestFirst from "./test/house/longest-first.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["./test/house/shared-folder.ts"],
    // Nearly all of a test file's time is our own imports; leaf modules share them (a tenfold difference).
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // The default leaves a core idle on a machine of two.
    maxWorkers: 2,
    reporters: ["default", "./test/house/closing-line.ts"],
    // A guard against hanging, not a measure: a busy machine is no defect.
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
