import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { createHash } from "node:crypto";
import { changeset, type ChangeKind, type FileChange } from "../../src/facts/changeset.ts";
import { defaultCampaign } from "../../src/facts/campaign.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Draft } from "../../src/facts/draft.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import { known, unknown } from "../../src/facts/known.ts";
import type { CheckState, ForgeReader, ForgeWriter, Ledger, LedgerEntry, Locks } from "../../src/facts/ports.ts";
import { changeLaneOf, GATES, type GateId, type LaneId, type Stage } from "../../src/facts/rollout.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { overlay } from "../../src/facts/tree.ts";
import type { Gate, GateCatalog, GateFacts, LaneRequest } from "../../src/graph/gate.ts";
import type { GraphPorts } from "../../src/graph/ports.ts";
import { Playbook } from "../../src/model/playbook.ts";
import type { Look, NamespaceStatus } from "../../tools/look.ts";
import { memoryForge, type MemoryForge } from "./memory-forge.ts";

/** A field of four namespaces that obeys: whatever a test sets here is what the gates read. */
export interface Field {
  readonly forge: MemoryForge;
  readonly ports: GraphPorts;
  readonly ledger: LedgerEntry[];
  /** Gates that refuse, as read at the moment facts are read. */
  readonly red: Set<GateId>;
  stages: Record<string, NamespaceStatus>;
  /** Text of the drafted file; different text is a different digest. */
  draftText: string;
  /** Counts every pass over the facts. */
  reads: LaneRequest[];
  /** Called before each pass; the world may move here. */
  onRead: (pass: number, request: LaneRequest) => void;
  /** What the door may have seen swapped underneath it. */
  tamper: (facts: GateFacts) => GateFacts;
}

const LANE_KIND: Partial<Record<LaneId, ChangeKind>> = {
  "propose-allows": "allows",
  "propose-default-deny": "default-deny",
  "propose-repair": "repair",
};

const standing = (name: string, stage: Stage = "surveyed"): NamespaceStatus => ({
  name,
  stage,
  waitingFor: null,
  pullRequest: null,
});

/** By the trees of one pass, which stay the same objects whatever is spread around them. */
const redOf = new WeakMap<GateFacts["tree"], ReadonlySet<GateId>>();

/** Gates that read what the field says, through the facts of one pass and nothing else. */
export const fakeGates = (depth: Gate["depth"] = "full"): GateCatalog =>
  Object.fromEntries(
    GATES.map((id, at): [GateId, Gate] => [
      id,
      {
        id,
        title: id,
        lessons: [at + 1],
        depth,
        needs: ["changeset"],
        judge: (facts) =>
          redOf.get(facts.tree)?.has(id) === false
            ? { gate: id, pass: true, read: ["field"], notes: [] }
            : { gate: id, pass: false, reason: `${id} is red`, lesson: at + 1, remedy: "Wait.", read: ["field"] },
      },
    ]),
  );

