import { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tick } from "../../compose.ts";
import type { Answer } from "../../graph/answer.ts";
import { OperatorError } from "../../facts/errors.ts";
import { common, faceOf, numberFlag, type Face } from "../face.ts";
import { dropLines, printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { watch?: boolean; every: number };

/** What a person reads of one tick: drops first, because they cannot wait. */
const said = ({ answers, checks, drops }: Tick): string => {
  const lines = [
    ...drops.flatMap((notice) => [
      ...dropLines(notice),
      ...(notice.proposal === null ? [] : [`  rollback: ${about(notice.proposal)}`]),
    ]),
    ...answers.map((answer) => `${answer.namespace ?? "-"}: ${about(answer)}`),
    ...checks.map(({ number, branch, state, summary }) => `#${number} ${branch}: check ${state}, ${summary}`),
  ];
  return lines.length === 0 ? "Nothing to propose: every rollout waits." : lines.map(printable).join("\n");
};

const about = ({ outcome, waitingFor }: Answer): string =>
  `${outcome}${waitingFor === null ? "" : `, waits for ${waitingFor.what}: ${waitingFor.detail}`}`;

/** 1: an answer is no, or something is dropped; 3: something could not be reached. */
const exitOf = ({ answers, drops, failures }: Tick): number =>
  Math.max(
    0,
    ...failures.map(({ exit }) => exit),
    drops.length > 0 || answers.some(({ outcome }) => outcome === "refused") ? 1 : 0,
  );

const tick = async (face: Face, settled: Set<string>): Promise<number> => {
  const { openAgent } = await import("../../compose.ts");
  const agent = await openAgent(face);
  try {
    const done = await agent.tick(settled);
    face.progress.clear();
    face.answer(done, () => said(done));
    for (const { what, why } of done.failures) face.note(`${what}: ${printable(why)}`);
    return exitOf(done);
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
      const settled = new Set<string>();
      if (options.watch !== true) {
        process.exitCode = await tick(face, settled);
        return;
      }
      for (;;) {
        try {
          await tick(face, settled);
        } catch (error) {
          // What cannot be reached now may be there at the next tick.
          if (!(error instanceof OperatorError) || error.kind === "input") throw error;
          face.note(error.line);
        }
        await sleep(options.every * 1000);
      }
    });
