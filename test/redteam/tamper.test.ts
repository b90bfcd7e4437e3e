import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { askGraph } from "../../src/graph/ask.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { laneOf } from "../../src/graph/facts/lane-of.ts";
import { factsReader } from "../../src/graph/facts/reader.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { lookAround } from "../../src/graph/looking.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import { ports as home, REPOSITORY } from "../graph/facts/home.ts";
import { openField } from "../graph/field.ts";
import { memoryForge } from "../graph/memory-forge.ts";
import { deployed, flow, T0 } from "../hubble/flows.ts";
import { hoursOf } from "../hubble/reduce.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

/** Asks for collab's allows over an evidence file that somebody had in their hands. */
const askOver = async (statement: string): Promise<{ readonly said: string; readonly refs: readonly string[] }> => {
  const folder = mkdtempSync(join(tmpdir(), "tamper-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "evidence.sqlite");
  const evidence = openEvidenceStore({ path, key: "the key of the state folder" });
  undo.push(() => evidence.dispose());
  await evidence.begin("relay");
  const hours = hoursOf([flow(deployed("collab", "web"), deployed("media", "web"), 8080)]);
  await evidence.commit({ source: "relay", hours, position: { time: T0, recent: new Uint8Array([1]) } });
  const database = new DatabaseSync(path);
  database.exec(statement);
  database.close();
  const forge = memoryForge(REPOSITORY);
  const real = home({ forge, evidence });
  const graph = buildGraph({
    ...openField().ports,
    forge,
    reader: factsReader(real),
    laneOf,
    catalog: gates,
    look: lookAround(real),
  });
  const said = await askGraph(
    graph,
    { request: { kind: "propose-allows", namespace: "collab" } },
    { thread: "t" },
  ).then(
    ({ refusals }) => refusals.map(({ gate, reason }) => `${gate}: ${reason}`).join("; "),
    (error: unknown) => String(error),
  );
  return { said, refs: [...forge.refs.keys()] };
};

describe("evidence that somebody had in their hands", () => {
  it.each([
    ["a row changed", "update evidence_part set body = x'00' where part = 'collab media'"],
    ["a row taken away", "delete from evidence_part where part = 'collab media'"],
    ["a row given to another source", "update evidence_part set source = 'other' where part = 'watch'"],
  ])("holds the lane, and it says so: %s", async (_what, statement) => {
    const { said, refs } = await askOver(statement);
    expect(said).toContain("was altered outside the program");
    expect(refs).toEqual(["main"]);
  });
});
