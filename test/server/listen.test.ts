import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Hono } from "hono";
import { openServer, signersOf, type Setting } from "../../src/compose.ts";
import { parseConfig } from "../../src/config/load.ts";
import { listen } from "../../src/server/listen.ts";
import { softKey } from "../signoff/authenticator.ts";

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "served-"));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const settingOf = (yaml: string): Setting => ({
  config: parseConfig(yaml, "network-operator.yaml"),
  state,
  progress: { step: () => {}, clear: () => {} },
});

describe("where serve listens", () => {
  it.each([
    ["every address of this machine", "server: { host: 0.0.0.0 }"],
    ["every address, in the other spelling", 'server: { host: "::" }'],
    ["one that only looks like loopback", "server: { host: 127.0.0.1.example.com }"],
    ["beyond it under a plain name", "server: { host: 0.0.0.0 }\nsignoff: { publicUrl: http://localhost:8787 }"],
  ])("not on %s without a public https address, and nothing is opened", async (_, yaml) => {
    await expect(openServer(settingOf(yaml))).rejects.toMatchObject({
      kind: "input",
      message: expect.stringContaining("refusing to listen") as unknown,
    });
    expect(existsSync(join(state, "world"))).toBe(false);
  });

  it.each(["http://netpol.example.com", "https://10.0.0.1", "ftp://netpol.example.com"])(
    "a public address on which no passkey works is no public address: %s",
    (url) => {
      expect(() => settingOf(`signoff: { publicUrl: "${url}" }`)).toThrow("passkeys work on https");
    },
  );

  it("a port that is taken is said in one line", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => other.once("listening", done));
    const { port } = other.address() as AddressInfo;
    await expect(listen(new Hono(), { host: "127.0.0.1", port })).rejects.toMatchObject({
      message: expect.stringContaining("something listens there already") as unknown,
    });
    other.close();
  });
});

describe("the file of those who may sign", () => {
  it("lies in the sample's state folder, and beside one's own configuration otherwise", () => {
    expect(signersOf(settingOf("")).file).toBe(join(state, "passkeys.yaml"));
    expect(signersOf(settingOf("repository: { path: /home/me/ops }")).file).toBe("passkeys.yaml");
    expect(signersOf(settingOf("signoff: { keys: /etc/signers.yaml }")).file).toBe("/etc/signers.yaml");
  });

  it("loses nothing to two changes at once", async () => {
    const signers = signersOf(settingOf(""));
    const [alice, bob] = [softKey("alice").enrolled, softKey("bob").enrolled];
    await Promise.all([alice, bob].map((key) => signers.change((keys) => [...keys, key])));
    expect((await signers.keys()).map(({ name }) => name).sort()).toEqual(["alice", "bob"]);
    expect(readFileSync(signers.file, "utf8")).toContain("whoever can write it can appoint signers");
  });
});
