import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { secretFile } from "../../src/store/secret.ts";

const dir = mkdtempSync(join(tmpdir(), "secret-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("a secret of the state folder", () => {
  it("is made once, for its owner alone", () => {
    const path = join(dir, "keys", "token");
    const first = secretFile(path);
    expect(secretFile(path)).toBe(first);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(Buffer.from(first, "base64url")).toHaveLength(32);
  });

  it("that others can read is refused with the way out", () => {
    const path = join(dir, "open");
    secretFile(path);
    chmodSync(path, 0o644);
    expect(() => secretFile(path)).toThrow("can be read by others");
  });

  it("that is damaged is no secret", () => {
    const path = join(dir, "short");
    writeFileSync(path, "short\n", { mode: 0o600 });
    expect(() => secretFile(path)).toThrow("damaged");
  });
});
