import { parseDocument, stringify } from "yaml";
import { z } from "zod";
import { OperatorError } from "../facts/errors.ts";

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/, "base64url");

const key = z.strictObject({
  id: base64url,
  name: z.string().min(1).max(80),
  publicKey: base64url,
  enrolledAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable().default(null),
});

const file = z.strictObject({ version: z.literal(1), keys: z.array(key).default([]) });

/** A passkey's public half: it may sign off while `revokedAt` is null. */
export type EnrolledKey = z.infer<typeof key>;

const HEAD = `# Who may sign off: public keys of passkeys. Keep this file where changes to it are reviewed;
# whoever can write it can appoint signers. \`network-operator passkey enroll\` adds one, \`revoke\` marks one.
`;

export const parseKeys = (text: string, where: string): readonly EnrolledKey[] => {
  const document = parseDocument(text, { uniqueKeys: true });
  const broken = document.errors[0];
  const result = broken === undefined ? file.safeParse(document.toJS() ?? { version: 1 }) : null;
  if (result?.success === true) return result.data.keys;
  const issue = result?.error.issues[0];
  const what = broken?.message.split("\n")[0] ?? `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`;
  throw new OperatorError("input", `the file of enrolled keys is broken (${what})`, {
    where,
    remedy: "Mend it from its history; nobody can sign off until it reads.",
  });
};

export const printKeys = (keys: readonly EnrolledKey[]): string => HEAD + stringify({ version: 1, keys });

export const keyById = (keys: readonly EnrolledKey[], id: string): EnrolledKey | null =>
  keys.find((k) => k.id === id) ?? null;
