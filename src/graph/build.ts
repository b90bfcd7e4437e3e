import { readingTools } from "../../tools/reading.ts";
import { BarrierError } from "../facts/barrier.ts";
import { openPullRequest } from "./effects/open-pull-request.ts";
import { postGreen } from "./effects/post-green.ts";
import { recordSignOff } from "./effects/record-sign-off.ts";
import { rollBack } from "./effects/roll-back.ts";
import type { GateCatalog } from "./gate.ts";
import { GuardedGraph, type Compiled } from "./guarded.ts";
import {
  builtLanes,
  effectNode as effectId,
  gateNode as gateId,
  gatesOf,
  entryNode,
  LANES,
  pauseNode as pauseId,
  refusalNode,
  type Lane,
  type PauseId,
} from "./lanes.ts";
import { answer } from "./nodes/answer.ts";
import { afterEffect, effectNode, type Effect } from "./nodes/effect.ts";
import { afterGate, gateNode } from "./nodes/gate.ts";
import { afterIntake, intake } from "./nodes/intake.ts";
import { look } from "./nodes/look.ts";
import { notice } from "./nodes/notice.ts";
import { afterOperator, operator } from "./nodes/operator.ts";
import { awaitAnswer } from "./nodes/pause.ts";
import type { Node } from "./nodes/kit.ts";
import { prepareRollback } from "./nodes/prepare-rollback.ts";
import { afterPrepare, prepareSignOff } from "./nodes/prepare-sign-off.ts";
import { afterPropose, propose } from "./nodes/propose.ts";
import { afterReport, report } from "./nodes/report.ts";
import type { GraphPorts, NodePorts, SignOffDesk } from "./ports.ts";
import { makeReadings, type Readings } from "./readings.ts";
import { seal } from "./seal.ts";
import { Input, State, type GraphState, type GraphUpdate } from "./state.ts";
import { END, START, type Topology } from "./topology.ts";

const gateOf = (catalog: GateCatalog, lane: Lane, id: ReturnType<typeof gatesOf>[number]) => {
  const gate = catalog[id];
  if (gate !== undefined) return gate;
  throw new BarrierError("L1/wiring", `the lane ${lane.id} names the gate ${id}, and there is none`, {
    remedy: `Write src/graph/gates/${id}.ts, or take it out of the lane.`,
  });
};

const notBuilt = (lane: Lane, what: string): BarrierError =>
  new BarrierError("L1/wiring", `the lane ${lane.id} needs ${what}, and there is no such thing`, {
    remedy: "Build it, or mark the lane as planned.",
  });

const effectOf = (lane: Lane, ports: GraphPorts): Effect => {
  const pullRequests = { forge: ports.forge, text: ports.pullRequestText };
  if (lane.effect === "open-pull-request") return (clearance) => openPullRequest(clearance, pullRequests);
  if (lane.effect === "roll-back") return (clearance) => rollBack(clearance, ports.rollback, pullRequests);
  if (lane.effect === "record-sign-off") return (clearance) => recordSignOff(clearance, ports.signOff);
  if (lane.effect === "post-green")
    return (clearance) => postGreen(clearance, { forge: ports.forge, check: ports.check });
  throw notBuilt(lane, `the effect ${String(lane.effect)}`);
};

/** What freezes the question of each pause. */
const PREPARES: Readonly<Record<PauseId, (eyes: NodePorts, readings: Readings) => Node>> = {
  "sign-off": prepareSignOff,
  confirmation: prepareRollback,
};

/** Everything but the hands: a node can look, judge and ask, and only an effect's node is given a writer. */
const nodePorts = (ports: GraphPorts): NodePorts => {
  const { look, reader, catalog, laneOf, ledger, clock, locks, model, checkpointer, signOff, check, rollback } = ports;
  const desk: SignOffDesk | null =
    signOff === null
      ? null
      : {
          putRequest: (request) => signOff.putRequest(request),
          requests: (namespace) => signOff.requests(namespace),
          page: (request) => signOff.page(request),
        };
  return {
    look,
    reader,
    catalog,
    laneOf,
    ledger,
    clock,
    locks,
    model,
    checkpointer,
    signOff: desk,
    hasRollback: rollback !== null,
    check: { read: check.read, notices: check.notices },
  };
};

