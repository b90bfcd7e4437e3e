import { Command } from "commander";
import { iso } from "../../facts/clock.ts";
import type { Sample } from "../../compose.ts";
import { parseTurn } from "../../facts/duration.ts";
import { OperatorError } from "../../facts/errors.ts";
import { common, faceOf, type Face } from "../face.ts";
import { duration, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0];

const TIME_OF_DAY = /^(\d{1,3})(?::([0-5]\d))?$/;

/** `NODE=FROM..TO` in hours (or hours:minutes) after the turn begins. */
export const parseHole = (text: string): { readonly node: string; readonly from: number; readonly to: number } => {
  const match = /^([a-z0-9.-]+)=([^.]+)\.\.(.+)$/.exec(text);
  const at = (part: string | undefined): number | null => {
    const time = TIME_OF_DAY.exec((part ?? "").replace(/h$/, ""));
    return time === null ? null : Number(time[1]) * 3_600_000 + Number(time[2] ?? 0) * 60_000;
  };
  const from = at(match?.[2]);
  const to = at(match?.[3]);
  if (match?.[1] !== undefined && from !== null && to !== null && from < to) return { node: match[1], from, to };
  throw new OperatorError("input", `${JSON.stringify(text)} is no hole`, {
    remedy: "Write NODE=FROM..TO in hours after the turn begins, e.g. --hole node-2=3h..10h.",
  });
};

const withSample = async (options: Options, use: (sample: Sample, face: Face) => Promise<void>): Promise<void> => {
  const face = faceOf(options);
  const { openSample } = await import("../../compose.ts");
  const sample = await openSample(face);
  try {
    await use(sample, face);
  } finally {
    face.progress.clear();
    await sample.dispose();
  }
};

/** The sample cluster: its clock stands still unless turned here. */
export const sampleCommand = (): Command => {
  const sample = new Command("sample").description(
    "the sample cluster: turn its clock, log in as a user, restart a pod",
  );
  common(sample.command("status").description("the clock, the actions taken, and what the cluster has applied")).action(
    (options: Options) =>
      withSample(options, async (world, face) => {
        const status = await world.status();
        face.answer({ version: 1, ...status, clock: iso(status.clock), start: iso(status.start) }, () =>
          [
            `clock    ${iso(status.clock)}`,
            `main     ${status.head.slice(0, 12)}, fetched ${status.fetched?.slice(0, 12) ?? "nothing yet"}`,
            `pods     ${status.pods}, actions ${status.actions}`,
            "",
            table(
              status.kustomizations.map((k) => [
                k.id,
                k.suspended ? "suspended" : k.ready === true ? "ready" : "not ready",
                k.applied?.slice(0, 12) ?? "-",
                k.ready === true ? "" : k.message,
              ]),
              ["kustomization", "", "applied", ""],
            ),
          ].join("\n"),
        );
      }),
  );
  common(sample.command("clock <turn>").description("play time, with the collector attached: +24h, +7d"))
    .option(
      "--hole <node=from..to>",
      "the collector loses this node meanwhile (hours after the turn begins)",
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .action((turn: string, options: Options & { hole: readonly string[] }) => {
      // Read before the sample is opened: a mistake must not cost a day of played time.
      const span = parseTurn(turn);
      const holes = options.hole.map(parseHole);
      return withSample(options, async (world, face) => {
        const done = await world.turn(span, holes);
        face.answer(
          { version: 1, ...done },
          () => `The clock is at ${done.clock}: ${duration(span)} played, ${done.flows} flows read.`,
        );
      });
    });
  common(
    sample.command("do <action...>").description("something a person or the cluster does: login APP, restart NS/POD …"),
  ).action((words: readonly string[], options: Options) =>
    withSample(options, async (world, face) => {
      const done = await world.do(words.join(" "));
      const { outcome } = done;
      const got =
        outcome === null
          ? ""
          : outcome.through
            ? " The person got through."
            : ` The person did not get through: ${outcome.stoppedAt ?? "something"} was dropped.`;
      face.answer({ version: 1, ...done, time: iso(done.time) }, () => `${done.words}, at ${iso(done.time)}.${got}`);
    }),
  );
  common(sample.command("reset").description("throw the sample away and make it anew on next use")).action(
    async (options: Options) => {
      const face = faceOf(options);
      const { resetSample } = await import("../../compose.ts");
      const gone = await resetSample(face);
      face.answer({ version: 1, removed: gone }, () => (gone ? `Removed ${face.state}.` : "There was no sample here."));
    },
  );
  return sample;
};
