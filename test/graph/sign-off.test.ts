import { Command } from "@langchain/langgraph";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { askGraph } from "../../src/graph/ask.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { openDesk, sign, type Desk } from "./desk.ts";

const ask = (desk: Desk, thread = "t"): Promise<Answer> =>
  askGraph(desk.graph(), { request: { kind: "request-sign-off", namespace: "selfhosted" } }, { thread });
const answer = (desk: Desk, attestation: string, thread = "t"): Promise<Answer> =>
  askGraph(desk.graph(), { attestation }, { thread });
const resume = (desk: Desk, value: unknown): Promise<unknown> =>
  desk.graph().invoke(new Command({ resume: value }), { configurable: { thread_id: "t" } });

describe("a sign-off: gates, a pause for a person, gates again", () => {
  it("asks with a page and an expiry, and records nothing yet", async () => {
    const desk = openDesk();
    const asked = await ask(desk);
    expect(asked).toMatchObject({ outcome: "waiting", stage: "enforced", waitingFor: { what: "sign-off" } });
    expect(asked.waitingFor?.detail).toBe(`https://operator.example/signoff/${desk.requests[0]?.id}`);
    expect(desk.recorded).toEqual([]);
  });

  it("is carried on by the attestation's id, and recorded once", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    const done = await answer(desk, id);
    expect(done).toMatchObject({ outcome: "answered", namespace: "selfhosted" });
    expect(done.answer).toContain("robin");
    expect(desk.recorded).toEqual([{ attestation: id, namespace: "selfhosted" }]);
  });

  it("judges the gates behind the pause from what is read then", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    desk.field.red.add("signed");
    expect(await answer(desk, id)).toMatchObject({ outcome: "refused", refusals: [{ gate: "signed" }] });
    expect(desk.recorded).toEqual([]);
  });

  it("judges the gates before the pause once more at the door", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    desk.field.red.add("enforced");
    expect(await answer(desk, id)).toMatchObject({ outcome: "refused", refusals: [{ gate: "enforced" }] });
    expect(desk.recorded).toEqual([]);
  });

  it("an id that no attestation has records nothing", async () => {
    const desk = openDesk();
    await ask(desk);
    expect(await answer(desk, "attestation-of-nobody")).toMatchObject({ outcome: "refused" });
    expect(desk.recorded).toEqual([]);
  });

  it("asked twice for the same bytes, it makes one page", async () => {
    const desk = openDesk();
    await ask(desk);
    await ask(desk, "another thread");
    expect(desk.requests).toHaveLength(1);
  });

  it("an attestation spent on one namespace is worth nothing for another", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    desk.recorded.push({ attestation: id, namespace: "media" });
    expect(await answer(desk, id)).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }] });
  });

  it("killed after the record, it finds its own work", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    desk.recorded.push({ attestation: id, namespace: "selfhosted" });
    expect(await answer(desk, id)).toMatchObject({ outcome: "answered" });
    expect(desk.recorded).toHaveLength(1);
  });

  it("without a configured sign-off it refuses and says so", async () => {
    const desk = openDesk();
    const graph = buildGraph({ ...desk.ports, signOff: null });
    const refused = await askGraph(
      graph,
      { request: { kind: "request-sign-off", namespace: "selfhosted" } },
      { thread: "t" },
    );
    expect(refused).toMatchObject({ outcome: "refused" });
    expect(refused.refusals[0]?.reason).toContain("not configured");
  });
});

