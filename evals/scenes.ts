import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAgent, rehearsalsIn, type Setting } from "../src/compose.ts";
import { configSchema } from "../src/config/schema.ts";
import type { Prepared, Step } from "./incident.ts";
import { carryOut } from "./steps.ts";

/** Where folders are kept that cost seconds to make: each is made once, by name. */
export type Shelf = (name: string, make: (folder: string) => Promise<void>) => Promise<string>;

export interface Progress {
  step(what: string, done?: number, total?: number): void;
  clear(): void;
}

/** State folders of the sample in which some steps were carried out. What several have in common happens once. */
export interface Scenes {
  /** A copy of one's own; gone when the work is done. */
  with<T>(prepared: Prepared, work: (setting: Setting) => Promise<T>): Promise<T>;
}

/** Everything that a scene depends on; the configuration only once the agent was asked for something. */
const keyOf = ({ folder, config, steps }: Prepared): string => {
  const files = JSON.stringify(steps).matchAll(/"file":"([^"]+)"/g);
  const asked = steps.some((step) => !("turn" in step || "do" in step || "commit" in step || "open" in step));
  const parts = [
    asked ? config : {},
    steps,
    [...files].map(([, file]) => readFileSync(join(folder, file ?? ""), "utf8")),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
};

export const settingOf = (state: string, config: Prepared["config"], progress: Progress): Setting => ({
  state,
  config: configSchema.parse(config),
  progress,
});

/**
 * The lock that most incidents would propose, as the agent draws it: rehearsed once, where every scene begins, instead of
 * in each copy of it. Were it another one day, each would do it for itself.
 */
const USUAL = {
  namespace: "selfhosted",
  owner: { id: "selfhosted/selfhosted-default-deny", alone: true },
  object: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "default-deny", namespace: "selfhosted" },
    spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
  },
} as const;

export const openScenes = (shelf: Shelf, progress: Progress): Scenes => {
  const at = async (prepared: Prepared): Promise<string> => {
    const last: Step | undefined = prepared.steps.at(-1);
    if (last === undefined)
      return shelf("first-day", async (folder) => {
        const setting = settingOf(folder, {}, progress);
        await (await openAgent(setting)).dispose();
        const rehearsals = rehearsalsIn(setting);
        await rehearsals.play(USUAL);
        rehearsals.dispose();
      });
    const before = await at({ ...prepared, steps: prepared.steps.slice(0, -1) });
    return shelf(`scene-${keyOf(prepared)}`, async (folder) => {
      cpSync(before, folder, { recursive: true });
      await carryOut(prepared, last, settingOf(folder, prepared.config, progress));
    });
  };
  return {
    with: async (prepared, work) => {
      const scene = await at(prepared);
      const state = mkdtempSync(join(tmpdir(), "network-operator-eval-"));
      try {
        cpSync(scene, state, { recursive: true });
        return await work(settingOf(state, prepared.config, progress));
      } finally {
        rmSync(state, { recursive: true, force: true });
      }
    },
  };
};