/**
 * The wiring, not yet compiled: it reads as the diagram.
 *
 *     intake -> operator <-> look
 *                  | proposes one thing
 *               propose -> gate ... gate -> effect -> report -> answer
 *                            | refused                ^  |
 *                            +------------------------+  +-> operator, a bounded number of times
 */
export const wire = (
  ports: GraphPorts,
  lanes: readonly Lane[] = LANES,
): GuardedGraph<typeof State.fields, typeof Input.fields> => {
  const built = builtLanes(lanes);
  const eyes = nodePorts(ports);
  const tools = readingTools(eyes.look);
  const readings = makeReadings(eyes.reader);

  const graph = new GuardedGraph(State, Input)
    .step("intake", intake(eyes))
    .step("operator", operator(eyes, tools))
    .step("look", look(tools))
    .step("propose", propose(eyes, built, readings))
    .step("notice", notice(eyes, built, readings))
    .step("report", report(readings))
    .step("answer", answer(eyes))
    .edge(START, "intake")
    .route("intake", afterIntake, { operate: "operator", propose: "propose", answer: "answer" })
    .route("operator", afterOperator, { look: "look", propose: "propose", answer: "answer" })
    .edge("look", "operator")
    .edge("notice", "report")
    .route("report", afterReport, { operate: "operator", answer: "answer" })
    .edge("answer", END);

  for (const lane of built) addLane(graph, lane, ports, readings);
  const entries = built.map((lane) => [lane.id, stopsOf(lane)[0] ?? effectId(lane)] as const);
  return graph.route("propose", afterPropose, { ...Object.fromEntries(entries), notice: "notice", report: "report" });
};

/** Every node of a lane in order, the effect last. */
const stopsOf = (lane: Lane): readonly string[] => [
  ...lane.parts.map((part) => entryNode(lane.id, part)),
  effectId(lane),
];

/** A lane of data becomes nodes and edges: pass leads on, refuse leads to the report. */
const addLane = (
  graph: GuardedGraph<typeof State.fields, typeof Input.fields>,
  lane: Lane,
  ports: GraphPorts,
  readings: ReturnType<typeof makeReadings>,
): void => {
  const eyes = nodePorts(ports);
  const effect = effectId(lane);
  const stops = stopsOf(lane);
  lane.parts.forEach((part, at) => {
    const id = entryNode(lane.id, part);
    const next = stops[at + 1] ?? effect;
    if ("gate" in part) {
      const gate = gateOf(eyes.catalog, lane, part.gate);
      graph.gate(id, gate.depth, gateNode(lane.id, gate, eyes, readings));
      graph.route(id, afterGate(lane.id, gate), { pass: next, refuse: refusalNode(lane) });
      return;
    }
    const pause = pauseId(lane.id, part.pause);
    graph.step(id, PREPARES[part.pause](eyes, readings)).route(id, afterPrepare, { asked: pause, refused: "report" });
    graph.pause(pause, awaitAnswer).edge(pause, next);
  });
  graph.effect(
    effect,
    gatesOf(lane).map((id) => gateId(lane.id, id)),
    effectNode(lane, effectOf(lane, ports), eyes),
  );
  graph.route(effect, afterEffect, {
    done: "report",
    adopted: "report",
    refused: refusalNode(lane),
    again: "propose",
  });
};

export type OperatorGraph = Compiled<GraphState, GraphUpdate>;

/**
 * The agent: a pure factory, so that two configurations never share a thing. The graph it returns is sealed.
 *
 * @throws BarrierError `L1/wiring` when an effect could be had without a gate of its lane
 */
export const buildGraph = (
  ports: GraphPorts,
  options: { readonly lanes?: readonly Lane[]; readonly trustServerUser?: boolean; readonly wait?: number } = {},
): OperatorGraph => {
  const graph = wire(ports, options.lanes).compile({ checkpointer: ports.checkpointer, name: "network-operator" });
  const { trustServerUser = false, wait = 0 } = options;
  return seal(graph, { locks: ports.locks, trustServerUser, wait });
};

/** The graph's shape alone: wiring touches no port but the catalog, so none is needed to draw it or to prove it. */
export const topologyOf = (catalog: GateCatalog, lanes: readonly Lane[] = LANES): Topology =>
  wire({ catalog, signOff: null, rollback: null, check: {} } as unknown as GraphPorts, lanes).topology;
