import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DAY, iso, systemClock, type Clock } from "./facts/clock.ts";
import type { ClusterFacts } from "./facts/cluster-facts.ts";
import { OperatorError } from "./facts/errors.ts";
import type { Coverage } from "./facts/coverage.ts";
import type { Draft } from "./facts/draft.ts";
import type { Edge } from "./facts/edge.ts";
import type { ClusterReader, EvidenceReader, ForgeReader, ForgeWriter } from "./facts/ports.ts";
import type { StatusReport } from "./facts/status.ts";
import type { SourceTree } from "./facts/tree.ts";
import type { Config } from "./config/schema.ts";
import { campaignSettings, ciliumSettings, clusterFacts } from "./config/settings.ts";
import { localForge, type LocalForge } from "./forge/local.ts";
import { mirror } from "./git/mirror.ts";
import { openRepository, type GitRepository } from "./git/plumbing.ts";
import { openLedger, type LedgerStore } from "./store/ledger.ts";
import type { RelayAddress } from "./hubble/relay.ts";
import type { EvidenceStore } from "./store/evidence.ts";
import type { Answer } from "./graph/answer.ts";
import type { Question } from "./graph/ask.ts";
import type { OperatorGraph } from "./graph/build.ts";
import type { Lane } from "./graph/lanes.ts";
import type { StructuredRequest } from "./graph/state.ts";
import { attestationReader, readKeys } from "./rollout/attestations.ts";
import { statusReport } from "./rollout/status.ts";
import { nextProposals } from "./rollout/stage.ts";
import { relyingParty, type RelyingParty } from "./signoff/verify.ts";
import type { Hole, ServedWorld, World } from "./world/world.ts";

/** What a face hands over: where to keep things, what is configured, and where to say how far one is. */
export interface Setting {
  readonly config: Config;
  readonly state: string;
  readonly progress: { step(what: string, done?: number, total?: number): void; clear(): void };
}

/** A repository, its forge and the ledger: cheap to open, and enough for `pr` and `log`. */
export interface Place {
  readonly setting: Setting;
  readonly clock: Clock;
  readonly forge: ForgeReader & ForgeWriter;
  /** The local forge with its desk, or null where pull requests live elsewhere. */
  readonly desk: LocalForge | null;
  readonly ledger: LedgerStore;
  /** The sample cluster, or null when a repository is configured. */
  readonly world: World | null;
  /** The configured facts, with what the sample cluster is known to have. */
  readonly facts: ClusterFacts;
  dispose(): Promise<void>;
}

/** On the sample, the names that the sample cluster serves itself. */
const SAMPLE_ZONES = ["sample.example"];

const makeStateFolder = (state: string): void => {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError("input", "the state folder cannot be made", {
      where: state,
      remedy: "Name one that can be written with --state.",
      cause,
    });
  }
};

const openConfigured = async (setting: Setting, path: string): Promise<GitRepository> => {
  if (/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/.test(path)) return mirror(path, join(setting.state, "mirror.git"));
  const repository = openRepository(resolve(path));
  const branch = setting.config.repository.branch;
  if ((await repository.resolve(`refs/heads/${branch}`).catch(() => null)) !== null) return repository;
  throw new OperatorError("input", `this is no git repository with a branch ${branch}`, {
    where: path,
    remedy: "Set repository.path to a clone and repository.branch to its default branch.",
  });
};

const openForge = async (
  setting: Setting,
  repository: GitRepository,
  clock: Clock,
): Promise<{ readonly forge: ForgeReader & ForgeWriter; readonly desk: LocalForge | null }> => {
  const { forge: wanted, repository: named } = setting.config;
  if (wanted.kind === "local") {
    const forge = localForge({ repository, state: setting.state, clock, branch: named.branch });
    return { forge, desk: forge };
  }
  const [{ credentialsFrom, githubClient }, { githubForge }] = await Promise.all([
    import("./forge/github/client.ts"),
    import("./forge/github/forge.ts"),
  ]);
  const place = { owner: wanted.owner, name: wanted.name, apiUrl: wanted.apiUrl };
  const client = githubClient(place, credentialsFrom(process.env));
  return {
    forge: githubForge({ client, place, branch: named.branch, cache: join(setting.state, "blobs") }),
    desk: null,
  };
};

