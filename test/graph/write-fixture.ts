import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemorySaver } from "@langchain/langgraph";
import { askGraph } from "../../src/graph/ask.ts";
import { SCHEMA_VERSION } from "../../src/graph/state.ts";
import { openDesk } from "./desk.ts";

export const THREAD = "rollout:selfhosted";

/** A thread as a store holds it: the head checkpoint and its pending writes, each in LangGraph's own JSON. */
export interface Stored {
  readonly checkpointId: string;
  readonly checkpoint: unknown;
  readonly metadata: unknown;
  readonly parent: string | null;
  readonly writes: readonly (readonly [key: string, task: string, channel: string, value: unknown])[];
}

const json = (value: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(value));

const dump = (saver: MemorySaver): Stored => {
  const rows = Object.entries(saver.storage[THREAD]?.[""] ?? {});
  const [checkpointId, row] = rows.toSorted(([a], [b]) => (a < b ? -1 : 1)).at(-1) ?? [];
  if (checkpointId === undefined || row === undefined) throw new Error("nothing was stored");
  const key = JSON.stringify([THREAD, "", checkpointId]);
  const writes = Object.entries(saver.writes[key] ?? {}).map(
    ([inner, [task, channel, value]]) => [inner, task, channel, json(value)] as const,
  );
  return { checkpointId, checkpoint: json(row[0]), metadata: json(row[1]), parent: row[2] ?? null, writes };
};

/** `node test/graph/write-fixture.ts` writes this version's paused thread; those of past versions are never written again. */
if (process.argv[1] === import.meta.filename) {
  const saver = new MemorySaver();
  const desk = openDesk(saver);
  const request = { kind: "request-sign-off", namespace: "selfhosted" } as const;
  await askGraph(desk.graph(), { request }, { thread: THREAD });
  const path = join(import.meta.dirname, "fixtures", `paused-v${SCHEMA_VERSION}.json`);
  writeFileSync(path, `${JSON.stringify(dump(saver), null, 2)}\n`);
}