/** In one process; who holds is told to who comes second. */
export const memoryLocks = (): Locks => {
  const held = new Set<string>();
  return {
    acquire: async (name, wait) => {
      for (const end = Date.now() + wait; held.has(name);) {
        if (Date.now() >= end) throw new OperatorError("busy", `${name} is busy`, { remedy: "Try again." });
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      held.add(name);
      return { release: () => void held.delete(name) };
    },
  };
};

/** The newest word on each commit. */
export const memoryCheck = (): GraphPorts["check"] & { readonly said: Map<string, CheckState & { text: string }> } => {
  const said = new Map<string, CheckState & { text: string }>();
  return {
    said,
    read: { check: (head) => Promise.resolve(said.get(head) ?? null) },
    notices: { notice: ({ head, ...word }) => Promise.resolve(void said.set(head, word)) },
    green: { green: ({ head, ...word }) => Promise.resolve(void said.set(head, { state: "success", ...word })) },
  };
};

const memoryLedger = (entries: LedgerEntry[]): Ledger => ({
  append: (entry) => {
    const previous = entries.at(-1)?.hash ?? "";
    const hash = createHash("sha256")
      .update(previous + JSON.stringify(entry))
      .digest("hex");
    const line = { ...entry, seq: entries.length + 1, time: 0, previous, hash };
    entries.push(line);
    return Promise.resolve(line);
  },
});

export const openField = (
  options: {
    model?: () => Promise<BaseChatModel>;
    checkpointer?: BaseCheckpointSaver;
    locks?: Locks;
    forge?: ForgeReader & ForgeWriter;
  } = {},
): Field => {
  const forge = memoryForge({ "kubernetes/selfhosted/app.yaml": "kind: Deployment\n", "README.md": "a cluster\n" });
  const place = options.forge ?? forge;
  const ledger: LedgerEntry[] = [];
  const field: Field = {
    forge,
    ledger,
    red: new Set(),
    stages: Object.fromEntries(["selfhosted", "media", "collab", "network"].map((name) => [name, standing(name)])),
    draftText: "allow: dns\n",
    reads: [],
    onRead: () => {},
    tamper: (facts) => facts,
    get ports() {
      return ports;
    },
  };

  const drafted = ({ namespace, draft }: LaneRequest): FileChange[] =>
    draft === null
      ? []
      : [
          {
            path: `kubernetes/${namespace}/netpol/${draft}.yaml`,
            mode: "100644",
            text: draft === "default-deny" ? "default-deny: true\n" : field.draftText,
          },
        ];

  const reportedBy = async ({ pullRequest: number }: LaneRequest): Promise<GateFacts["reported"]> => {
    const pullRequest = (await place.pullRequests({ state: "open" })).find((pull) => pull.number === number);
    if (number === undefined || pullRequest === undefined) return null;
    return { pullRequest, head: pullRequest.head, disputed: [], unread: [] };
  };

  const read = async (request: LaneRequest): Promise<GateFacts> => {
    field.reads.push(request);
    field.onRead(field.reads.length, request);
    const base = await place.head();
    const before = await place.tree(base);
    const byPath = new Map(drafted(request).map((file) => [file.path, file]));
    for (const { path, text } of request.edits) byPath.set(path, { path, text, mode: "100644" });
    const reported = await reportedBy(request);
    const brought = reported === null ? [...byPath.values()] : (await place.broughtBy(reported.head)).files;
    const files = brought.filter(({ path, text }) => before.read(path) !== text);
    const { namespace } = request;
    const draft: Draft = { namespace, kind: "allows", files, rules: [], neededElsewhere: [], leftOut: [], notes: [] };
    const silent = unknown("the field says nothing of it", "another field");
    const facts: GateFacts = field.tamper({
      request: { ...request, lane: changeLaneOf(request.lane) ?? request.lane },
      reported,
      now: 0,
      base,
      changeset: changeset(namespace, LANE_KIND[request.lane] ?? "allows", files),
      draft,
      tree: { before, after: overlay(before, files) },
      inventory: { before: silent, after: silent },
      settings: defaultSettings(),
      cluster: defaultClusterFacts,
      pullRequests: known(await place.pullRequests()),
      loopholes: known(await place.loopholes()),
      live: silent,
      evidence: silent,
      standings: silent,
      configured: { cluster: false, evidence: false },
      campaign: defaultCampaign,
      decisions: known([]),
      history: silent,
      soak: silent,
      lint: silent,
      findings: silent,
      rehearsal: silent,
      attestations: silent,
      confirmation: silent,
      undo: silent,
    });
    redOf.set(facts.tree, new Set(field.red));
    return facts;
  };

  const statuses = (): NamespaceStatus[] => Object.values(field.stages);
  const look: Look = {
    status: () => Promise.resolve(statuses()),
    edges: () =>
      Promise.resolve({
        edges: [],
        coverage: { from: 0, to: 1, nodes: [], completeness: 1, vacuous: false, hoursOfDay: [], control: null },
      }),
    inspect: (namespace) =>
      Promise.resolve({
        namespace: { name: namespace, folder: null, labels: {}, suspended: false, dormant: false, origin: null },
        workloads: [],
        services: [],
        routes: [],
        policies: [],
        declared: [],
        problems: [],
      }),
    draft: (namespace) =>
      Promise.resolve({ namespace, kind: "allows", files: [], rules: [], neededElsewhere: [], leftOut: [], notes: [] }),
    audit: () => Promise.resolve([]),
    replay: () => Promise.resolve({ edges: [], summary: { allowed: 0, dropped: 0, unknown: 0 } }),
  };

  const ports: GraphPorts = {
    look,
    reader: { read },
    catalog: fakeGates(),
    laneOf: ({ changeset: { files }, request, reported }) => {
      const says = (word: string): boolean => files.some(({ text }) => text?.includes(word) === true);
      const namespace = files.map(({ path }) => /^kubernetes\/([^/]+)\//.exec(path)?.[1]).find(Boolean) ?? "";
      if (reported !== null && namespace === "") return known({ lane: "report-gates", why: "no policy", namespace });
      if (says("default-deny"))
        return known({ lane: "propose-default-deny", why: "an endpoint turns default-deny", namespace });
      const repairs = request.draft === "repair" || says("repair");
      return known({ lane: repairs ? "propose-repair" : "propose-allows", why: "it adds allows", namespace });
    },
    forge: place,
    pullRequestText: ({ namespace, lane }) => ({
      title: `${lane} ${namespace}`,
      body: `Allows of ${namespace}.`,
      commitMessage: `${lane} ${namespace}\n`,
    }),
    check: memoryCheck(),
    signOff: null,
    rollback: null,
    ledger: memoryLedger(ledger),
    clock: { now: () => 0 },
    locks: options.locks ?? memoryLocks(),
    model: options.model ?? (() => Promise.resolve(new Playbook())),
    checkpointer: options.checkpointer ?? new MemorySaver(),
  };
  return field;
};