export const openPlace = async (setting: Setting): Promise<Place> => {
  makeStateFolder(setting.state);
  const { config } = setting;
  const world =
    config.repository.path === null && config.forge.kind === "local" ? await openSampleWorld(setting) : null;
  const clock = world?.clock ?? systemClock;
  const repository =
    world !== null
      ? openRepository(world.remote)
      : config.repository.path === null
        ? openRepository(setting.state)
        : await openConfigured(setting, config.repository.path);
  const { forge, desk } = await openForge(setting, repository, clock);
  const ledger = openLedger(join(setting.state, "ledger.sqlite"), clock);
  const facts = clusterFacts(config);
  return {
    setting,
    clock,
    forge,
    desk,
    ledger,
    world,
    facts: world === null || facts.insideZones.length > 0 ? facts : { ...facts, insideZones: SAMPLE_ZONES },
    dispose: async () => {
      ledger.dispose();
      desk?.dispose();
      world?.dispose();
    },
  };
};

/** Evidence with its key in the state folder: whoever lacks the key cannot make any. Postgres by URL, else SQLite. */
const openEvidence = async (setting: Setting): Promise<EvidenceStore> => {
  const { secretFile } = await import("./store/secret.ts");
  const { campaign, store } = setting.config;
  const options = {
    key: secretFile(join(setting.state, "keys", "evidence")),
    retention: store.retentionDays * DAY,
    rules: { loss: campaign.maxLoss },
  };
  if (store.postgres !== null) {
    const { openPostgresEvidence } = await import("./store/postgres.ts");
    return openPostgresEvidence({ url: store.postgres, ...options });
  }
  const { openEvidenceStore } = await import("./store/evidence-sqlite.ts");
  return openEvidenceStore({ path: join(setting.state, "evidence.sqlite"), ...options });
};

type Evidence = EvidenceReader & { dispose(): Promise<void> };

/** What gates read: the store, or the export files that the configuration names. Null where there is neither. */
const evidenceToRead = async (setting: Setting, sampled: boolean): Promise<Evidence | null> => {
  const { flows, store, campaign } = setting.config;
  if (flows.relay === null && flows.files.length > 0) {
    const [{ readFlows }, { memoryEvidence }] = await Promise.all([
      import("./hubble/files.ts"),
      import("./store/evidence.ts"),
    ]);
    const { hours } = await readFlows(flows.files, {
      onProgress: ({ bytes, ofBytes }) => setting.progress.step("reading flows", bytes, ofBytes ?? undefined),
    });
    return { ...memoryEvidence(hours, { loss: campaign.maxLoss }), dispose: async () => undefined };
  }
  const kept = existsSync(join(setting.state, "evidence.sqlite"));
  return sampled || flows.relay !== null || store.postgres !== null || kept ? openEvidence(setting) : null;
};

/** Plays the world's time with the real collector attached to its Relay. */
const playWorld = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
  span: number,
  holes: readonly Hole[],
): Promise<{ readonly flows: number }> => {
  const { collect } = await import("./hubble/collector.ts");
  const from = world.clock.now();
  const to = from + span;
  // Rendering a commit takes seconds on a small machine; Relay answers at once when that is behind us.
  await world.status();
  const served = await world.serve();
  const stop = new AbortController();
  try {
    const collecting = collect({
      relay: { address: served.relayAddress, tls: null },
      writer: evidence,
      source: "sample",
      since: from,
      until: to,
      follow: true,
      signal: stop.signal,
    });
    // A collector that fails to start must be heard, not waited for.
    const failed = collecting.then(
      () => true,
      () => true,
    );
    const follows = async (): Promise<boolean> => {
      while (world.followers() === 0) await sleep(5, undefined, { signal: stop.signal });
      return false;
    };
    if (!(await Promise.race([failed, follows()])))
      await world.play(to, {
        holes,
        onHour: (clock) => progress.step("reading a day of flows from Relay", clock - from, span),
      });
    return await collecting;
  } finally {
    // Where playing failed, nobody must go on waiting for flows that will not come.
    stop.abort();
    await served.close();
  }
};

/** The sample begins with a day that was watched; a first use that was cut short goes on where it stopped. */
const watchFirstDay = async (world: World, evidence: EvidenceStore, progress: Setting["progress"]): Promise<void> => {
  const left = world.start + DAY - world.clock.now();
  if (left > 0) await playWorld(world, evidence, progress, left, []);
};

const firstDay = async (setting: Setting, world: World): Promise<void> => {
  if (world.clock.now() >= world.start + DAY) return;
  const evidence = await openEvidence(setting);
  try {
    await watchFirstDay(world, evidence, setting.progress);
  } finally {
    await evidence.dispose();
  }
};

/** The sample cluster for a person: turn its clock, do something in it. */
export interface Sample {
  status(): ReturnType<World["status"]>;
  /** Holes are hours after the turn begins, in milliseconds. */
  turn(
    span: number,
    holes: readonly { readonly node: string; readonly from: number; readonly to: number }[],
  ): Promise<{ readonly clock: string; readonly flows: number }>;
  do(words: string): ReturnType<World["do"]>;
  dispose(): Promise<void>;
}

