import { Command } from "commander";
import { OperatorError } from "../../facts/errors.ts";
import { common, faceOf } from "../face.ts";
import { printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { name?: string };

/** Who may sign off. Enrolling needs the operator's own terminal; the key itself never leaves the person's device. */
export const passkeyCommand = (): Command => {
  const passkey = new Command("passkey").description("who may sign off: enroll, list, revoke");
  common(passkey.command("enroll").description("a one-time code for the enrolment page, ten minutes long"))
    .requiredOption("--name <person>", "whose passkey it will be")
    .action(async (options: Options & { name: string }) => {
      const face = faceOf(options);
      const { openSignOffDesk } = await import("../../compose.ts");
      const desk = await openSignOffDesk(face);
      try {
        const code = desk.newCode(options.name);
        const url = `${desk.party.origin}/enrol`;
        face.answer({ version: 1, code, url, name: options.name }, () =>
          [
            `Code for ${printable(options.name)}: ${code}`,
            `It works once, for ten minutes, at ${url} (network-operator serve).`,
          ].join("\n"),
        );
      } finally {
        await desk.dispose();
      }
    });
  common(passkey.command("list").description("enrolled passkeys")).action(async (options: Options) => {
    const face = faceOf(options);
    const { signersOf } = await import("../../compose.ts");
    const keys = await signersOf(face).keys();
    face.answer({ version: 1, keys }, () =>
      keys.length === 0
        ? "Nobody is enrolled: network-operator passkey enroll --name YOU"
        : table(
            keys.map((key) => [
              printable(key.name),
              key.id.slice(0, 16),
              key.enrolledAt,
              key.revokedAt === null ? "" : `revoked ${key.revokedAt}`,
            ]),
          ),
    );
  });
  common(passkey.command("revoke <id>").description("a passkey signs nothing any more, from this second on")).action(
    async (id: string, options: Options) => {
      const face = faceOf(options);
      const { signersOf } = await import("../../compose.ts");
      const signers = signersOf(face);
      const keys = await signers.keys();
      const hit = keys.filter((key) => key.id.startsWith(id));
      const [key] = hit;
      if (key === undefined || hit.length > 1)
        throw new OperatorError("input", hit.length > 1 ? "several keys begin like that" : "there is no such key", {
          where: signers.file,
          remedy: "`network-operator passkey list` names them.",
        });
      const revokedAt = key.revokedAt ?? new Date().toISOString();
      await signers.change((all) => all.map((one) => (one.id === key.id ? { ...one, revokedAt } : one)));
      face.answer(
        { version: 1, revoked: key.id, revokedAt },
        () =>
          `${printable(key.name)}'s passkey signs nothing since ${revokedAt}. What it signed before counts no more: ` +
          "the namespaces ask for a sign-off again.",
      );
    },
  );
  return passkey;
};
