import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../src/graph/answer.ts";
import { proposedDesk, type Desk } from "./cli.ts";

const REFUSED = [
  ["lock down flux-system", "scope", 1],
  ["lock down kube-system", "scope", 1],
  ["lock down downloads", "compatible", 21],
  ["lock down games", "scope", 22],
  ["lock down collab", "turn", 2],
] as const;

const ASKED_BACK = [
  ["lock down nowhere", "nowhere"],
  ["lock down collab and home", "collab"],
  ["hello", "lock down"],
] as const;

// One conversation, one process: what is asked in it is judged each time anew.
let desk: Desk;
let answers: readonly Answer[];
const answerTo = (words: string): Answer | undefined =>
  answers[[...REFUSED, ...ASKED_BACK].findIndex(([asked]) => asked === words)];

beforeAll(async () => {
  desk = await proposedDesk();
  answers = await desk.chat([...REFUSED, ...ASKED_BACK].map(([words]) => words));
}, 180_000);
afterAll(() => desk.dispose());

describe("asked for what may not be", () => {
  it.each(REFUSED)("%s: refused by %s, lesson %i", (words, gate, lesson) => {
    const answer = answerTo(words);
    expect(answer?.outcome).toBe("refused");
    expect(answer?.refusals).toContainEqual(expect.objectContaining({ gate, lesson }));
  });

  it.each(ASKED_BACK)("%s: asks back", (words, mention) => {
    const answer = answerTo(words);
    expect(answer?.outcome).toBe("asked-back");
    expect(answer?.question).toContain(mention);
  });

  it("makes no ref", async () => {
    expect(await desk.branches()).toEqual(["netpol/selfhosted"]);
  });

  it("says so in the exit code of a single request", async () => {
    expect((await desk.run("ask", "lock down flux-system")).code).toBe(1);
  });
});
