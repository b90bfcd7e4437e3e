import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Draft } from "../facts/draft.ts";
import type { StatusReport } from "../facts/status.ts";
import type { SourceTree } from "../facts/tree.ts";
import { campaignSettings, ciliumSettings } from "../config/settings.ts";
import { attestationReader } from "../rollout/attestations.ts";
import { statusReport } from "../rollout/status.ts";
import type { Answer } from "../graph/answer.ts";
import type { askGraph as AskGraph, Question } from "../graph/ask.ts";
import type { OperatorGraph } from "../graph/build.ts";
import type { Rollback } from "../graph/facts/rollback.ts";
import type { Lane } from "../graph/lanes.ts";
import type { lookAround as LookAround, WalkView } from "../graph/looking.ts";
import type { GraphPorts } from "../graph/ports.ts";
import type { Pending, StructuredRequest } from "../graph/state.ts";
import { openCluster } from "./cluster.ts";
import { evidenceToRead } from "./evidence.ts";
import { openPlace, type Place, type Stage } from "./place.ts";
import { rehearsalsIn } from "./rehearsals.ts";
import { openRollbackParts, type RehearsedLock } from "./rollback-parts.ts";
import { firstDay } from "./sample.ts";
import type { Setting } from "./setting.ts";
import { tickOnce, type Tick } from "./tick.ts";
import { partyOf, signersOf } from "./signoff.ts";

/** Everything a face can ask for. */
export interface Agent {
  readonly place: Place;
  /** Sealed: for the LangGraph server and whoever speaks its protocol. */
  readonly graph: OperatorGraph;
  /** Words, on a thread of their own unless one is named. */
  ask(request: { readonly text: string; readonly thread: string | null }): Promise<Answer>;
  /** Straight to a lane, without a model. */
  request(request: {
    readonly kind: StructuredRequest["kind"];
    readonly namespace: string | null;
    readonly edits?: StructuredRequest["edits"];
    readonly pullRequest?: number;
    readonly thread: string;
  }): Promise<Answer>;
  status(): Promise<StatusReport>;
  /**
   * One tick of the campaign. `settled` is what a process that ticks more than once remembers of checks that bytes alone
   * decided.
   */
  tick(settled?: Set<string>): Promise<Tick>;
  draft(namespace: string, kind: "allows" | "default-deny"): Promise<Draft>;
  /** Answers a pause with a stored attestation's id; the gates behind the pause decide. */
  attest(id: string, thread: string): Promise<Answer>;
  /** What a rollback would undo now, by namespace; of one, or of all that the rollout locked or adopted. */
  rollbacks(namespace: string | null): Promise<readonly Rollback[]>;
  /** Owner, rights and dry runs of every lock that stands; `fault` as the gate `rollback-rehearsed` would say it. */
  rehearse(namespace: string | null): Promise<readonly RehearsedLock[]>;
  /** What a person is asked on this thread, as it was frozen; null when nothing is. */
  pending(thread: string): Promise<Pending | null>;
  /** Answers a rollback's pause with the id of a confirmation from the terminal; the gates behind the pause decide. */
  confirm(confirmation: string, digest: string, thread: string): Promise<Answer>;
  /** What was really seen in the last hour, as Prometheus text; empty where there is no evidence. */
  metrics(): Promise<string>;
  /** What a walk of the namespace must cause, as Hubble saw it since a moment (milliseconds since the epoch). */
  walk(namespace: string, since: number): Promise<WalkView>;
  dispose(): Promise<void>;
}

export interface AgentOptions {
  /** For the evals' mutants: a graph with a gate taken out, to prove that the gate is what holds. */
  readonly lanes?: readonly Lane[];
  /** For the evals: a tick that looks for no drops shows what the watch is worth. */
  readonly watchDrops?: boolean;
  /** For the evals: a model that nobody would configure. */
  readonly model?: () => Promise<BaseChatModel>;
  /** For a server with auth in front, and for nobody else. */
  readonly trustServerUser?: boolean;
}

export const openAgent = async (setting: Setting, options: AgentOptions = {}): Promise<Agent> =>
  (await openAgents(setting))(options);

/**
 * Every adapter once, and an agent over them as often as asked: they read the same facts and share what bytes alone
 * decide. Disposing of one closes the adapters of all.
 */
