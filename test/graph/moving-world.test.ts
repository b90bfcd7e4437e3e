import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/graph/answer.ts";
import { askGraph } from "../../src/graph/ask.ts";
import type { Gate } from "../../src/graph/gate.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { openField, type Field } from "./field.ts";

const propose = (field: Field, namespace = "selfhosted", thread = "t"): Promise<Answer> =>
  askGraph(buildGraph(field.ports), { request: { kind: "propose", namespace } }, { thread });

describe("the world moves between judging and acting", () => {
  it("a gate that turns red after it passed at the edge refuses at the door", async () => {
    const field = openField();
    field.onRead = (pass) => {
      if (pass === 2) field.red.add("fleet");
    };
    const answer = await propose(field);
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "fleet" }] });
    expect(field.forge.refs.size).toBe(1);
    const passed = field.ledger.filter(({ kind, body }) => kind === "gate" && body["pass"] === true);
    expect(passed).toHaveLength(12);
  });

  it("bytes that changed after the edge are judged again, and what is written is what the door judged", async () => {
    const field = openField();
    field.onRead = (pass) => {
      if (pass === 2) field.draftText = "allow: dns, postgres\n";
    };
    const answer = await propose(field);
    expect(answer.outcome).toBe("pull-request");
    const head = await field.forge.tree(field.forge.refs.get("netpol/selfhosted") ?? "");
    expect(head.read("kubernetes/selfhosted/netpol/allows.yaml")).toBe("allow: dns, postgres\n");
    expect(answer.pullRequest?.digest).toBe(
      (await field.ports.reader.read({ ...FIRST, namespace: "selfhosted" })).changeset.digest,
    );
  });

  it("a change that has become another lane's is refused at the door", async () => {
    const field = openField();
    field.onRead = (pass) => {
      if (pass === 2) field.draftText = "default-deny: true\n";
    };
    expect(await propose(field)).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }] });
    expect(field.forge.refs.size).toBe(1);
  });

  it("facts read for another namespace than the one asked for open nothing", async () => {
    const field = openField();
    field.tamper = (facts) => ({ ...facts, changeset: { ...facts.changeset, namespace: "media" } });
    const answer = await propose(field);
    expect(answer.outcome).toBe("refused");
    expect(field.forge.refs.size).toBe(1);
  });

  it("when main moves under the write, the lane starts again from new facts", async () => {
    const field = openField();
    let moves = 1;
    field.forge.onWrite = () => {
      if (moves > 0) field.forge.push("main", [{ path: "README.md", mode: "100644", text: `moved ${moves}\n` }]);
      moves -= 1;
    };
    const answer = await propose(field);
    expect(answer.outcome).toBe("pull-request");
    const judged = field.ledger.filter(({ kind, body }) => kind === "gate" && body["gate"] === "scope");
    expect(judged).toHaveLength(2);
    const branch = await field.forge.tree(field.forge.refs.get("netpol/selfhosted") ?? "");
    expect(branch.read("README.md")).toBe("moved 1\n");
  });

  it("when main never stands still, it gives up and says so", async () => {
    const field = openField();
    let moved = 0;
    field.forge.onWrite = () => {
      field.forge.push("main", [{ path: "README.md", mode: "100644", text: `moved ${(moved += 1)}\n` }]);
    };
    const answer = await propose(field);
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }] });
    expect([...field.forge.refs.keys()]).toEqual(["main"]);
  });

  it("two threads on one rollout end with one branch and one pull request", async () => {
    const field = openField();
    const answers = await Promise.all(["a", "b", "c"].map((thread) => propose(field, "selfhosted", thread)));
    expect(answers.map(({ outcome }) => outcome)).toEqual(["pull-request", "pull-request", "pull-request"]);
    expect(new Set(answers.map(({ pullRequest }) => pullRequest?.number)).size).toBe(1);
    expect(field.forge.pulls).toHaveLength(1);
  });

  it("two rollouts that ask at the same moment do not both find the field empty", async () => {
    const field = openField();
    const { turn } = field.ports.catalog;
    if (turn === undefined) throw new Error("no gate turn");
    const judge: Gate["judge"] = ({ pullRequests, request }) => {
      const others = pullRequests.known ? pullRequests.value.filter((p) => !p.branch.includes(request.namespace)) : [];
      return others.length === 0
        ? { gate: "turn", pass: true, read: [], notes: [] }
        : { gate: "turn", pass: false, reason: "one at a time", lesson: 2, remedy: "Wait.", read: [] };
    };
    const graph = buildGraph({ ...field.ports, catalog: { ...field.ports.catalog, turn: { ...turn, judge } } });
    const ask = (namespace: string) =>
      askGraph(graph, { request: { kind: "propose", namespace } }, { thread: `rollout:${namespace}` });
    const outcomes = (await Promise.all(["selfhosted", "media", "collab"].map(ask))).map(({ outcome }) => outcome);
    expect(outcomes.toSorted()).toEqual(["pull-request", "refused", "refused"]);
    expect(field.forge.pulls).toHaveLength(1);
  });

  it("bytes that change each time they are looked at are judged, hashed and written as one", async () => {
    const field = openField();
    let looks = 0;
    field.tamper = (facts) => {
      const [file] = facts.changeset.files;
      if (file === undefined) return facts;
      const restless = {
        ...file,
        get text() {
          looks += 1;
          return looks > 1 ? "deny: all\n" : "allow: dns\n";
        },
      };
      return { ...facts, changeset: { ...facts.changeset, files: [restless] } };
    };
    await propose(field);
    const branch = field.forge.refs.get("netpol/selfhosted");
    expect(branch).toBeUndefined();
    expect(JSON.stringify(field.ledger)).toContain("the digest does not belong to the bytes");
  });

  it("a gate that throws has refused", async () => {
    const field = openField();
    const { turn } = field.ports.catalog;
    if (turn === undefined) throw new Error("no gate turn");
    const judge = () => {
      throw new Error("boom");
    };
    const ports = { ...field.ports, catalog: { ...field.ports.catalog, turn: { ...turn, judge } } };
    const answer = await askGraph(buildGraph(ports), { text: "lock down selfhosted" }, { thread: "t" });
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "turn" }] });
    expect(answer.refusals[0]?.reason).toContain("boom");
  });

  it("a gate that answers for another gate has refused", async () => {
    const field = openField();
    const { scope, turn } = field.ports.catalog;
    if (turn === undefined || scope === undefined) throw new Error("no such gate");
    const ports = { ...field.ports, catalog: { ...field.ports.catalog, turn: { ...turn, judge: scope.judge } } };
    const answer = await askGraph(buildGraph(ports), { text: "lock down selfhosted" }, { thread: "t" });
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "turn" }] });
  });
});

const FIRST = { lane: "propose-allows", draft: "allows", edits: [], answer: null } as const;
