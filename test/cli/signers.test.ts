import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signerChecks } from "../../src/cli/doctor/signers.ts";
import { readKeys } from "../../src/rollout/attestations.ts";
import { printKeys, type EnrolledKey } from "../../src/signoff/keys.ts";
import { softKey } from "../signoff/authenticator.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "signers-"));
  file = join(dir, "passkeys.yaml");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const check = () => signerChecks({ file, keys: () => readKeys(file) });
const write = (keys: readonly EnrolledKey[], mode = 0o644): void => {
  writeFileSync(file, printKeys(keys));
  chmodSync(file, mode);
};

describe("doctor, of who may sign off", () => {
  it("names them, and says how the first one is enrolled", async () => {
    expect(await check()).toMatchObject([{ ok: null, remedy: expect.stringContaining("passkey enroll") as unknown }]);
    write([softKey("alice").enrolled]);
    expect(await check()).toMatchObject([{ ok: true, said: expect.stringContaining("alice may sign off") as unknown }]);
  });

  it("counts no revoked key", async () => {
    write([{ ...softKey("alice").enrolled, revokedAt: "2026-05-19T00:00:00Z" }]);
    expect(await check()).toMatchObject([{ ok: null }]);
  });

  it("refuses a file that others can write, and one that does not read", async () => {
    write([softKey("alice").enrolled], 0o664);
    expect(await check()).toMatchObject([{ ok: false, said: expect.stringContaining("appoint signers") as unknown }]);
    writeFileSync(file, "version: 1\nkeys: [{id: a}]\n");
    expect(await check()).toMatchObject([{ ok: false, said: expect.stringContaining("broken") as unknown }]);
  });
});
