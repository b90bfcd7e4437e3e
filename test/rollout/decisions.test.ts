import { describe, expect, it } from "vitest";
import { DECISIONS_FILE } from "../../src/facts/campaign.ts";
import { DAY } from "../../src/facts/clock.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { readDecisions } from "../../src/rollout/decisions.ts";

const NOW = Date.UTC(2026, 4, 20);
const read = (text: string) => readDecisions(memoryTree({ [DECISIONS_FILE]: text }), NOW);
const one = (fields: string): string => `version: 1\ndecisions:\n  - { ${fields} }\n`;
const WAIVER = "kind: waiver, namespace: media, fingerprint: abc, reason: seen, by: jane, expires: 2026-06-01";

describe("what persons decided", () => {
  it("is nothing where there is no file", () => {
    expect(readDecisions(memoryTree({}), NOW)).toEqual({ known: true, value: [] });
  });

  it("holds through the day it names, with the line it is written on", () => {
    expect(read(one(WAIVER))).toMatchObject({
      value: [{ kind: "waiver", namespace: "media", expires: Date.UTC(2026, 5, 2), at: `${DECISIONS_FILE}:3` }],
    });
    expect(
      read(one("kind: release, namespace: media, reason: r, by: jane, rolledBackUntil: 2026-05-19")),
    ).toMatchObject({
      value: [{ kind: "release", until: NOW }],
    });
  });

  it.each([
    ["a key written twice", one(`${WAIVER}, reason: again`)],
    ["no reason", one(WAIVER.replace("reason: seen, ", ""))],
    ["an unknown kind", one(WAIVER.replace("waiver", "skip-gates"))],
    ["a field that nobody asked for", one(`${WAIVER}, gates: [scope]`)],
    ["no end", one(WAIVER.replace(", expires: 2026-06-01", ""))],
    ["an end more than a year away", one(WAIVER.replace("2026-06-01", "2099-01-01"))],
    ["a namespace that is none", one(WAIVER.replace("media", "'../../etc'"))],
    ["another version", one(WAIVER).replace("version: 1", "version: 2")],
    ["a list at the top", "- a\n"],
    ["half a file", "version: 1\ndecisions:\n  - { kind: waiver, names"],
    ["aliases", "version: 1\ndecisions: [&a { kind: waiver }, *a, *a]\n"],
  ])("decides nothing at all with %s, and names the line", (_, text) => {
    const decisions = read(text);
    expect(decisions.known).toBe(false);
    if (!decisions.known) expect(decisions.why).toMatch(/^network-operator\.decisions\.yaml:\d+: /);
  });

  it("does not read a megabyte of it as permission", () => {
    const many = `version: 1\ndecisions:\n${`  - { ${WAIVER} }\n`.repeat(1001)}`;
    expect(read(many).known).toBe(false);
    expect(NOW % DAY).toBe(0);
  });
});
