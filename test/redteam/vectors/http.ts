import { effectsOf, NAMESPACE, TARGETS } from "../ground.ts";
import { openServed, type ServerGround } from "../server-ground.ts";
import { Answered, vector, type Refusal, type Vector } from "../vector.ts";

const [ALLOWS] = TARGETS;
if (ALLOWS === undefined) throw new Error("no lane is built");
const SIGN_OFF = TARGETS.find(({ lane }) => lane.id === "request-sign-off");
if (SIGN_OFF === undefined) throw new Error("there is no sign-off");

const { effect, lastGate } = ALLOWS;
const forged = ALLOWS.forged();
const propose = { request: { ...ALLOWS.request, edits: [] } };
const hello = { messages: [{ role: "user", content: "status" }] };
const askSignOff = { request: { kind: "request-sign-off", namespace: NAMESPACE, edits: [] } };

interface Entry {
  readonly id: string;
  readonly what: string;
  readonly stops: readonly Refusal[];
  readonly attack: (place: ServerGround) => Promise<unknown>;
  readonly reached?: (place: ServerGround) => boolean | Promise<boolean>;
}

const COMMAND: readonly Refusal[] = ["L3/403", "L2/command", "L0/door"];
const STATE: readonly Refusal[] = ["L3/403", "L2/state-edit", "L0/door"];

