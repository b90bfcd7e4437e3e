import { MINUTE } from "../facts/clock.ts";
import type { FrontDoor } from "../world/front/door.ts";
import type { World } from "../world/world.ts";
import { openEvidence } from "./evidence.ts";
import { playWorld } from "./sample.ts";
import type { Setting } from "./setting.ts";

/**
 * The sample's public names for a person's browser. What is opened there happens in the sample, takes a minute of its
 * time, and is seen by the collector like everything else.
 */
export const openFront = async (setting: Setting, world: World): Promise<FrontDoor> => {
  const [{ openFrontDoor }, evidence] = await Promise.all([import("../world/front/door.ts"), openEvidence(setting)]);
  const door = await openFrontDoor(async (journey) => {
    const { outcome } = await world.do(journey);
    await playWorld(world, evidence, { step: () => {}, clear: () => {} }, MINUTE, []);
    return outcome ?? { through: false, stoppedAt: journey };
  });
  return {
    leadsTo: (url) => door.leadsTo(url),
    close: async () => {
      await door.close();
      await evidence.dispose();
    },
  };
};
