import { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { common, faceOf, numberFlag, type Face } from "../face.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { watch?: boolean; every: number };

const tick = async (face: Face): Promise<boolean> => {
  const { openAgent } = await import("../../compose.ts");
  const agent = await openAgent(face);
  try {
    const done = await agent.tick();
    face.progress.clear();
    face.answer(done, () =>
      done.answers.length === 0
        ? "Nothing to propose: every rollout waits."
        : done.answers
            .map(
              (a) =>
                `${a.namespace ?? "-"}: ${a.outcome}${a.waitingFor === null ? "" : `, waits for ${a.waitingFor.what}: ${printable(a.waitingFor.detail)}`}`,
            )
            .join("\n"),
    );
    return done.answers.every((a) => a.outcome !== "refused");
  } finally {
    await agent.dispose();
  }
};

/** One tick of the campaign, or keep going. */
export const runCommand = (): Command =>
  common(new Command("run").description("one tick of the campaign; --watch keeps going"))
    .option("--watch", "keep going until interrupted")
    .option("--every <seconds>", "seconds between ticks", numberFlag("--every", 1), 300)
    .action(async (options: Options) => {
      const face = faceOf(options);
      if (options.watch !== true) {
        if (!(await tick(face))) process.exitCode = 1;
        return;
      }
      for (;;) {
        await tick(face);
        await sleep(options.every * 1000);
      }
    });
