import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { JsonPlusSerializer, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { BarrierError } from "../facts/barrier.ts";
import { canonical, isRecord } from "../facts/json.ts";

const MAC = "$mac";
const SEALED = "$aes";
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Metadata has to stay readable: the savers query it, and Postgres parses it as JSON. It is signed instead. */
const isMetadata = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && "source" in value && "step" in value && "parents" in value && !("channel_values" in value);

const tampered = (why: string): BarrierError =>
  new BarrierError("L4/tampered", `a checkpoint was changed outside this program: ${why}`, {
    where: "checkpoints",
    remedy: "Ask on a new thread. Nothing that was stored here is believed; find out who writes to the store.",
  });

/**
 * AES-256-GCM over LangGraph's own serializer, in the one form that both savers pass through unharmed: `["json", text]`.
 * A row that was edited fails authentication, one that was never sealed is refused. It does not tell an older honest row
 * from the newest; the effect that looks first, and the records outside, do.
 */
export class SealedSerializer implements SerializerProtocol {
  readonly #inner = new JsonPlusSerializer();
  readonly #key: Buffer;
  readonly #macKey: Buffer;
  readonly #metadata = new WeakSet();

  /** @param secret any text of at least 256 bits of entropy */
  constructor(secret: string) {
    this.#key = createHash("sha256").update(`checkpoints\0${secret}`).digest();
    this.#macKey = createHash("sha256").update(`checkpoint-metadata\0${secret}`).digest();
  }

  /** Whether a loaded value came from signed metadata, which may stand nowhere else. */
  isMetadata(value: unknown): boolean {
    return typeof value === "object" && value !== null && this.#metadata.has(value);
  }

  async dumpsTyped(data: unknown): Promise<[string, Uint8Array]> {
    if (isMetadata(data)) {
      const plain = JSON.parse(JSON.stringify(data)) as Record<string, unknown>;
      return ["json", Buffer.from(JSON.stringify({ ...plain, [MAC]: this.#sign(plain) }))];
    }
    const [type, bytes] = await this.#inner.dumpsTyped(data);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv);
    cipher.setAAD(Buffer.from(type));
    const sealed = Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    return ["json", Buffer.from(JSON.stringify({ [SEALED]: sealed.toString("base64"), t: type }))];
  }

  async loadsTyped(_type: string, data: Uint8Array | string): Promise<unknown> {
    const parsed = this.#parse(data);
    const sealed = parsed[SEALED];
    const type = parsed["t"];
    if (typeof sealed === "string" && typeof type === "string")
      return this.#inner.loadsTyped(type, this.#open(sealed, type));
    const { [MAC]: mac, ...metadata } = parsed;
    if (typeof mac !== "string" || !isMetadata(metadata))
      throw new BarrierError("L4/unsealed", "a checkpoint holds a value that was never sealed", {
        where: "checkpoints",
        remedy: "Ask on a new thread; find out who writes to the store.",
      });
    const right = Buffer.from(this.#sign(metadata));
    const given = Buffer.from(mac);
    if (right.length !== given.length || !timingSafeEqual(right, given)) throw tampered("its metadata does not verify");
    this.#metadata.add(metadata);
    return metadata;
  }

  #parse(data: Uint8Array | string): Record<string, unknown> {
    try {
      const text = typeof data === "string" ? data : Buffer.from(data).toString("utf8");
      const parsed: unknown = JSON.parse(text);
      if (isRecord(parsed)) return parsed;
    } catch {
      throw tampered("it is no JSON");
    }
    throw tampered("it is no object");
  }

  #open(sealed: string, type: string): Uint8Array {
    const bytes = Buffer.from(sealed, "base64");
    if (bytes.length < IV_BYTES + TAG_BYTES) throw tampered("it is cut short");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAAD(Buffer.from(type));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw tampered("it fails authentication, or the key is another");
    }
  }

  #sign(metadata: Record<string, unknown>): string {
    return createHmac("sha256", this.#macKey).update(canonical(metadata)).digest("base64");
  }
}
