import { existsSync, statSync } from "node:fs";
import type { EnrolledKey } from "../../signoff/keys.ts";
import { attempt, bad, good, open, type Check } from "./check.ts";

const ENROLL = "network-operator passkey enroll --name YOU";

/** Whoever can write the file of public keys can appoint signers. */
export const signerChecks = (signers: {
  readonly file: string;
  keys(): Promise<readonly EnrolledKey[]>;
}): Promise<readonly Check[]> =>
  attempt("sign-off", async () => {
    const { file } = signers;
    const valid = (await signers.keys()).filter(({ revokedAt }) => revokedAt === null);
    if (valid.length === 0) return open("sign-off", `nobody may sign off: ${file} names no valid key`, ENROLL);
    if (existsSync(file) && (statSync(file).mode & 0o022) !== 0)
      return bad(
        "sign-off",
        `others can write ${file}, and so appoint signers`,
        `chmod go-w ${file}, and read its history.`,
      );
    return good("sign-off", `${valid.map(({ name }) => name).join(", ")} may sign off (${file})`);
  });
