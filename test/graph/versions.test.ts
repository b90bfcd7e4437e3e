import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MemorySaver } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import type { SignOffRequest } from "../../src/facts/attestation.ts";
import { askGraph } from "../../src/graph/ask.ts";
import { SCHEMA_VERSION, State } from "../../src/graph/state.ts";
import { openDesk, sign } from "./desk.ts";
import { THREAD, type Stored } from "./write-fixture.ts";

const FOLDER = join(import.meta.dirname, "fixtures");
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const restore = ({ checkpointId, checkpoint, metadata, parent, writes }: Stored): MemorySaver => {
  const saver = new MemorySaver();
  saver.storage[THREAD] = { "": { [checkpointId]: [bytes(checkpoint), bytes(metadata), parent ?? undefined] } };
  saver.writes[JSON.stringify([THREAD, "", checkpointId])] = Object.fromEntries(
    writes.map(([inner, task, channel, value]) => [inner, [task, channel, bytes(value)]]),
  );
  return saver;
};

const REQUEST: SignOffRequest = {
  id: "request-1",
  namespace: "selfhosted",
  policiesDigest: "0".repeat(64),
  commit: "0".repeat(40),
  urls: [],
  createdAt: 0,
  expiresAt: 10,
};

describe("threads outlive deployments", () => {
  const fixtures = readdirSync(FOLDER).filter((name) => /^paused-v\d+\.json$/.test(name));

  it("has a fixture of every version up to this one", () => {
    expect(fixtures).toEqual(Array.from({ length: SCHEMA_VERSION }, (_, at) => `paused-v${at + 1}.json`));
  });

  it.each(fixtures)("a thread paused as in %s is carried on by its answer", async (name) => {
    const stored = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Stored;
    const desk = openDesk(restore(stored));
    const id = sign(desk, "attestation-1", REQUEST);
    const done = await askGraph(desk.graph(), { attestation: id }, { thread: THREAD });
    expect(done).toMatchObject({ outcome: "answered", namespace: "selfhosted" });
    expect(desk.recorded).toEqual([{ attestation: id, namespace: "selfhosted" }]);
  });

  it.each(fixtures)("the state of %s is still a state", async (name) => {
    const stored = JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as { checkpoint: { channel_values: object } };
    const { messages: _messages, ...fields } = stored.checkpoint.channel_values as Record<string, unknown>;
    const known = Object.fromEntries(Object.entries(fields).filter(([key]) => State.getChannelKeys().includes(key)));
    await expect(State.validateInput(known)).resolves.toBeDefined();
  });
});
