import { changeLaneOf, reportLaneOf, type LaneId } from "../../facts/rollout.ts";
import type { GateFacts, LaneRequest } from "../gate.ts";
import { judge } from "../judge.ts";
import type { Lane } from "../lanes.ts";
import { planFor } from "../plan.ts";
import { code, fill } from "../../model/prompts.ts";
import type { NodePorts } from "../ports.ts";
import type { Readings } from "../readings.ts";
import type { GraphState, GraphUpdate, Result, Run, Wish } from "../state.ts";
import { progress, reportOf, threadOf, type Node } from "./kit.ts";
import { listed, near } from "../../model/names.ts";

/** A world that moves more often than this is left to settle. */
const MAX_PROPOSALS = 6;

/** Where it cannot be told what a change does, it is judged by the lane that asks the most. */
const STRICTEST: LaneId = "propose-default-deny";

const askUnknown = (name: string, known: readonly string[]): Result => {
  const close = near(name, known);
  return {
    kind: "ask-back",
    question: fill("ask-unknown", {
      name: code(name.slice(0, 80)),
      near: close.length === 0 ? "" : ` Did you mean ${listed(close)}?`,
      known: listed(known),
    }),
  };
};

const refusedByDoor = (reason: string, remedy: string): Result => ({
  kind: "refused",
  refusals: [{ gate: "door", reason, lesson: null, remedy }],
  waitingFor: null,
});

/**
 * From a wish to a lane. The wish says what to draft; the lane is computed from the rendered change, so that neither a
 * caller nor a model chooses whose gates judge it.
 */
export const propose =
  (ports: NodePorts, lanes: readonly Lane[], readings: Readings): Node =>
  async (state, config): Promise<GraphUpdate> => {
    const { turn, run } = state;
    const reset: GraphUpdate = { proposal: null, verdict: null, decisions: [], pending: null, result: null };
    if (turn?.kind !== "propose" || run === null)
      return { ...reset, result: refusedByDoor("there is no proposal", "Ask again.") };
    const counted = { ...run, namespace: turn.wish.namespace, proposals: run.proposals + 1 };
    const end = (result: Result): GraphUpdate => ({ ...reset, run: counted, result });
    if (run.proposals >= MAX_PROPOSALS)
      return end(refusedByDoor("the default branch kept moving while this was judged", "Ask again in a while."));

    const { wish } = turn;
    if (wish.pullRequest !== undefined) return proposeReport(ports, readings, state, config, wish.pullRequest);
    if (wish.kind === "request-rollback") {
      const outcome = await proposeRollback(ports, lanes, readings, { run, wish, config });
      return outcome.kind === "ends" ? end(outcome.result) : { ...reset, run: counted, ...outcome.update };
    }
    progress(config, `reading where ${wish.namespace} stands`);
    const statuses = await ports.look.status();
    const status = statuses.find(({ name }) => name === wish.namespace);
    if (status === undefined)
      return end(
        askUnknown(
          wish.namespace,
          statuses.map(({ name }) => name),
        ),
      );
    const plan = planFor(wish, status, ports.signOff !== null);
    if (plan.kind === "waiting") return end({ ...plan, note: "" });
    if (plan.kind === "settled") return end(plan);
    if (!isBuilt(lanes, plan.lane)) return end(notBuilt(plan.lane));

    readings.forget(run.id);
    progress(config, `drafting ${wish.namespace} and reading its facts`);
    const { lane: wished, draft } = plan;
    const ask: LaneRequest = { lane: wished, draft, namespace: wish.namespace, edits: wish.edits, answer: null };
    const facts = await readings.of(run.id, ask);
    if (draft !== null && facts.changeset.files.length === 0 && mayBeLocked(ports, facts))
      return end({ kind: "settled", note: "Main already holds what would be proposed: there is nothing to change." });
    const lane = draft === null || isUndrafted(facts) ? wished : laneFor(ports, facts);
    if (!isBuilt(lanes, lane)) return end(notBuilt(lane));
    await ports.ledger.append({
      kind: "proposal",
      thread: threadOf(config),
      namespace: wish.namespace,
      body: { run: run.id, wished, lane, digest: facts.changeset.digest, base: facts.base },
    });
    return {
      ...reset,
      run: counted,
      proposal: { ...ask, lane, edits: [...ask.edits] },
      result: { kind: "on-lane", lane },
    };
  };

