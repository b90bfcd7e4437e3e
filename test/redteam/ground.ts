import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { LedgerEntry, ForgeReader, ForgeWriter } from "../../src/facts/ports.ts";
import type { SignOffRequest } from "../../src/facts/attestation.ts";
import { changeLaneOf, GATES, isReport, type RequestKind } from "../../src/facts/rollout.ts";
import { buildGraph, wire, type OperatorGraph } from "../../src/graph/build.ts";
import type { LaneRequest } from "../../src/graph/gate.ts";
import { builtLanes, effectNode, gateNode, gatesOf, type EffectId, type Lane } from "../../src/graph/lanes.ts";
import type { GraphUpdate } from "../../src/graph/state.ts";
import { openDesk, sign, type Desk } from "../graph/desk.ts";
import type { memoryCheck } from "../graph/field.ts";
import type { Ground, Layer } from "./vector.ts";

export const NAMESPACE = "selfhosted";

/** The desk's graph in a process of its own; every gate is red once the attack begins, unless the door is out. */
export interface LibraryGround extends Ground {
  readonly desk: Desk;
  readonly graph: OperatorGraph;
  readonly ledger: readonly LedgerEntry[];
  /** From now on every gate refuses; with the door out, what should refuse sees nothing. */
  readonly turnRed: () => void;
}

export const openGround = (
  out: ReadonlySet<Layer>,
  options: { readonly checkpointer?: BaseCheckpointSaver; readonly trustServerUser?: boolean } = {},
): LibraryGround => {
  const desk = openDesk(options.checkpointer);
  const { ports, field } = desk;
  return {
    desk,
    graph: out.has("L2")
      ? wire(ports).compile({ checkpointer: ports.checkpointer })
      : buildGraph(ports, { trustServerUser: options.trustServerUser ?? false }),
    ledger: field.ledger,
    turnRed: () => {
      if (!out.has("L0") && !out.has("gate")) for (const gate of GATES) field.red.add(gate);
    },
  };
};

/** What can be counted of each effect; a lane that is built and whose effect is not counted here is attacked by nobody. */
export const EFFECTS: Readonly<Record<EffectId, (desk: Desk) => number>> = {
  "open-pull-request": ({ field: { forge } }) =>
    [...forge.refs.keys()].filter((ref) => ref.startsWith("netpol/")).length,
  "record-sign-off": ({ recorded }) => recorded.length,
  "roll-back": ({ undone }) => undone.length,
  "post-green": ({ ports }) => {
    const { said } = ports.check as ReturnType<typeof memoryCheck>;
    return [...said.values()].filter(({ state }) => state === "success").length;
  },
};

/** Effects of every kind there is. */
export const effectsOf = (desk: Desk): number => Object.values(EFFECTS).reduce((sum, count) => sum + count(desk), 0);

/** A lane as an attacker sees it: where its effect is, and a state in which everything has been said to have passed. */
export interface Target {
  readonly lane: Lane;
  readonly effect: string;
  readonly firstGate: string;
  readonly lastGate: string;
  readonly forged: (namespace?: string) => GraphUpdate;
  /** How anybody may ask for this lane. */
  readonly request: {
    readonly kind: RequestKind;
    readonly namespace: string | null;
    readonly pullRequest: number | null;
  };
}

/** What somebody's pull request brings, by the lane of changes that the field takes it for. */
const PUSHED: Readonly<Record<string, string>> = {
  "propose-allows": "allow: web\n",
  "propose-default-deny": "default-deny: true\n",
  "propose-repair": "repair: web\n",
};

const DRAFTS: Partial<Record<Lane["id"], LaneRequest["draft"]>> = {
  "propose-allows": "allows",
  "propose-default-deny": "default-deny",
  "propose-repair": "repair",
};

const targetOf = (lane: Lane): Target => {
  const reports = isReport(lane.id);
  const gates = gatesOf(lane);
  const [first, last] = [gates.at(0), gates.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`${lane.id} has no gate`);
  return {
    lane,
    effect: effectNode(lane),
    firstGate: gateNode(lane.id, first),
    lastGate: gateNode(lane.id, last),
    request: {
      kind: reports ? "report-gates" : (lane.id as RequestKind),
      namespace: reports ? null : NAMESPACE,
      pullRequest: reports ? 1 : null,
    },
    forged: (namespace = NAMESPACE) => ({
      proposal: {
        lane: lane.id,
        draft: DRAFTS[lane.id] ?? null,
        namespace: lane.id === "report-gates" ? "" : namespace,
        edits: [],
        answer: "attestation-1",
        ...(reports ? { pullRequest: 1 } : {}),
      },
      verdict: { lane: lane.id, gate: last, pass: true },
      run: { id: "r", asker: "root", structured: true, namespace, turns: 0, proposals: 1, refusals: 0 },
      decisions: [{ gate: last, pass: true, reason: "", read: [] }],
      result: { kind: "on-lane", lane: lane.id },
    }),
  };
};

/** Every lane that is built, whatever is added to the list. */
export const TARGETS: readonly Target[] = builtLanes().map(targetOf);

export const on = (thread = "t", more: Record<string, unknown> = {}) => ({
  configurable: { thread_id: thread, ...more },
  recursionLimit: 100,
});

const REQUEST: SignOffRequest = {
  id: "request-1",
  namespace: NAMESPACE,
  policiesDigest: "0".repeat(64),
  commit: "0".repeat(40),
  urls: [],
  createdAt: 0,
  expiresAt: 10,
};

/** Somebody's valid word lies in the store, and somebody's pull request is open: only gates stand before an effect. */
export const arrange = async (desk: Desk, { lane, request }: Target): Promise<void> => {
  const { field } = desk;
  sign(desk, "attestation-1", REQUEST);
  if (request.pullRequest === null) return;
  const text = PUSHED[changeLaneOf(lane.id) ?? ""];
  const path = text === undefined ? "docs/x.md" : `kubernetes/${NAMESPACE}/pushed.yaml`;
  field.forge.push("theirs", [{ path, mode: "100644", text: text ?? "words\n" }]);
  await field.forge.openPullRequest({ branch: "theirs", title: "theirs", body: "" });
};

/** The same, and the thread has a past in which the first gate refused on its edge. */
export const prepare = async ({ graph, desk }: LibraryGround, target: Target, thread = "t"): Promise<void> => {
  const { lane, request } = target;
  const { field } = desk;
  await arrange(desk, target);
  const [first] = gatesOf(lane);
  if (first !== undefined) field.red.add(first);
  await graph.invoke({ request: { ...request, edits: [] } }, on(thread));
  if (first !== undefined) field.red.delete(first);
};

export const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
};

/** A forge that finds nothing of its own: what an effect without a look first would see. */
export const forgetful = (forge: ForgeReader & ForgeWriter): ForgeReader & ForgeWriter => ({
  ...forge,
  pullRequests: () => Promise.resolve([]),
  branchHead: () => Promise.resolve(null),
  writeBranch: async (request) => forge.writeBranch({ ...request, expected: await forge.branchHead(request.branch) }),
});
