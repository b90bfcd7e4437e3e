import { describe, expect, it } from "vitest";
import type { FileChange } from "../../src/facts/changeset.ts";
import type { LaneId } from "../../src/facts/rollout.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { askGraph } from "../../src/graph/ask.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { makeDoor } from "../../src/graph/door.ts";
import { laneOf } from "../../src/graph/facts/lane-of.ts";
import { factsReader, type ReaderPorts } from "../../src/graph/facts/reader.ts";
import type { FactsReader } from "../../src/graph/gate.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { LANES, type Lane } from "../../src/graph/lanes.ts";
import { lookAround } from "../../src/graph/looking.ts";
import type { GraphPorts } from "../../src/graph/ports.ts";
import { ports as home, REPOSITORY } from "./facts/home.ts";
import { memoryCheck, openField } from "./field.ts";
import { memoryForge, type MemoryForge } from "./memory-forge.ts";

const file = (path: string, text: string | null): FileChange => ({ path, mode: "100644", text });

/** A home with the real gates, facts and lanes, on a forge where anybody can push. */
interface Desk {
  readonly forge: MemoryForge;
  readonly check: ReturnType<typeof memoryCheck>;
  readonly ports: GraphPorts;
  /** Somebody pushes a branch and opens a pull request for it; its number. */
  pull(branch: string, files: readonly FileChange[]): Promise<number>;
  /** What the agent itself would propose. */
  allows(namespace: string): Promise<readonly FileChange[]>;
  judge(number: number, through?: GraphPorts): Promise<Answer>;
  said(number: number): { state: string; summary: string; text: string } | undefined;
}

const open = (files = REPOSITORY, more: Partial<ReaderPorts> = {}): Desk => {
  const forge = memoryForge(files);
  const check = memoryCheck();
  const real = home({ forge, ...more });
  const ports = {
    ...openField().ports,
    forge,
    check,
    reader: factsReader(real),
    laneOf,
    catalog: gates,
    look: lookAround(real),
  };
  let asked = 0;
  const headOf = (number: number): string => {
    const pull = forge.pulls.find((candidate) => candidate.number === number);
    return forge.refs.get(pull?.branch ?? "") ?? "";
  };
  return {
    forge,
    check,
    ports,
    pull: async (branch, changes) => {
      forge.push(branch, changes);
      return (await forge.openPullRequest({ branch, title: "t", body: "b" })).number;
    },
    allows: async (namespace) => {
      const request = { lane: "propose-allows", draft: "allows", namespace, edits: [], answer: null } as const;
      return (await ports.reader.read(request)).changeset.files;
    },
    judge: (number, through = ports) =>
      askGraph(
        buildGraph(through),
        { request: { kind: "report-gates", pullRequest: number } },
        { thread: `check-${(asked += 1)}` },
      ),
    said: (number) => check.said.get(headOf(number)),
  };
};

