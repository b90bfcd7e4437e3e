import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificates made on the spot, in as much DER as they take: no key lies in the repository. */
const der = (tag: number, ...content: Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};

const sequence = (...content: Uint8Array[]): Buffer => der(0x30, ...content);
const oid = (...bytes: number[]): Buffer => der(0x06, Buffer.from(bytes));
const ECDSA_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = oid(0x55, 0x04, 0x03);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);

const named = (name: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
const time = (date: string): Buffer => der(0x17, Buffer.from(date));
const pem = (kind: string, bytes: Buffer): Buffer =>
  Buffer.from(
    `-----BEGIN ${kind}-----\n${bytes.toString("base64").replaceAll(/(.{64})/g, "$1\n")}\n-----END ${kind}-----\n`,
  );

interface Signed {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const issue = (
  subject: string,
  issuer: string,
  signer: KeyObject,
  publicKey: KeyObject,
  isAuthority: boolean,
): Buffer => {
  const extension = isAuthority
    ? sequence(BASIC_CONSTRAINTS, der(0x01, Buffer.from([0xff])), der(0x04, sequence(der(0x01, Buffer.from([0xff])))))
    : sequence(SUBJECT_ALT_NAME, der(0x04, sequence(der(0x82, Buffer.from(subject)))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    named(issuer),
    sequence(time("200101000000Z"), time("491231235959Z")),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const signature = createSign("sha256").update(body).sign(signer);
  return pem("CERTIFICATE", sequence(body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature)));
};

const pair = (): { privateKey: KeyObject; publicKey: KeyObject } => generateKeyPairSync("ec", { namedCurve: "P-256" });
const keyPem = (key: KeyObject): Buffer => Buffer.from(key.export({ type: "pkcs8", format: "pem" }));

export const certificates = (
  serverName: string,
): { ca: Buffer; server: Signed; client: Signed; files: { ca: string; cert: string; key: string } } => {
  const [authority, server, client] = [pair(), pair(), pair()];
  const ca = issue("Test CA", "Test CA", authority.privateKey, authority.publicKey, true);
  const signed = (name: string, keys: ReturnType<typeof pair>): Signed => ({
    cert: issue(name, "Test CA", authority.privateKey, keys.publicKey, false),
    key: keyPem(keys.privateKey),
  });
  const own = signed("agent", client);
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  const file = (name: string, bytes: Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes, { mode: 0o600 });
    return path;
  };
  return {
    ca,
    server: signed(serverName, server),
    client: own,
    files: { ca: file("ca.pem", ca), cert: file("cert.pem", own.cert), key: file("key.pem", own.key) },
  };
};