export const openSample = async (setting: Setting): Promise<Sample> => {
  const place = await openPlace(setting);
  const { world } = place;
  if (world === null) {
    await place.dispose();
    throw new OperatorError("input", "a repository is configured, so there is no sample cluster", {
      where: setting.config.repository.path ?? "forge",
      remedy: "Run `sample` without that configuration.",
    });
  }
  const evidence = await openEvidence(setting);
  await watchFirstDay(world, evidence, setting.progress);
  return {
    status: () => world.status(),
    turn: async (span, holes) => {
      const now = world.clock.now();
      const made = holes.map((hole) => ({ ...hole, from: now + hole.from, to: now + hole.to }));
      const { flows } = await playWorld(world, evidence, setting.progress, span, made);
      return { clock: iso(world.clock.now()), flows };
    },
    do: (words) => world.do(words),
    dispose: async () => {
      await evidence.dispose();
      await place.dispose();
    },
  };
};

/** Removes everything that a sample left in the state folder. Keys and token stay. */
export const resetSample = async (setting: Setting): Promise<boolean> => {
  if (!existsSync(join(setting.state, "world"))) return false;
  for (const name of SAMPLE_PARTS) await rm(join(setting.state, name), { recursive: true, force: true });
  return true;
};

const SAMPLE_PARTS = [
  "world",
  "remote.git",
  ...["forge", "evidence", "checkpoints", "ledger", "signoff"].flatMap((name) =>
    ["", "-wal", "-shm"].map((end) => `${name}.sqlite${end}`),
  ),
];

const openSampleWorld = async (setting: Setting): Promise<World> => {
  const { openWorld } = await import("./world/world.ts");
  return openWorld({ dir: setting.state });
};

/** Evidence for a person: what is in the store, and a collector for weeks. */
export interface Flows {
  summary(namespace: string | null): Promise<{ readonly edges: readonly Edge[]; readonly coverage: Coverage }>;
  collect(stop: AbortSignal): Promise<{ readonly flows: number; readonly lost: number; readonly bad: number }>;
  dispose(): Promise<void>;
}

/** Relay as configured; the sample's flows come only while its clock is turned. */
const relayOf = ({ config }: Setting): RelayAddress => {
  const { relay, tls } = config.flows;
  if (relay === null)
    throw new OperatorError("input", "no Relay is configured", {
      where: "flows.relay",
      remedy: "Name Hubble Relay's host:port. On the sample, flows are read while its clock turns: sample clock +24h.",
    });
  const { ca, certificate, key, serverName } = tls;
  const named = { ca, cert: certificate, key, serverName };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null));
  return { address: relay, tls: tls.enabled ? given : null };
};

export const openFlows = async (setting: Setting): Promise<Flows> => {
  const place = await openPlace(setting);
  const evidence = await openEvidence(setting);
  if (place.world !== null) await watchFirstDay(place.world, evidence, setting.progress);
  return {
    summary: async (namespace) => {
      const span = await evidence.span();
      if (span === null)
        throw new OperatorError("input", "there is no evidence yet", {
          where: setting.state,
          remedy: "Collect some: network-operator flows collect.",
        });
      const served = (await place.world?.serve()) ?? null;
      try {
        const cluster = await openCluster(setting, served);
        const pods = (await cluster?.pods()) ?? null;
        const hosts = pods?.filter((pod) => pod.namespace === namespace && !pod.hostNetwork).map((pod) => pod.node);
        const nodes = namespace === null || hosts === undefined ? null : [...new Set(hosts)];
        return {
          edges: await evidence.edges(namespace === null ? {} : { namespace }),
          coverage: await evidence.coverage({ ...span, namespace, nodes }),
        };
      } finally {
        await served?.close();
      }
    },
    collect: async (stop) => {
      const { collect } = await import("./hubble/collector.ts");
      return collect({
        relay: relayOf(setting),
        writer: evidence,
        follow: true,
        signal: stop,
        onProgress: ({ flows, lost, nodes }) =>
          setting.progress.step(`${flows} flows from ${nodes} nodes, ${lost} reported lost`),
      });
    },
    dispose: async () => {
      await evidence.dispose();
      await place.dispose();
    },
  };
};

/** What `doctor` looks at: the same adapters, nothing opened that could write. */
export interface Doctor {
  readonly place: Place;
  readonly relay: RelayAddress | null;
  readonly cluster: ClusterReader | null;
  readonly hasRollback: boolean;
  dispose(): Promise<void>;
}

