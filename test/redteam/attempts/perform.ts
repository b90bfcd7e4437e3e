import type { SignOffRequest } from "../../../src/facts/attestation.ts";
import { wire } from "../../../src/graph/build.ts";
import { sign } from "../../graph/desk.ts";
import { on, TARGETS, type Target } from "../ground.ts";
import type { Arena } from "./arena.ts";
import type { Hands } from "./hands.ts";
import type { Move } from "./moves.ts";

const targetAt = (at: number): Target => {
  const target = TARGETS[at];
  if (target === undefined) throw new Error("no lane is built");
  return target;
};

const requestFor = (namespace: string): SignOffRequest => ({
  id: `request-${namespace}`,
  namespace,
  policiesDigest: "0".repeat(64),
  commit: "0".repeat(40),
  urls: [],
  createdAt: 0,
  expiresAt: 10,
});

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : { x: value };

const STATUS = { messages: [{ role: "user", content: "status" }] };

type Of<D extends Move["do"]> = Extract<Move, { readonly do: D }>;
type Deed<D extends Move["do"]> = (move: Of<D>, arena: Arena, hands: Hands) => Promise<unknown>;

const smuggle: Deed<"smuggle"> = ({ as, input, thread }, _arena, { send }) => {
  if (as === "input") return send(thread, { input });
  if (as === "message") return send(thread, { input: { messages: [input] } });
  if (as === "request") return send(thread, { input: { request: input } });
  if (as === "configurable") return send(thread, { input: STATUS, configurable: asRecord(input) });
  const options = { context: input, interruptBefore: ["operator"], ...asRecord(input) };
  return send(thread, { input: STATUS, options });
};

const goTo: Deed<"goto"> = ({ lane, node, namespace, how, thread }, _arena, { send }) => {
  const target = targetAt(lane);
  const goto = node ?? target.effect;
  const update = target.forged(namespace);
  if (how === "goto") return send(thread, { command: { goto, update } });
  if (how === "send") return send(thread, { command: { goto: { node: goto, input: update } } });
  return send(thread, { command: { update: how === "channel" ? { ...update, [`branch:to:${goto}`]: true } : update } });
};

const travel: Deed<"travel"> = async ({ thread, pick, edit }, _arena, hands) => {
  const past = await hands.checkpoints(thread);
  const checkpoint = past[pick % Math.max(1, past.length)] ?? null;
  const { forged, lastGate } = targetAt(0);
  if (edit && checkpoint !== null) await hands.edit(thread, forged("media"), lastGate, checkpoint);
  return hands.send(thread, { input: null, configurable: { checkpoint_id: checkpoint ?? "none" } });
};

const DEEDS: { readonly [D in Move["do"]]: Deed<D> } = {
  ask: ({ thread, kind, namespace, edits }, _arena, { send }) =>
    send(thread, { input: { request: { kind, namespace, edits } } }),
  check: ({ thread, number }, _arena, { send }) =>
    send(thread, { input: { request: { kind: "report-gates", pullRequest: number } } }),
  say: ({ thread, text }, _arena, { send }) => send(thread, { input: { messages: [{ role: "user", content: text }] } }),
  goto: goTo,
  "edit-state": async ({ thread, lane, namespace, as, born }, _arena, hands) => {
    const { forged, lastGate } = targetAt(lane);
    const on = born ? `${thread}-born` : thread;
    if (born) await hands.born(on, forged(namespace), as ?? lastGate);
    else await hands.edit(on, forged(namespace), as ?? lastGate, null);
    return hands.send(on, { input: null });
  },
  travel,
  answer: ({ thread, resume }, _arena, { send }) => send(thread, { command: { resume } }),
  smuggle,
  call: async ({ lane, namespace }, { ports }) => {
    const { effect, forged } = targetAt(lane);
    const { runnable } = wire(ports).builder.nodes[effect] ?? {};
    const node = runnable as { invoke(state: unknown, config: unknown): Promise<unknown> };
    return node.invoke({ messages: [], ...forged(namespace) }, on("a"));
  },
  sign: async ({ id, namespace }, { desk }) => sign(desk, id, requestFor(namespace)),
  turn: async ({ gate, red, after }, arena) =>
    arena.later(after, () => (red ? arena.desk.field.red.add(gate) : arena.desk.field.red.delete(gate))),
  swap: async ({ text, after }, arena) =>
    arena.later(after, () => {
      arena.desk.field.draftText = text;
    }),
  push: async ({ branch, path, text }, { forge, theirs }) =>
    theirs.add(forge.push(branch, [{ path, mode: "100644", text }])),
  settle: async ({ number, how }, { forge }) => (how === "merge" ? forge.merge(number) : forge.close(number)),
  reword: async ({ number, text }, { forge }) => {
    const pull = forge.pulls.find((candidate) => candidate.number === number);
    return pull === undefined ? null : forge.updatePullRequest({ ...pull, body: text });
  },
  die: async ({ at }, { forge }) => {
    const before = forge.onWrite;
    forge.onWrite = (what) => {
      if (what !== at) return before(what);
      forge.onWrite = before;
      throw new Error("killed");
    };
  },
};

/** Does one move. Whatever refuses it throws. */
export const perform = (arena: Arena, hands: Hands, move: Move): Promise<unknown> =>
  (DEEDS[move.do] as Deed<typeof move.do>)(move, arena, hands);