/** A pull request is judged by the lane that it amounts to, whoever wrote it and whatever it says of itself. */
const proposeReport = async (
  ports: NodePorts,
  readings: Readings,
  { run }: GraphState,
  config: Parameters<Node>[1],
  number: number,
): Promise<GraphUpdate> => {
  const reset: GraphUpdate = { proposal: null, verdict: null, decisions: [], pending: null, result: null };
  if (run === null) return { ...reset, result: refusedByDoor("there is no proposal", "Ask again.") };
  readings.forget(run.id);
  progress(config, `reading pull request #${number}`);
  const ask = reportOf(number);
  const facts = await readings.of(run.id, ask);
  const amounts = ports.laneOf(facts);
  const namespace = amounts.known ? (amounts.value.namespace ?? "") : "";
  const counted = { ...run, namespace, proposals: run.proposals + 1 };
  if (!amounts.known)
    return {
      ...reset,
      run: counted,
      result: refusedByDoor(`it cannot be told what it does: ${amounts.why}`, amounts.wouldHelp),
    };
  const change = changeLaneOf(amounts.value.lane);
  const lane = change === null ? ask.lane : reportLaneOf(change);
  await ports.ledger.append({
    kind: "proposal",
    thread: threadOf(config),
    namespace: namespace === "" ? null : namespace,
    body: {
      run: run.id,
      wished: ask.lane,
      lane,
      pullRequest: number,
      head: facts.reported?.head ?? null,
      digest: facts.changeset.digest,
      base: facts.base,
    },
  });
  const proposal = { ...ask, lane, namespace, edits: [] };
  return { ...reset, run: counted, proposal, result: { kind: "on-lane", lane } };
};

/**
 * A rollback asks nobody where the rollout stands: the forge may be gone, and the stage is no reason to wait. The bytes are
 * never the asker's: what is undone is worked out from the cluster.
 */
const proposeRollback = async (
  ports: NodePorts,
  lanes: readonly Lane[],
  readings: Readings,
  { run, wish, config }: { run: Run; wish: Wish; config: Parameters<Node>[1] },
): Promise<{ kind: "ends"; result: Result } | { kind: "goes"; update: GraphUpdate }> => {
  const { namespace } = wish;
  if (!isBuilt(lanes, "request-rollback")) return { kind: "ends", result: notBuilt("request-rollback") };
  readings.forget(run.id);
  progress(config, `reading what locks ${namespace}`);
  const ask = { lane: "request-rollback", draft: null, namespace, edits: [], answer: null } as const;
  const { inventory, undo, changeset, base } = await readings.of(run.id, ask);
  const known = inventory.before.known ? inventory.before.value.namespaces.map(({ name }) => name) : [];
  if (known.length > 0 && !known.includes(namespace) && undo.known && undo.value.policies.length === 0)
    return { kind: "ends", result: askUnknown(namespace, known) };
  await ports.ledger.append({
    kind: "proposal",
    thread: threadOf(config),
    namespace,
    body: { run: run.id, wished: ask.lane, lane: ask.lane, digest: changeset.digest, base },
  });
  return {
    kind: "goes",
    update: { proposal: { ...ask, edits: [] }, result: { kind: "on-lane", lane: ask.lane } },
  };
};

/** Where nothing may be locked at all, that is the answer, also when there would be nothing to change. */
const mayBeLocked = ({ catalog: { scope } }: NodePorts, facts: GateFacts): boolean =>
  !isUndrafted(facts) && (scope === undefined || judge(scope, facts).pass);

/** A gate would say no anyway, so the reader drafted nothing: then that gate's lane is the one that was asked for. */
const isUndrafted = ({ draft, request }: GateFacts): boolean =>
  draft === null && (request.draft === "allows" || request.draft === "default-deny");

const laneFor = ({ laneOf }: NodePorts, facts: GateFacts): LaneId => {
  const amounts = laneOf(facts);
  return amounts.known ? amounts.value.lane : STRICTEST;
};

const isBuilt = (lanes: readonly Lane[], id: LaneId): boolean => lanes.some((lane) => lane.id === id && lane.built);

const notBuilt = (lane: LaneId): Result =>
  refusedByDoor(`the lane ${lane} is not built yet`, "Nothing was done; this version can propose pull requests.");

/** The lane's own id leads to its first part; everything that ends here is reported. */
export const afterPropose = ({ result, turn }: GraphState): string => {
  if (result?.kind === "on-lane") return result.lane;
  return turn?.kind === "propose" && turn.wish.pullRequest !== undefined ? "notice" : "report";
};