export const openDoctor = async (setting: Setting): Promise<Doctor> => {
  const place = await openPlace(setting);
  const served = (await place.world?.serve()) ?? null;
  const { flows, rollback } = setting.config;
  return {
    place,
    relay:
      served !== null ? { address: served.relayAddress, tls: null } : flows.relay === null ? null : relayOf(setting),
    cluster: await openCluster(setting, served),
    hasRollback: served !== null || rollback.context !== null,
    dispose: async () => {
      await served?.close();
      await place.dispose();
    },
  };
};

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
    readonly thread: string;
  }): Promise<Answer>;
  status(): Promise<StatusReport>;
  /** One tick of the campaign: the next proposal of each rollout. */
  tick(): Promise<{ readonly version: 1; readonly answers: readonly Answer[] }>;
  draft(namespace: string, kind: "allows" | "default-deny"): Promise<Draft>;
  /** Answers a pause with a stored attestation's id; the gates behind the pause decide. */
  attest(id: string, thread: string): Promise<Answer>;
  /** What was really seen in the last hour, as Prometheus text; empty where there is no evidence. */
  metrics(): Promise<string>;
  dispose(): Promise<void>;
}

const openCluster = async (setting: Setting, served: ServedWorld | null): Promise<ClusterReader | null> => {
  const { cluster, rollback } = setting.config;
  if (served === null && cluster.context === null) return null;
  const { clusterReader } = await import("./cluster/reader.ts");
  if (served !== null) {
    const kubeconfig = { text: served.kubeconfig };
    return clusterReader({
      reader: { kubeconfig, context: "sample" },
      rollback: { kubeconfig, context: "sample-rollback" },
    });
  }
  const kubeconfig = cluster.kubeconfig === null ? null : { file: cluster.kubeconfig };
  return clusterReader({
    reader: { kubeconfig, context: cluster.context },
    rollback: rollback.context === null ? null : { kubeconfig, context: rollback.context },
  });
};

/** Where people reach the page: the configured address, else this machine's. */
const partyOf = ({ config }: Setting): RelyingParty =>
  relyingParty(config.signoff.publicUrl ?? `http://localhost:${config.server.port}`);

/**
 * `lanes` is for the evals' mutants: a graph with a gate taken out, to prove that the gate is what holds.
 * `trustServerUser` is for a server with auth in front, and for nobody else.
 */
export const openAgent = async (
  setting: Setting,
  options: { readonly lanes?: readonly Lane[]; readonly trustServerUser?: boolean } = {},
): Promise<Agent> => {
  const place = await openPlace(setting);
  const { config, state, progress } = setting;
  const { clock, forge, facts, world, ledger } = place;
  if (world !== null) await firstDay(setting, world);
  const evidence = await evidenceToRead(setting, world !== null);
  progress.step("reading repository, cluster and evidence");
  const served = (await world?.serve()) ?? null;
  const cluster = await openCluster(setting, served);
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
    import("./graph/build.ts"),
    import("./graph/ask.ts"),
    import("./graph/looking.ts"),
    import("./graph/facts/reader.ts"),
    import("./graph/gates/index.ts"),
    import("./graph/facts/lane-of.ts"),
    import("./graph/effects/pull-request-text.ts"),
    import("./store/checkpoints.ts"),
    import("./store/lock.ts"),
    import("./store/signoff.ts"),
    import("./store/secret.ts"),
    import("./model/model.ts"),
    import("./gitops/inventory.ts"),
    import("./gitops/edit.ts"),
    import("./gitops/kustomize.ts"),
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
    attestations: attestationReader({ store: signOffs, keys: () => readKeys(config.signoff.keys), party }),
    readInventory: (tree: SourceTree) => gitops.readInventory(tree, facts),
    writer: edit.writer,
    build: async (tree: SourceTree, folder: string): Promise<string | null> => {
      const result = await kustomize.kustomizeBuild(tree, folder);
      return result.built ? null : `${result.where.file}:${result.where.line}: ${result.what}`;
    },
    // A rollback is confirmed in the operator's own terminal; until somebody does, there is none.
    confirmation: async () => null,
  };
  const look = lookAround(ports);
  const saver = checkpoints.openCheckpoints(
    join(state, "checkpoints.sqlite"),
    process.env["NETWORK_OPERATOR_CHECKPOINT_KEY"] ?? secret.secretFile(join(state, "keys", "checkpoints")),
  );
  const graph = graphs.buildGraph(
    {
      look,
      reader: factsReader(ports),
      catalog: gates,
      laneOf,
      forge,
      pullRequestText: text.pullRequestText,
      signOff: {
        ...signOffs,
        page: (id) => `${party.origin}/signoff/${id}`,
      },
      ledger,
      clock,
      locks: locks.processLocks(join(state, "locks")),
      model: model.chatModel(config.model),
      checkpointer: saver,
    },
    options,
  );
  const put = (question: Question, thread: string): Promise<Answer> =>
    askGraph(graph, question, { thread, onProgress: (said) => progress.step(said) });

  const agent: Agent = {
    place,
    graph,
    ask: ({ text: words, thread }) => put({ text: words }, thread ?? `ask:${randomUUID()}`),
    request: ({ kind, namespace, edits, thread }) =>
      put({ request: { kind, namespace, edits: [...(edits ?? [])] } }, thread),
    status: async () => statusReport(await look.survey()),
    tick: async () => {
      const { placed, phases } = await look.survey();
      const answers: Answer[] = [];
      for (const { kind, namespace, thread } of nextProposals(placed, phases))
        answers.push(await agent.request({ kind, namespace, thread }));
      return { version: 1, answers };
    },
    draft: (namespace, kind) => look.draftOf(namespace, kind),
    attest: (id, thread) => put({ attestation: id }, thread),
    metrics: async () => {
      if (evidence === null) return "";
      const { evidenceMetrics } = await import("./store/evidence-metrics.ts");
      return evidenceMetrics(evidence, clock.now());
    },
    dispose: async () => {
      saver.dispose();
      signOffs.dispose();
      await served?.close();
      await evidence?.dispose();
      await place.dispose();
    },
  };
  return agent;
};