const policy = (namespace: string, name: string, spec: string): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\nspec:\n${spec}\n`;
const LOCK = policy("media", "default-deny", "  endpointSelector: {}\n  ingress: [{}]\n  egress: [{}]");
const ALLOW = policy(
  "media",
  "allow-own",
  "  endpointSelector: {}\n  enableDefaultDeny: { ingress: false, egress: false }\n  ingress: [{ fromEndpoints: [{}] }]",
);
const withResource = (namespace: string, name: string): FileChange =>
  file(
    `apps/${namespace}/kustomization.yaml`,
    `${REPOSITORY[`apps/${namespace}/kustomization.yaml`] ?? ""}  - ./${name}\n`,
  );
const bring = (name: string, text: string): readonly FileChange[] => [
  file(`apps/media/${name}`, text),
  withResource("media", name),
];
const locked: Readonly<Record<string, string>> = {
  ...REPOSITORY,
  ...Object.fromEntries(bring("lock.yaml", LOCK).map(({ path, text }) => [path, text ?? ""])),
};

describe("the check of a pull request", () => {
  it("is green where no policy object changes, whoever wrote it and whatever it says", async () => {
    const desk = open();
    const number = await desk.pull("renovate/web", [
      file("apps/media/web.yaml", (REPOSITORY["apps/media/web.yaml"] ?? "").replace("web:1", "web:2")),
    ]);
    expect(await desk.judge(number)).toMatchObject({ outcome: "answered", namespace: null, refusals: [] });
    expect(desk.said(number)).toMatchObject({ state: "success" });
    expect(desk.said(number)?.summary).toContain("no policy object changes");
  });

  it("is green on the agent's own allows: a rollout's own open pull request is no other rollout", async () => {
    const desk = open();
    const asked = await askGraph(
      buildGraph(desk.ports),
      { request: { kind: "propose-allows", namespace: "collab" } },
      { thread: "rollout:collab" },
    );
    const number = asked.pullRequest?.number ?? 0;
    expect(await desk.judge(number)).toMatchObject({ outcome: "answered", namespace: "collab" });
    expect(desk.said(number)?.summary).toContain("all 12 gates passed");
  });

  it("is red on a lock that nobody soaked, with every gate that says no", async () => {
    const desk = open();
    const number = await desk.pull("feature/lock", bring("lock.yaml", LOCK));
    const answer = await desk.judge(number);
    expect(answer).toMatchObject({ outcome: "refused", namespace: "media" });
    expect(desk.said(number)).toMatchObject({ state: "failure" });
    for (const gate of ["allows-live", "soaked", "rollback-rehearsed"]) expect(desk.said(number)?.text).toContain(gate);
  });

  it("is always green where enforcement is removed and nothing else: without evidence, cluster or turn", async () => {
    const desk = open(locked, { evidence: null });
    const number = await desk.pull("hurry", [
      file("apps/media/lock.yaml", null),
      file("apps/media/kustomization.yaml", REPOSITORY["apps/media/kustomization.yaml"] ?? ""),
    ]);
    expect(await desk.judge(number)).toMatchObject({ outcome: "answered" });
    expect(desk.said(number)?.summary).toContain("only removes enforcement");
  });

  it("waits where nothing but another rollout's turn is in the way, and says so", async () => {
    const desk = open();
    await desk.pull("netpol/collab", [file("apps/collab/README.md", "# collab\n")]);
    const number = await desk.pull("feature/allow", await desk.allows("media"));
    expect(await desk.judge(number)).toMatchObject({ outcome: "refused", waitingFor: { what: "turn" } });
    expect(desk.said(number)).toMatchObject({ state: "pending" });
    expect(desk.said(number)?.text).toContain("not yet");
  });

  it("takes its green back when main moves under it", async () => {
    const desk = open();
    const number = await desk.pull("feature/allow", await desk.allows("media"));
    await desk.judge(number);
    const first = desk.said(number)?.state;
    desk.forge.push("main", [withResource("media", "other.yaml"), file("apps/media/other.yaml", ALLOW)]);
    await desk.judge(number);
    expect([first, desk.said(number)?.state]).toEqual(["success", "failure"]);
    expect(desk.said(number)?.summary).toContain("as well since this branch left it");
  });

  it("writes the same word once", async () => {
    const desk = open();
    const number = await desk.pull("docs", [file("README.md", "more\n")]);
    const words: string[] = [];
    const { green: writer } = desk.ports.check;
    const ports = {
      ...desk.ports,
      check: {
        ...desk.ports.check,
        green: {
          green: (word: { head: string; summary: string; text: string }) => (
            words.push(word.summary),
            writer.green(word)
          ),
        },
      },
    };
    await desk.judge(number, ports);
    await desk.judge(number, ports);
    expect(words).toHaveLength(1);
  });

  it("is never green on a commit that the door did not judge", async () => {
    const desk = open();
    const number = await desk.pull("docs", [file("README.md", "more\n")]);
    const { reader } = desk.ports;
    let passes = 0;
    const moving: FactsReader = {
      read: async (request) => {
        const facts = await reader.read(request);
        passes += 1;
        // Right after the door has read: the effect finds another head and begins anew.
        if (passes === 2) desk.forge.push("docs", bring("lock.yaml", LOCK));
        return facts;
      },
    };
    await desk.judge(number, { ...desk.ports, reader: moving });
    expect(desk.said(number)).toMatchObject({ state: "failure" });
    expect([...desk.check.said.values()].filter(({ state }) => state === "success")).toEqual([]);
  });

  it("cannot tell what it cannot read: a text that turned into something else is not green, a picture is", async () => {
    const desk = open();
    const number = await desk.pull("latin", [
      file("apps/media/kustomization.yaml", `# M\u{FFFD}dia\n${withResource("media", "lock.yaml").text ?? ""}`),
      file("apps/media/lock.yaml", LOCK),
    ]);
    expect(await desk.judge(number)).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }] });
    expect(desk.said(number)).toMatchObject({ state: "failure" });
    const picture = await desk.pull("picture", [file("docs/logo.png", "\u{FFFD}PNG")]);
    expect(await desk.judge(picture)).toMatchObject({ outcome: "answered" });
  });

  it("cannot tell what it cannot read: a manifest that is no YAML is not green", async () => {
    const desk = open();
    const number = await desk.pull("odd", bring("odd.yaml", "kind: [\n"));
    expect(await desk.judge(number)).toMatchObject({ outcome: "refused", refusals: [{ gate: "restricts-nothing" }] });
  });

  it("holds back a chart that would ship a policy of its own, and not one that stops to", async () => {
    const release = (enabled: boolean): string =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  interval: 1h\n  chart: { spec: { chart: web, sourceRef: { kind: HelmRepository, name: x } } }\n  values:\n    networkPolicy:\n      enabled: ${enabled}\n`;
    const on = open();
    const number = await on.pull("chart", bring("release.yaml", release(true)));
    expect(await on.judge(number)).toMatchObject({ outcome: "refused", refusals: [{ gate: "restricts-nothing" }] });
    const off = open();
    const other = await off.pull("chart", bring("release.yaml", release(false)));
    expect(await off.judge(other)).toMatchObject({ outcome: "answered" });
  });

  it("needs a pull request that is open, by its number", async () => {
    const desk = open();
    await expect(desk.judge(7)).rejects.toThrow("no open pull request 7");
    const none = askGraph(buildGraph(desk.ports), { request: { kind: "report-gates" } }, { thread: "x" });
    expect(await none).toMatchObject({ outcome: "asked-back" });
  });
});

describe("the doors", () => {
  const lane = (id: LaneId): Lane => {
    const found = LANES.find((candidate) => candidate.id === id);
    if (found === undefined) throw new Error(`no lane ${id}`);
    return found;
  };
  const request = { draft: null, namespace: "media", edits: [], answer: null } as const;

  it("of proposals take no pull request's bytes for their own", async () => {
    const desk = open();
    const pullRequest = await desk.pull("feature/allow", await desk.allows("media"));
    const door = makeDoor(lane("propose-allows"), desk.ports);
    expect(await door({ ...request, lane: "propose-allows", pullRequest })).toMatchObject({
      open: false,
      refusals: [{ gate: "door", reason: expect.stringContaining("own bytes") as string }],
    });
  });

  it("of the check open for a pull request alone, on the lane and for the namespace that it amounts to", async () => {
    const desk = open();
    const pullRequest = await desk.pull("feature/allow", await desk.allows("media"));
    const allows = makeDoor(lane("report-gates.propose-allows"), desk.ports);
    const harmless = makeDoor(lane("report-gates"), desk.ports);
    const on = "report-gates.propose-allows";
    expect(await allows({ ...request, lane: on })).toMatchObject({ open: false, refusals: [{ gate: "door" }] });
    expect(await allows({ ...request, lane: on, namespace: "collab", pullRequest })).toMatchObject({ open: false });
    expect(await harmless({ ...request, lane: "report-gates", pullRequest })).toMatchObject({ open: false });
    expect(await allows({ ...request, lane: on, pullRequest })).toMatchObject({ open: true });
  });
});

describe("where the agent could merge its own work", () => {
  const HOLE = { what: "approval by somebody else", said: "no approving review is required", remedy: "Require one." };

  it("every gate is judged, the draft is shown, and nothing is written", async () => {
    const desk = open();
    desk.forge.holes = [HOLE];
    const answer = await askGraph(
      buildGraph(desk.ports),
      { request: { kind: "propose-allows", namespace: "collab" } },
      { thread: "rollout:collab" },
    );
    expect(answer).toMatchObject({
      outcome: "refused",
      refusals: [{ gate: "door", lesson: null, remedy: expect.stringContaining("Require one.") as string }],
      waitingFor: { what: "person" },
      pullRequest: null,
    });
    expect(answer.answer).toContain("kind: CiliumNetworkPolicy");
    expect([...desk.forge.refs.keys()]).toEqual(["main"]);
    expect(desk.forge.pulls).toEqual([]);
  });

  it("a gate's own no comes before it, and shows no draft", async () => {
    const desk = open(REPOSITORY, { evidence: null });
    desk.forge.holes = [HOLE];
    const question = { request: { kind: "propose-allows", namespace: "collab" } } as const;
    const answer = await askGraph(buildGraph(desk.ports), question, { thread: "rollout:collab" });
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "replay" }] });
    expect(answer.answer).not.toContain("kind: CiliumNetworkPolicy");
  });

  it("the check stays pending and says why", async () => {
    const desk = open();
    const number = await desk.pull("docs", [file("README.md", "more\n")]);
    desk.forge.holes = [HOLE];
    expect(await desk.judge(number)).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }] });
    expect(desk.said(number)).toMatchObject({ state: "pending" });
    expect(desk.said(number)?.summary).toContain("dry run");
  });
});
