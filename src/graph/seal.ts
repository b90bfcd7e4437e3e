import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { isCommand, isInvalidResume, type BaseCheckpointSaver } from "@langchain/langgraph";
import { BarrierError } from "../facts/barrier.ts";
import type { Locks } from "../facts/ports.ts";
import { checkedInput, PLAIN, refuse } from "./seal-input.ts";
import { SCHEMA_VERSION } from "./state.ts";

/** Far more supersteps than any honest run takes; the caller does not choose. */
const RECURSION_LIMIT = 300;

export interface SealOptions {
  readonly locks: Locks;
  /**
   * True only where a server with auth in front overwrites `langgraph_auth_user` (V15). Otherwise the caller could name
   * anybody, and the name is dropped.
   */
  readonly trustServerUser?: boolean;
  /** How long a second run on the same thread waits for the first, in milliseconds; by default not at all. */
  readonly wait?: number;
}

/** The one funnel under `invoke`, `stream`, `batch` and `streamEvents`, whatever their version. */
const FUNNEL = "_streamIterator";

/** The parts of a compiled graph that the seal closes. */
interface Sealable {
  checkpointer?: BaseCheckpointSaver | boolean | undefined;
  _streamIterator(input: unknown, options?: Record<string, unknown>): AsyncGenerator;
  bulkUpdateState(config: unknown, steps: readonly { updates: readonly Update[] }[]): Promise<unknown>;
}
interface Update {
  readonly values?: unknown;
  readonly asNode?: string;
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

interface Asked {
  readonly thread: string;
  readonly checkpoint: string | null;
  readonly configurable: Record<string, unknown>;
}

const USER_KEYS = ["langgraph_auth_user", "langgraph_auth_user_id", "langgraph_auth_permissions"];

const checkedConfigurable = (given: unknown, trustServerUser: boolean): Asked => {
  const configurable: Record<string, unknown> = typeof given === "object" && given !== null ? { ...given } : {};
  for (const key of Object.keys(configurable))
    if (key.startsWith("__")) throw refuse("L2/internal-key", `${key} is not a caller's to set`, "Leave it out.");
  for (const key of ["checkpoint_ns", "checkpoint_map"]) {
    if (!isEmpty(configurable[key]))
      throw refuse("L2/internal-key", `${key} reaches inside the graph`, "Name the thread alone.");
    Reflect.deleteProperty(configurable, key);
  }
  if (!trustServerUser) for (const key of USER_KEYS) Reflect.deleteProperty(configurable, key);
  const thread = configurable["thread_id"];
  if (typeof thread !== "string" || thread === "" || thread.length > 300)
    throw refuse("L2/no-thread", "a run needs a thread", "Set configurable.thread_id to a name of your choice.");
  const checkpoint = configurable["checkpoint_id"];
  Reflect.deleteProperty(configurable, "checkpoint_id");
  if (!isEmpty(checkpoint) && typeof checkpoint !== "string")
    throw refuse("L2/fork", "checkpoint_id is no id", "Leave it out: a thread is continued at its head.");
  return { thread, configurable, checkpoint: typeof checkpoint === "string" && checkpoint !== "" ? checkpoint : null };
};

/** Where the saver keeps what a pause asked. */
const INTERRUPT = "__interrupt__";

/** Only the head is continued, only a state that this version can read, and only a pause is answered. */
const checkHead = async (
  saver: Sealable["checkpointer"],
  { thread, checkpoint }: Asked,
  answers: boolean,
): Promise<void> => {
  if (typeof saver !== "object") {
    if (checkpoint !== null) throw refuse("L2/fork", "there is no thread to branch from", "Leave checkpoint_id out.");
    return;
  }
  const head = await saver.getTuple({ configurable: { thread_id: thread, checkpoint_ns: "" } });
  if (checkpoint !== null && head?.checkpoint.id !== checkpoint)
    throw refuse(
      "L2/fork",
      "this is not the thread's last checkpoint",
      "Continue the thread at its head, or ask anew on a new thread: what is past is not judged again.",
    );
  if (answers && head?.pendingWrites?.some(([, channel]) => channel === INTERRUPT) !== true)
    throw refuse(
      "L2/no-pause",
      "this thread waits for no answer: it was never asked, or was answered before",
      "Ask for it again; an answer counts once, on the thread that waits for it.",
    );
  const version: unknown = head?.checkpoint.channel_values["schemaVersion"];
  if (typeof version === "number" && version > SCHEMA_VERSION)
    throw refuse(
      "L2/version",
      `the thread was written by a later version (state ${version}, this one reads up to ${SCHEMA_VERSION})`,
      "Upgrade network-operator, or ask on a new thread.",
    );
};

/**
 * What a caller may say of a run beside its thread: how it is watched and traced, and when it is to stop. Breakpoints,
 * context, caches, savers and who the server says it is (`serverInfo`) are not among it.
 */
const PASSED_ON = [
  "callbacks",
  "debug",
  "encoding",
  "maxConcurrency",
  "metadata",
  "outputKeys",
  "runId",
  "runName",
  "signal",
  "streamMode",
  "subgraphs",
  "tags",
  "version",
];

/** A run started inside another graph's node would take that run's internal keys from the air. */
const checkAmbient = (): void => {
  const around: unknown = AsyncLocalStorageProviderSingleton.getRunnableConfig()?.configurable;
  const key = Object.keys(typeof around === "object" && around !== null ? around : {}).find((k) => k.startsWith("__"));
  if (key !== undefined)
    throw refuse("L2/internal-key", `${key} of another run is in the air`, "Run this graph outside of other graphs.");
};

/** Only what the server wrote, and only where there is one. */
const serverInfoOf = (configurable: Record<string, unknown>, trusted: boolean): Record<string, unknown> => {
  const text = (key: string): string => (typeof configurable[key] === "string" ? configurable[key] : "");
  const user = trusted ? configurable["langgraph_auth_user"] : undefined;
  return {
    assistantId: text("assistant_id"),
    graphId: text("graph_id"),
    ...(typeof user === "object" && user !== null ? { user } : {}),
  };
};

/** The server dismisses a pause with exactly this: nothing, as the end. It can reach no effect. */
const dismisses = (steps: readonly { updates: readonly Update[] }[]): boolean =>
  steps.length === 1 &&
  steps[0]?.updates.length === 1 &&
  steps[0].updates.every(({ values, asNode }) => (values === null || values === undefined) && asNode === "__end__");

/** An answer of another form than the pause asks for is refused in our words; the pause stands. */
async function* answered(input: unknown, run: AsyncGenerator): AsyncGenerator {
  try {
    yield* run;
  } catch (error) {
    if (!isCommand(input) || !isInvalidResume(error)) throw error;
    throw new BarrierError("L2/input", "the answer is not of the form that the pause asks for", {
      where: "graph",
      remedy: 'Resume with { attestation: "<id>" } or { confirmation: "<id>", digest: "<digest>" }, as its card says.',
      cause: error,
    });
  }
}

/**
 * Closes every entry point of a compiled graph in place: plain input and schema-checked resumes, at the head of a
 * thread, one run per thread across processes, written down before the next step begins.
 *
 * @throws BarrierError from each closed way, with its code (`L2/…`)
 */
export const seal = <Graph extends object>(graph: Graph, options: SealOptions): Graph => {
  const inner = graph as unknown as Sealable;
  if (typeof inner[FUNNEL] !== "function" || typeof inner.bulkUpdateState !== "function")
    throw refuse("L2/reconfigured", "this LangGraph has other entry points than the seal knows", "Pin the version.");
  const stream: Sealable[typeof FUNNEL] = inner[FUNNEL].bind(graph);
  const update: Sealable["bulkUpdateState"] = inner.bulkUpdateState.bind(graph);

  const trusted = options.trustServerUser === true;

  const sealed: Record<string, unknown> = {
    async *_streamIterator(input: unknown, given: Record<string, unknown> = {}) {
      const checked = checkedInput(input);
      checkAmbient();
      const asked = checkedConfigurable(given["configurable"], trusted);
      const rest = Object.fromEntries(Object.entries(given).filter(([key]) => PASSED_ON.includes(key)));
      const lock = await options.locks.acquire(`thread:${asked.thread}`, options.wait ?? 0).catch((cause: unknown) => {
        throw new BarrierError("L2/busy", "another run holds this thread", {
          where: asked.thread,
          remedy: "Wait for it to end, or ask on another thread.",
          cause,
        });
      });
      try {
        await checkHead(inner.checkpointer, asked, isCommand(checked));
        yield* answered(
          checked,
          stream(checked, {
            ...rest,
            configurable: { ...asked.configurable, __pregel_strict_resume: true },
            serverInfo: serverInfoOf(asked.configurable, trusted),
            interruptBefore: [],
            interruptAfter: [],
            recursionLimit: RECURSION_LIMIT,
            durability: "sync",
          }),
        );
      } finally {
        lock.release();
      }
    },
    async bulkUpdateState(config: unknown, steps: readonly { updates: readonly Update[] }[]) {
      if (!dismisses(steps)) throw refuse("L2/state-edit", "state is not a caller's to edit", PLAIN);
      const asked = checkedConfigurable((config as { configurable?: unknown } | null)?.configurable, trusted);
      await checkHead(inner.checkpointer, asked, false);
      return update({ configurable: asked.configurable }, steps);
    },
    updateState: (config: unknown, values: unknown, asNode?: string) => {
      const step = asNode === undefined ? { values } : { values, asNode };
      return sealedUpdate(config, [{ updates: [step] }]);
    },
    withConfig: () => {
      throw refuse("L2/reconfigured", "a sealed graph is not rebuilt with other settings", "Pass them with each run.");
    },
  };
  const sealedUpdate = sealed["bulkUpdateState"] as Sealable["bulkUpdateState"];
  for (const [name, value] of Object.entries(sealed))
    Object.defineProperty(graph, name, { value, writable: false, configurable: false, enumerable: false });
  return graph;
};