/** The sign-off records alone, for the operator's terminal. */
export const openSignOffDesk = async (
  setting: Setting,
): Promise<{ readonly party: RelyingParty; newCode(name: string): string; dispose(): Promise<void> }> => {
  const place = await openPlace(setting);
  const { openSignOffStore } = await import("./store/signoff.ts");
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), place.clock);
  return {
    party: partyOf(setting),
    newCode: (name) => store.newCode(name),
    dispose: async () => {
      store.dispose();
      await place.dispose();
    },
  };
};

/** Anything beyond this machine needs TLS in front and a public address that passkeys are bound to. */
const assertLoopback = ({ config }: Setting): void => {
  const { host } = config.server;
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (isLoopback || config.signoff.publicUrl?.startsWith("https:") === true) return;
  throw new OperatorError("input", `refusing to listen on ${host} without a public address`, {
    where: "server.host",
    remedy: "Set signoff.publicUrl to the https address people use, or listen on 127.0.0.1.",
  });
};

export const openServer = async (
  setting: Setting,
): Promise<{ readonly url: string; readonly tokenFile: string; close(): Promise<void> }> => {
  assertLoopback(setting);
  const [{ serve }, { buildApp }, { signOffDesk }, { openSignOffStore }, { secretFile }] = await Promise.all([
    import("@hono/node-server"),
    import("./server/app.ts"),
    import("./server/desk.ts"),
    import("./store/signoff.ts"),
    import("./store/secret.ts"),
  ]);
  const agent = await openAgent(setting);
  const { clock, ledger } = agent.place;
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), clock);
  const tokenFile = join(setting.state, "token");
  const { host, port } = setting.config.server;
  const desk = signOffDesk({
    party: partyOf(setting),
    store,
    clock,
    keysFile: resolve(setting.config.signoff.keys),
    readKeys: () => readKeys(setting.config.signoff.keys),
    // Which thread waits for this request, as the ledger wrote it down; the answer goes there and nowhere else.
    threadOf: (request) =>
      ledger.entries().findLast((entry) => entry.kind === "pause" && entry.body["request"] === request)?.thread ?? null,
    attest: (id, thread) => agent.attest(id, thread),
  });
  const metrics = async (): Promise<string> => {
    const { namespaces } = await agent.status();
    const stages = new Map<string, number>();
    for (const { stage } of namespaces) stages.set(stage, (stages.get(stage) ?? 0) + 1);
    return [
      "# HELP network_operator_namespaces Namespaces by stage.",
      "# TYPE network_operator_namespaces gauge",
      ...[...stages].map(([stage, count]) => `network_operator_namespaces{stage="${stage}"} ${count}`),
      await agent.metrics(),
    ].join("\n");
  };
  const app = buildApp({
    agent: { ask: (request) => agent.ask(request), status: () => agent.status(), metrics },
    desk,
    token: secretFile(tokenFile),
  });
  const server = serve({ fetch: app.fetch, hostname: host, port });
  return {
    url: partyOf(setting).origin,
    tokenFile,
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
      });
      store.dispose();
      await agent.dispose();
    },
  };
};
