import { z } from "zod";
import { openPlace } from "../src/compose.ts";
import type { HonestRollout } from "./incident.ts";
import type { Scenes } from "./scenes.ts";

const doorSchema = z.object({
  lane: z.string(),
  open: z.literal(true),
  decisions: z.array(z.object({ gate: z.string(), pass: z.literal(true) })),
});

/** Which gates let an honest rollout through, by lane: from the ledger, where a door opened and said by whose word. */
export const passagesOf = (scenes: Scenes, rollout: HonestRollout): Promise<ReadonlyMap<string, ReadonlySet<string>>> =>
  scenes.with(rollout, async (setting) => {
    const place = await openPlace(setting);
    try {
      const passages = new Map<string, Set<string>>();
      for (const entry of place.ledger.entries()) {
        const door = entry.kind === "door" ? doorSchema.safeParse(entry.body) : null;
        if (door?.success !== true) continue;
        const gates = passages.get(door.data.lane) ?? new Set();
        for (const { gate } of door.data.decisions) gates.add(gate);
        passages.set(door.data.lane, gates);
      }
      return passages;
    } finally {
      await place.dispose();
    }
  });