describe("what does not answer a pause", () => {
  it.each<[string, unknown]>([
    ["V21: a chat message", { messages: [{ role: "user", content: "yes" }] }],
    ["a word", "yes please"],
    ["a yes", true],
    ["an accept without an act", [{ type: "accept", args: {} }]],
    ["an approval without an id", { decisions: [{ type: "approve" }] }],
    ["an id that is none", { attestation: "../../etc/passwd" }],
    ["an id and something beside it", { attestation: "attestation-1", approved: true }],
  ])("%s", async (_what, value) => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    await expect(resume(desk, value)).rejects.toThrow();
    expect(desk.recorded).toEqual([]);
    // The pause is still there, and a right answer still answers it.
    expect(await answer(desk, id)).toMatchObject({ outcome: "answered" });
  });

  it.each<[string, (id: string) => unknown]>([
    ["Agent Inbox", (id) => [{ type: "edit", args: { action: "sign-off", args: { attestation: id } } }]],
    [
      "the chat interface",
      (id) => ({ decisions: [{ type: "edit", edited_action: { name: "sign-off", args: { attestation: id } } }] }),
    ],
  ])("the form of %s does", async (_what, form) => {
    const desk = openDesk();
    await ask(desk);
    await resume(desk, form(sign(desk)));
    expect(desk.recorded).toHaveLength(1);
  });

  it("V12: an answer to an older question is judged by what stands now", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    desk.field.red.add("external-path");
    expect(await answer(desk, id)).toMatchObject({ outcome: "refused", refusals: [{ gate: "external-path" }] });
  });

  it("V11: one pause at a time, and an answer to none, or a second one, is refused and runs nothing", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    await answer(desk, id);
    const reads = desk.field.reads.length;
    await expect(resume(desk, { attestation: id })).rejects.toMatchObject({ code: "L2/no-pause" });
    expect(desk.field.reads).toHaveLength(reads);
    expect(desk.recorded).toHaveLength(1);
  });

  it("V10: two answers at once record one sign-off", async () => {
    const desk = openDesk();
    await ask(desk);
    const id = sign(desk);
    await Promise.allSettled([answer(desk, id), answer(desk, id)]);
    expect(desk.recorded).toHaveLength(1);
  });
});

describe("V34, V36, V37: what types cannot say, said by imports", () => {
  const root = resolve(import.meta.dirname, "../..");
  const sources = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
    });
  const files = [...sources(join(root, "src")), ...sources(join(root, "tools"))].map((path) => ({
    path: path.slice(root.length + 1),
    text: readFileSync(path, "utf8"),
  }));
  const importing = (names: string, from: string): string[] => {
    const pattern = new RegExp(`import (?:type )?\\{[^}]*\\b(?:${names})\\b[^}]*\\} from "${from}"`);
    return files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
  };

  it("one file interrupts, as its first statement and outside any try", () => {
    expect(importing("interrupt", "@langchain/langgraph")).toEqual(["src/graph/nodes/pause.ts"]);
    const { text = "" } = files.find(({ path }) => path === "src/graph/nodes/pause.ts") ?? {};
    expect(text).not.toMatch(/\btry\b/);
    expect(text).toMatch(/=> \{\n {2}const answer[^\n]* = interrupt\(/);
  });

  it("Command is built by the seal, the builder's check and the question alone; Send by nobody", () => {
    expect(importing("Command", "@langchain/langgraph").filter((path) => path.startsWith("src/graph/"))).toEqual([
      "src/graph/ask.ts",
      "src/graph/seal-input.ts",
    ]);
    expect(importing("Send", "@langchain/langgraph")).toEqual(["src/graph/guarded.ts"]);
    expect(files.filter(({ text }) => /new Send\(/.test(text))).toEqual([]);
  });

  it("clearances are minted by the door alone and spent by effects alone", () => {
    expect(importing("mint", "\\./clearance\\.ts")).toEqual(["src/graph/door.ts"]);
    expect(importing("spend", "[./]+/clearance\\.ts").every((path) => path.startsWith("src/graph/effects/"))).toBe(
      true,
    );
  });

  it("effects are imported by the wiring alone", () => {
    const pattern = /from "[^"]*effects\/(?!outcome|pull-request-text)[a-z-]+\.ts"/;
    expect(files.filter(({ text }) => pattern.test(text)).map(({ path }) => path)).toEqual(["src/graph/build.ts"]);
  });

  it("no gate reads the ledger or the state of a run", () => {
    const gates = files.filter(
      ({ path }) => path.startsWith("src/graph/gates/") || path.startsWith("src/graph/facts/"),
    );
    expect(gates.filter(({ text }) => /ledger|state\.ts|@langchain/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
