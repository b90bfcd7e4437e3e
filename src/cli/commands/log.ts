import { Command } from "commander";
import { iso } from "../../facts/clock.ts";
import type { LedgerEntry } from "../../facts/ports.ts";
import { common, faceOf, numberFlag } from "../face.ts";
import { printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { namespace?: string; last?: number };

const summary = (entry: LedgerEntry): string => {
  const shown = Object.entries(entry.body)
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ");
  return printable(shown).slice(0, 160);
};

/** The one record of everything asked, judged and done; shown and verified in one go. */
export const logCommand = (): Command =>
  common(new Command("log").description("the ledger, shown and verified"))
    .option("--namespace <ns>", "only entries about this namespace")
    .option("--last <n>", "only the newest n", numberFlag("--last", 1))
    .action(async (options: Options) => {
      const face = faceOf(options);
      const { openPlace } = await import("../../compose.ts");
      const place = await openPlace(face);
      try {
        const state = place.ledger.verify();
        const entries = place.ledger.entries({
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
          ...(options.last === undefined ? {} : { last: options.last }),
        });
        const verdict = state.whole
          ? `${state.entries} entries, the chain holds (head ${state.head.slice(0, 16)})`
          : `${state.entries} entries, broken at line ${state.at}: ${state.why}`;
        face.answer({ version: 1, whole: state.whole, state, entries }, () =>
          [table(entries.map((e) => [String(e.seq), iso(e.time), e.kind, e.namespace ?? "-", summary(e)])), verdict]
            .filter((line) => line !== "")
            .join("\n"),
        );
        if (!state.whole) process.exitCode = 1;
      } finally {
        await place.dispose();
      }
    });
