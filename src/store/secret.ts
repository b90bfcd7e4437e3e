import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { OperatorError } from "../facts/errors.ts";

/** Readable by others is readable by everything that runs here: refused, not repaired in silence. */
const assertPrivate = (path: string): void => {
  if ((statSync(path).mode & 0o077) === 0) return;
  throw new OperatorError("input", "this secret can be read by others", {
    where: path,
    remedy: `Make it yours alone (chmod 600), or delete it to have a new one made.`,
  });
};

/**
 * A secret of 256 bits in a file of mode 0600, made on first use. Two processes that make it at once end with one: the
 * loser reads the winner's.
 */
export const secretFile = (path: string): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) {
    try {
      const file = openSync(path, "wx", 0o600);
      writeSync(file, `${randomBytes(32).toString("base64url")}\n`);
      closeSync(file);
      chmodSync(path, 0o600);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
  assertPrivate(path);
  const text = readFileSync(path, "utf8").trim();
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return text;
  throw new OperatorError("input", "this secret is damaged", {
    where: path,
    remedy: "Delete the file to have a new one made.",
  });
};
