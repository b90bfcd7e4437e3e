import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoints, type CheckpointStore } from "../../src/store/checkpoints.ts";
import { SealedSerializer } from "../../src/store/sealed-serializer.ts";

const SECRET = "a secret of two hundred and fifty-six bits, say";
const on = { configurable: { thread_id: "t" } };

let folder: string;
const stores: CheckpointStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "network-operator-checkpoints-"));
});
afterEach(() => {
  for (const store of stores.splice(0)) store.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, "checkpoints.sqlite");
const open = (secret = SECRET): CheckpointStore => {
  const store = openCheckpoints(path(), secret);
  stores.push(store);
  return store;
};

const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
};

const State = Annotation.Root({
  word: Annotation<string>,
  said: Annotation<(HumanMessage | AIMessage)[]>,
});

const graphOver = (checkpointer: CheckpointStore) =>
  new StateGraph(State)
    .addNode("think", () => ({ word: "swordfish" }))
    .addNode("answer", () => ({ said: [new AIMessage("so be it")] }))
    .addEdge(START, "think")
    .addEdge("think", "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });

const written = async (): Promise<void> => {
  await graphOver(open()).invoke({ word: "hush", said: [new HumanMessage("hello")] }, { ...on, durability: "sync" });
};

/** Somebody with the file. */
const edit = (sql: string, ...values: (string | Uint8Array)[]): void => {
  const database = new DatabaseSync(path());
  database.prepare(sql).run(...values);
  database.close();
};

describe("threads in SQLite, every row sealed", () => {
  it("come back whole in another process, messages as messages", async () => {
    await written();
    const { values } = await graphOver(open()).getState(on);
    expect(values).toMatchObject({ word: "swordfish" });
    expect((values as { said: unknown[] }).said[0]).toBeInstanceOf(AIMessage);
  });

  it("keep their history, newest first", async () => {
    await written();
    const steps: unknown[] = [];
    for await (const { metadata } of graphOver(open()).getStateHistory(on)) steps.push(metadata?.step);
    expect(steps).toEqual([2, 1, 0, -1]);
  });

  it("can be filtered by their metadata, which stays readable", async () => {
    await written();
    const found: unknown[] = [];
    for await (const tuple of open().list(on, { filter: { source: "input" } })) found.push(tuple.metadata?.source);
    expect(found).toEqual(["input"]);
  });

  it("show nobody with the file what was said", async () => {
    await written();
    const database = new DatabaseSync(path(), { readOnly: true });
    const rows = database
      .prepare("select checkpoint, (select group_concat(value) from writes) as w from checkpoints")
      .all();
    database.close();
    const text = rows
      .map((row) => Buffer.from(row["checkpoint"] as Uint8Array).toString("utf8") + String(row["w"]))
      .join();
    expect(text).not.toContain("swordfish");
    expect(text).not.toContain("so be it");
  });

  it("can be forgotten", async () => {
    await written();
    const store = open();
    await store.deleteThread("t");
    expect(await store.getTuple(on)).toBeUndefined();
  });
});

describe("V38: a row that somebody changed is refused by name", () => {
  const load = () => open().getTuple(on);
  const flipped = (column: "checkpoint" | "metadata"): void => {
    const database = new DatabaseSync(path());
    const row = database
      .prepare(`select rowid, ${column} as v from checkpoints order by checkpoint_id desc limit 1`)
      .get();
    const bytes = Buffer.from(row?.["v"] as Uint8Array);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) === 65 ? 66 : 65;
    database.prepare(`update checkpoints set ${column} = ? where rowid = ?`).run(bytes, Number(row?.["rowid"]));
    database.close();
  };

  it("one byte of a checkpoint", async () => {
    await written();
    flipped("checkpoint");
    await expect(load()).rejects.toMatchObject({ code: "L4/tampered" });
  });

  it("one number of its metadata", async () => {
    await written();
    edit(`update checkpoints set metadata = replace(cast(metadata as text), '"step":', '"step":1')`);
    await expect(load()).rejects.toMatchObject({ code: "L4/tampered" });
  });

  it("a whole checkpoint in the clear", async () => {
    await written();
    edit(`update checkpoints set checkpoint = '{"v":4,"channel_values":{"word":"forged"}}'`);
    await expect(load()).rejects.toMatchObject({ code: "L4/unsealed" });
  });

  it("a pending write in the clear", async () => {
    await written();
    edit(`update writes set value = '"forged"'`);
    await expect(all(open().list(on))).rejects.toMatchObject({ code: "L4/tampered" });
  });

  it("signed metadata put where a value should stand", async () => {
    await written();
    edit(
      `insert or replace into writes
       select thread_id, checkpoint_ns, checkpoint_id, 'forged', 0, 'branch:to:answer', 'json', metadata from checkpoints`,
    );
    await expect(load()).rejects.toMatchObject({ code: "L4/tampered" });
  });

  it("a file sealed with another key", async () => {
    await written();
    const other = open("another secret");
    await expect(other.getTuple(on)).rejects.toMatchObject({ code: "L4/tampered" });
  });

  it.each([
    ["no JSON", "not json"],
    ["no object", "[1,2]"],
    ["nothing", ""],
    ["a seal that is cut short", '{"$aes":"AAAA","t":"json"}'],
    ["a seal over another type", '{"$aes":5,"t":"json"}'],
  ])("garbage: %s", async (_what, text) => {
    await expect(new SealedSerializer(SECRET).loadsTyped("json", text)).rejects.toMatchObject({
      name: "BarrierError",
    });
  });

  it("the type is sealed too", async () => {
    const serializer = new SealedSerializer(SECRET);
    const [, bytes] = await serializer.dumpsTyped({ a: 1 });
    const { $aes } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { $aes: string };
    await expect(serializer.loadsTyped("json", JSON.stringify({ $aes, t: "bytes" }))).rejects.toMatchObject({
      code: "L4/tampered",
    });
  });
});