export const openAgents = async (
  setting: Setting,
  { emergency = false, stage = null }: { readonly emergency?: boolean; readonly stage?: Stage | null } = {},
): Promise<(options?: AgentOptions) => Agent> => {
  const place = await openPlace(setting, { emergency, stage });
  const { config, state, progress } = setting;
  const { clock, forge, facts, world, ledger } = place;
  if (world !== null && !emergency) await firstDay(setting, world);
  // A rollback reads no evidence, and the store may be what is down.
  const evidence = emergency ? null : await evidenceToRead(setting, world !== null);
  progress.step("reading repository, cluster and evidence");
  const served = (await world?.serve()) ?? null;
  const cluster = await openCluster(setting, served);
  const rollback = await openRollbackParts(setting, served, clock, stage);
  const rehearsals = rehearsalsIn(setting);
  const [
    graphs,
    { askGraph },
    { lookAround },
    { factsReader },
    { gates },
    { laneOf },
    text,
    checkpoints,
    locks,
    signoff,
    secret,
    model,
    gitops,
    edit,
    kustomize,
  ] = await Promise.all([
    import("../graph/build.ts"),
    import("../graph/ask.ts"),
    import("../graph/looking.ts"),
    import("../graph/facts/reader.ts"),
    import("../graph/gates/index.ts"),
    import("../graph/facts/lane-of.ts"),
    import("../graph/effects/pull-request-text.ts"),
    import("../store/checkpoints.ts"),
    import("../store/lock.ts"),
    import("../store/signoff.ts"),
    import("../store/secret.ts"),
    import("../model/model.ts"),
    import("../gitops/inventory.ts"),
    import("../gitops/edit.ts"),
    import("../gitops/kustomize.ts"),
  ]);
  const signOffs = signoff.openSignOffStore(join(state, "signoff.sqlite"), clock);
  const party = partyOf(setting);
  const ports = {
    forge,
    clock,
    campaign: campaignSettings(config),
    settings: ciliumSettings(config),
    facts,
    cluster,
    evidence,
    attestations: attestationReader({ store: signOffs, keys: () => signersOf(setting).keys(), party }),
    readInventory: (tree: SourceTree) => gitops.readInventory(tree, facts),
    writer: edit.writer,
    build: async (tree: SourceTree, folders: readonly string[]): Promise<ReadonlyMap<string, string>> => {
      const failures = await kustomize.kustomizeFailures(tree, folders);
      return new Map([...failures].map(([at, { where, what }]) => [at, `${where.file}:${where.line}: ${what}`]));
    },
    rollback: rollback.rollback,
    confirmation: rollback.confirmation,
    play: rehearsals.play,
  };
  const look = lookAround(ports);
  const back = rollback.over(ports);
  const saver = checkpoints.openCheckpoints(
    join(state, "checkpoints.sqlite"),
    process.env["NETWORK_OPERATOR_CHECKPOINT_KEY"] ?? secret.secretFile(join(state, "keys", "checkpoints")),
  );
  const graphPorts: GraphPorts = {
    look,
    reader: factsReader(ports),
    catalog: gates,
    laneOf,
    forge,
    check: place.check,
    pullRequestText: text.pullRequestText,
    signOff: {
      ...signOffs,
      // A request that was answered is over, whatever the gates said to the answer: the next walk is a new one.
      requests: (namespace) => signOffs.unanswered(namespace),
      page: (id) => `${party.origin}/signoff/${id}`,
    },
    rollback: back.hands,
    ledger,
    clock,
    locks: locks.processLocks(join(state, "locks")),
    model: model.chatModel(config.model),
    checkpointer: saver,
  };
  const dispose = async (): Promise<void> => {
    saver.dispose();
    signOffs.dispose();
    rollback.dispose();
    rehearsals.dispose();
    await served?.close();
    await evidence?.dispose();
    await place.dispose();
  };
  const metrics = async (): Promise<string> => {
    if (evidence === null) return "";
    const { evidenceMetrics } = await import("../store/evidence-metrics.ts");
    return evidenceMetrics(evidence, clock.now());
  };

  return ({ model: other, watchDrops = true, ...options } = {}) => {
    const graph = graphs.buildGraph(other === undefined ? graphPorts : { ...graphPorts, model: other }, options);
    const watch = watchDrops ? look : { ...look, drops: async () => [] };
    return agentOver({ graph, place, look: watch, askGraph, setting, back, metrics, dispose });
  };
};

/** The faces' questions, put to one graph. */
const agentOver = (parts: {
  readonly graph: OperatorGraph;
  readonly place: Place;
  readonly look: ReturnType<typeof LookAround>;
  readonly askGraph: typeof AskGraph;
  readonly setting: Setting;
  readonly back: Pick<Agent, "rollbacks" | "rehearse">;
  readonly metrics: Agent["metrics"];
  readonly dispose: Agent["dispose"];
}): Agent => {
  const { graph, place, look, askGraph, setting, back, metrics, dispose } = parts;
  const put = (question: Question, thread: string): Promise<Answer> =>
    askGraph(graph, question, { thread, onProgress: (said) => setting.progress.step(said) });

  const agent: Agent = {
    place,
    graph,
    ask: ({ text: words, thread }) => put({ text: words }, thread ?? `ask:${randomUUID()}`),
    request: ({ kind, namespace, edits, pullRequest, thread }) =>
      put({ request: { kind, namespace, edits: [...(edits ?? [])], pullRequest: pullRequest ?? null } }, thread),
    status: async () => {
      const survey = await look.survey();
      return statusReport(survey, await look.drops(survey));
    },
    tick: (settled = new Set()) => tickOnce({ place, look, request: (asked) => agent.request(asked) }, settled),
    draft: (namespace, kind) => look.draftOf(namespace, kind),
    walk: (namespace, since) => look.walk(namespace, since),
    attest: (id, thread) => put({ attestation: id }, thread),
    rollbacks: (namespace) => back.rollbacks(namespace),
    rehearse: (namespace) => back.rehearse(namespace),
    pending: async (thread) => {
      const { values } = await graph.getState({ configurable: { thread_id: thread } });
      return values.pending;
    },
    confirm: (confirmation, digest, thread) => put({ confirmation, digest }, thread),
    metrics,
    dispose,
  };
  return agent;
};