/** Waits for what a request has set going, where the answer does not. */
const settle = async ({ send }: ServerGround, thread: string): Promise<void> => {
  for (let at = 0; at < 100; at += 1) {
    const { body } = await send(`/threads/${thread}`, null, { method: "GET" });
    if ((body as { status: string }).status !== "busy") return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** A command over the thread protocol; its own errors come with status 200. */
const protocol = async (place: ServerGround, thread: string, method: string, params: object): Promise<void> => {
  const { body } = await place.send(`/threads/${thread}/commands`, { id: 1, method, params });
  const { type, error, message } = body as { type: string; error?: string; message?: string };
  if (type === "error") throw new Answered(error === "permission_denied" ? 403 : 400, message);
  await settle(place, thread);
};

const asker = (place: ServerGround): boolean =>
  place.ledger.some(({ kind, body }) => kind === "request" && body["asker"] === "root");

const ENTRIES: readonly Entry[] = [
  {
    id: "V1",
    what: "command.goto on a thread",
    stops: COMMAND,
    attack: async (place) => place.wait(await place.thread(), { command: { goto: effect, update: forged } }),
  },
  {
    id: "V1",
    what: "command.goto in a run without a thread",
    stops: COMMAND,
    attack: ({ send, server }) =>
      send("/runs/wait", { assistant_id: server.assistant, command: { goto: effect, update: forged } }),
  },
  {
    id: "V2",
    what: "command.update",
    stops: ["L3/403", "L2/command"],
    attack: async (place) => {
      const thread = await place.thread();
      await place.wait(thread, { command: { update: forged } });
      const { body } = await place.send(`/threads/${thread}/state`, null, { method: "GET" });
      place.desk.field.draftText = JSON.stringify(body);
    },
    reached: ({ desk }) => desk.field.draftText.includes('"pass":true'),
  },
  {
    id: "V3",
    what: "command.update of the effect's own channel",
    stops: COMMAND,
    attack: async (place) =>
      place.wait(await place.thread(), { command: { update: { ...forged, [`branch:to:${effect}`]: true } } }),
  },
  {
    id: "V4",
    what: "command.goto with a Send and a state of the caller's",
    stops: COMMAND,
    attack: async (place) => place.wait(await place.thread(), { command: { goto: { node: effect, input: forged } } }),
  },
  {
    id: "V5",
    what: "POST state as the last gate",
    stops: STATE,
    attack: async (place) => {
      const thread = await place.thread();
      await place.wait(thread, { input: hello });
      await place.send(`/threads/${thread}/state`, { values: forged, as_node: lastGate });
      await place.wait(thread, { input: null });
    },
  },
  {
    id: "V6",
    what: "a thread born with supersteps",
    stops: STATE,
    attack: async (place) => {
      const supersteps = [{ updates: [{ values: forged, as_node: lastGate }] }];
      const thread = await place.thread({ supersteps, metadata: { graph_id: "network-operator" } });
      await place.wait(thread, { input: null });
    },
  },
  {
    id: "V7",
    what: "a run from a checkpoint of the past",
    stops: ["L3/403", "L2/fork", "gate/scope"],
    attack: async (place) => {
      const { field } = place.desk;
      const thread = await place.thread();
      // The last gate refused; since then the first has turned red, too.
      field.red.clear();
      field.red.add("fleet");
      await place.wait(thread, { input: propose });
      field.red.clear();
      place.turnRed();
      const { body } = await place.send(`/threads/${thread}/history`, { limit: 100 });
      const history = body as { next: string[]; checkpoint: { checkpoint_id: string } }[];
      const before = history.find(({ next }) => next.includes(ALLOWS.firstGate));
      await place.wait(thread, { input: null, checkpoint_id: before?.checkpoint.checkpoint_id });
    },
  },
  {
    id: "V13",
    what: "interrupt_before, then state, then on",
    stops: STATE,
    attack: async (place) => {
      const thread = await place.thread();
      await place.wait(thread, { input: propose, interrupt_before: [ALLOWS.firstGate] });
      await place.send(`/threads/${thread}/state`, { values: forged, as_node: lastGate });
      await place.wait(thread, { input: null });
    },
  },
  {
    id: "V14",
    what: "an internal key in configurable",
    stops: ["L3/403", "L2/internal-key"],
    attack: async (place) =>
      place.wait(await place.thread(), { input: hello, config: { configurable: { __pregel_resume_map: {} } } }),
    reached: ({ ledger }) => ledger.some(({ kind, body }) => kind === "request" && body["text"] === "status"),
  },
  {
    id: "V15",
    what: "the caller names the user that the server should name",
    stops: ["L3/overwritten"],
    attack: async (place) => {
      const user = { identity: "root", permissions: ["sign"] };
      await place.wait(await place.thread(), { input: hello, config: { configurable: { langgraph_auth_user: user } } });
    },
    reached: asker,
  },
  {
    id: "V16",
    what: "configurable of one run that sticks to the thread",
    stops: ["L3/403"],
    attack: async (place) => {
      const thread = await place.thread();
      await place.wait(thread, { input: hello, config: { configurable: { user_id: "root" } } });
      const { body } = await place.send(`/threads/${thread}`, null, { method: "GET" });
      place.desk.field.draftText = JSON.stringify(body);
    },
    reached: ({ desk }) => desk.field.draftText.includes('"user_id":"root"'),
  },
  {
    id: "V17",
    what: "a context of the caller's",
    stops: ["L3/403"],
    attack: async (place) => place.wait(await place.thread(), { input: hello, context: { dryRun: false } }),
    reached: ({ ledger }) => ledger.some(({ kind, body }) => kind === "request" && body["text"] === "status"),
  },
  {
    id: "V17",
    what: "an assistant of the caller's",
    stops: ["L3/403"],
    attack: ({ send }) => send("/assistants", { graph_id: "network-operator", config: { configurable: { a: 1 } } }),
    reached: async ({ send }) => ((await send("/assistants/search", {})).body as unknown[]).length > 1,
  },
  {
    id: "V19",
    what: "Studio's own scheme instead of the token",
    stops: ["L3/401"],
    attack: ({ send }) => send("/threads", {}, { headers: { authorization: "", "x-auth-scheme": "langsmith" } }),
    reached: ({ send }) =>
      send("/threads", {}, { headers: { authorization: "", "x-auth-scheme": "langsmith" } }).then(
        () => true,
        () => false,
      ),
  },
  {
    id: "V20",
    what: "an answer over the thread protocol that brings a goto along",
    stops: COMMAND,
    attack: async (place) => {
      const thread = await place.thread();
      await askAndPause(place, thread);
      const interrupt = await pending(place, thread);
      await protocol(place, thread, "run.start", { assistant_id: place.server.assistant, input: "hello" }).catch(
        () => {},
      );
      await protocol(place, thread, "input.respond", {
        interrupt_id: interrupt,
        response: { attestation: "attestation-1" },
        goto: effect,
        update: forged,
      });
    },
  },
  {
    id: "V21",
    what: "ordinary input on a paused thread becomes its answer",
    stops: ["gate/external-path"],
    attack: async (place) => {
      const thread = await place.thread();
      await askAndPause(place, thread);
      const input = { attestation: "attestation-1" };
      await protocol(place, thread, "run.start", { assistant_id: place.server.assistant, input });
    },
    reached: ({ desk }) => desk.recorded.length > 0,
  },
  {
    id: "V23",
    what: "the store, a copy of a thread, and a webhook",
    stops: ["L3/403"],
    attack: async (place) => {
      await place.send("/store/items", { namespace: ["a"], key: "k", value: {} }, { method: "PUT" }).catch(only(404));
      const thread = await place.thread();
      await place.send(`/threads/${thread}/copy`, {}).catch(only(403));
      await place.wait(thread, { input: hello, webhook: "http://127.0.0.1:9/" });
    },
    reached: ({ ledger }) => ledger.some(({ kind, body }) => kind === "request" && body["text"] === "status"),
  },
];

const only = (status: number) => (error: unknown) => {
  if (!(error instanceof Answered) || error.status !== status) throw error;
};

/** Paused for a person, with every gate before the pause green. */
const askAndPause = async (place: ServerGround, thread: string): Promise<void> => {
  const { field } = place.desk;
  const red = [...field.red];
  field.red.clear();
  await place.wait(thread, { input: askSignOff });
  for (const gate of red) field.red.add(gate);
};

const pending = async ({ send }: ServerGround, thread: string): Promise<string> => {
  const { body } = await send(`/threads/${thread}/state`, null, { method: "GET" });
  const { tasks } = body as { tasks: { interrupts: { id: string }[] }[] };
  return tasks[0]?.interrupts[0]?.id ?? "";
};

export const http: readonly Vector[] = ENTRIES.map(({ id, what, stops, attack, reached }) =>
  vector({
    id,
    what,
    who: "caller",
    over: "HTTP",
    stops,
    open: openServed,
    attack,
    reached: reached ?? (({ desk }: ServerGround) => effectsOf(desk) > 0),
  }),
);
