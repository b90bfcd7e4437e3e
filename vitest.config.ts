import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["./test/house/shared-folder.ts"],
    // Nearly all of a test file's time is our own imports; leaf modules share them (a tenfold difference).
    isolate: false,
    // The default leaves a core idle on a machine of two.
    maxWorkers: 2,
    reporters: ["default", "./test/house/closing-line.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
