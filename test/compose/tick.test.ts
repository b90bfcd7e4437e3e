import { describe, expect, it } from "vitest";
import { tickOnce, type TickPorts } from "../../src/compose/tick.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import type { Answer } from "../../src/graph/answer.ts";
import type { DropWatch } from "../../src/rollout/drop-watch.ts";
import type { Survey } from "../../src/rollout/survey.ts";
import { memoryCheck } from "../graph/field.ts";
import { edge } from "../graph/gates/cluster.ts";
import { memoryForge } from "../graph/memory-forge.ts";

const answer = (thread: string): Answer => ({
  version: 1,
  thread,
  outcome: "waiting",
  namespace: null,
  stage: null,
  answer: null,
  question: null,
  pullRequest: null,
  refusals: [],
  waitingFor: { what: "person", detail: "confirm", until: null },
});

const tick = async (watched: readonly DropWatch[], busy: boolean = false) => {
  const asked: string[] = [];
  const ports: TickPorts = {
    place: { forge: memoryForge({ "README.md": "x\n" }), check: memoryCheck() },
    look: { survey: async () => ({ placed: [], phases: [] }) as unknown as Survey, drops: async () => watched },
    request: async ({ kind, namespace, thread }) => {
      asked.push(`${kind} ${namespace ?? "-"} on ${thread}`);
      if (busy) throw new OperatorError("busy", "another run holds this thread", { remedy: "Wait for it." });
      return answer(thread);
    },
  };
  return { asked, done: await tickOnce(ports, new Set()) };
};

const drops = [
  { edge: edge("collab/Deployment/web", "reserved:world", 443), direction: "egress" as const, flows: 3, lastSeen: 5 },
];

describe("new drops (lesson 26)", () => {
  it("after a lock propose its rollback, for a person to confirm", async () => {
    const { asked, done } = await tick([{ namespace: "collab", locked: true, pullRequest: 4, since: 1, drops }]);
    expect(asked).toEqual(["request-rollback collab on rollback:collab"]);
    expect(done.drops).toMatchObject([
      {
        namespace: "collab",
        pullRequest: 4,
        drops: [{ source: "collab/Deployment/web", destination: "reserved:world", port: 443, flows: 3 }],
        proposal: { waitingFor: { what: "person" } },
      },
    ]);
    expect(done.drops[0]?.remedy).toContain("network-operator rollback collab");
  });

  it("are told also while somebody is rolling back already", async () => {
    const watched = [{ namespace: "collab", locked: true, pullRequest: 4, since: 1, drops }];
    const { done } = await tick(watched, true);
    expect(done.drops).toMatchObject([{ namespace: "collab", proposal: null }]);
    expect(done.failures).toMatchObject([{ what: "rollback:collab", exit: 3 }]);
  });

  it("after allows name the pull request to revert: there is no lock to take back", async () => {
    const { asked, done } = await tick([{ namespace: "collab", locked: false, pullRequest: 4, since: 1, drops }]);
    expect(asked).toEqual([]);
    expect(done.drops).toMatchObject([{ proposal: null }]);
    expect(done.drops[0]?.remedy).toContain("#4");
  });
});
