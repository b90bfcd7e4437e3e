import { Command } from "commander";
import type { Check } from "../doctor/check.ts";
import { common, faceOf } from "../face.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0];

const MARK = new Map<boolean | null, string>([
  [true, "✓"],
  [false, "✗"],
  [null, "·"],
]);

const line = ({ name, ok, said, remedy }: Check): string =>
  `${MARK.get(ok) ?? "·"} ${name.padEnd(16)} ${printable(said)}${remedy === null ? "" : `\n  ${" ".repeat(16)} → ${printable(remedy)}`}`;

/** Every connection, right and rule that the agent relies on. */
export const doctorCommand = (): Command =>
  common(new Command("doctor").description("check every connection, right and rule it relies on")).action(
    async (options: Options) => {
      const face = faceOf(options);
      const [
        { openDoctor, signersOf },
        { machineChecks },
        { forgeChecks },
        { relayChecks },
        { clusterChecks, repositoryChecks },
        { signerChecks },
      ] = await Promise.all([
        import("../../compose.ts"),
        import("../doctor/machine.ts"),
        import("../doctor/forge.ts"),
        import("../doctor/relay.ts"),
        import("../doctor/places.ts"),
        import("../doctor/signers.ts"),
      ]);
      const checks: Check[] = [...(await machineChecks(face.state))];
      const doctor = await openDoctor(face);
      try {
        for (const [what, check] of [
          ["repository", () => repositoryChecks(doctor.place)],
          ["Hubble Relay", () => relayChecks(doctor.relay)],
          ["cluster", () => clusterChecks(doctor.cluster, doctor.hasRollback)],
          ["forge", () => forgeChecks(face)],
          ["sign-off", () => signerChecks(signersOf(face))],
        ] as const) {
          face.progress.step(`checking ${what}`);
          checks.push(...(await check()));
        }
      } finally {
        await doctor.dispose();
      }
      face.progress.clear();
      face.answer({ version: 1, checks }, () => checks.map(line).join("\n"));
      if (checks.some((check) => check.ok === false)) process.exitCode = 1;
    },
  );
