import { createHash, type Hash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** Type numbers of a pack (git's `gitformat-pack`). */
const TYPES = { commit: 1, tree: 2, blob: 3 } as const;

/** One object and the id that git gives it. */
export interface GitObject {
  readonly type: keyof typeof TYPES;
  readonly id: string;
  readonly bytes: Buffer;
}

/** A repository's ids are SHA-1 or SHA-256, told apart by their length. */
export type Hashing = "sha1" | "sha256";

export const hashingOf = (id: string): Hashing => (id.length === 64 ? "sha256" : "sha1");

const hasher = (hashing: Hashing): Hash => createHash(hashing);

export const gitObject = (type: GitObject["type"], content: string | Buffer, hashing: Hashing): GitObject => {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const id = hasher(hashing).update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
  return { type, id, bytes };
};

/** One name in a folder, as bytes where it is no UTF-8; `mode` in digits, with or without a zero in front. */
export interface TreeRow {
  readonly name: string | Buffer;
  readonly mode: string;
  readonly id: string;
}

const isFolder = ({ mode }: TreeRow): boolean => /^0?40000$/.test(mode);

const bytesOf = (name: TreeRow["name"]): Buffer => (typeof name === "string" ? Buffer.from(name, "utf8") : name);
const SLASH = Buffer.from("/");

/** Git orders names by their bytes, a folder's as if it ended in a slash. */
export const treeObject = (rows: readonly TreeRow[], hashing: Hashing): GitObject => {
  const sorted = rows
    .map((row) => ({ row, key: Buffer.concat([bytesOf(row.name), ...(isFolder(row) ? [SLASH] : [])]) }))
    .sort((a, b) => Buffer.compare(a.key, b.key));
  const parts = sorted.flatMap(({ row }) => [
    Buffer.from(`${row.mode.replace(/^0+/, "")} `, "utf8"),
    bytesOf(row.name),
    Buffer.of(0),
    Buffer.from(row.id, "hex"),
  ]);
  return gitObject("tree", Buffer.concat(parts), hashing);
};

/** Type and size: four bits of the size in the first byte, then seven in each, least significant first. */
const packHeader = ({ type, bytes }: GitObject): Buffer => {
  let rest = Math.floor(bytes.length / 16);
  const header = [(rest > 0 ? 0x80 : 0) | (TYPES[type] << 4) | (bytes.length & 0x0f)];
  while (rest > 0) {
    const next = Math.floor(rest / 128);
    header.push((next > 0 ? 0x80 : 0) | (rest & 0x7f));
    rest = next;
  }
  return Buffer.from(header);
};

/** The objects as `git unpack-objects` reads them: no deltas, closed by the hash of everything before. */
export const packOf = (objects: readonly GitObject[], hashing: Hashing): Buffer => {
  const head = Buffer.alloc(12);
  head.write("PACK", "latin1");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const body = Buffer.concat([head, ...objects.flatMap((object) => [packHeader(object), deflateSync(object.bytes)])]);
  return Buffer.concat([body, hasher(hashing).update(body).digest()]);
};
