import { draftDefaultDeny } from "../../drafting/default-deny.ts";
import { draftAllows } from "../../drafting/draft.ts";
import { changeset } from "../../facts/changeset.ts";
import type { Changeset } from "../../facts/changeset.ts";
import { DAY } from "../../facts/clock.ts";
import type { Coverage } from "../../facts/coverage.ts";
import type { Draft } from "../../facts/draft.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { OperatorError } from "../../facts/errors.ts";
import { known, unknown } from "../../facts/known.ts";
import type { Known } from "../../facts/known.ts";
import type { EvidenceReader } from "../../facts/ports.ts";
import type { PlayRollback } from "../../facts/rollback.ts";
import { changeLaneOf } from "../../facts/rollout.ts";
import { overlay } from "../../facts/tree.ts";
import type { SourceTree } from "../../facts/tree.ts";
import type { Writer } from "../../facts/writer.ts";
import { NO_CLUSTER, attempt, borneOut } from "../../rollout/live.ts";
import { nodesOf } from "../../rollout/soak-facts.ts";
import { survey } from "../../rollout/survey.ts";
import type { Survey, SurveyPorts } from "../../rollout/survey.ts";
import type { EvidenceFacts, FactsReader, GateFacts, LaneRequest, LintFacts, Rehearsal, SoakFacts } from "../gate.ts";
import { allowsLive } from "../gates/allows-live.ts";
import { compatible } from "../gates/compatible.ts";
import { scope } from "../gates/scope.ts";
import { turn } from "../gates/turn.ts";
import { broughtByPullRequest, filesOf, kindOf, untold } from "./brings.ts";
import type { Brings } from "./brings.ts";
import { findingsOf } from "./findings.ts";
import { holdsAllows } from "./holds-allows.ts";
import { Kept } from "../../facts/kept.ts";
import { lintFacts } from "./lint.ts";
import type { Build } from "./lint.ts";
import { rehearse } from "./rehearsal.ts";
import { standingsOf } from "./standings.ts";
import { rollbackFacts, type RollbackFactsPorts } from "./rollback.ts";
import { renderedView } from "./views.ts";

export interface ReaderPorts extends SurveyPorts, Pick<RollbackFactsPorts, "rollback" | "confirmation"> {
  readonly writer: Writer;
  readonly build: Build;
  readonly play: PlayRollback;
}

const NO_EVIDENCE = unknown(
  "no evidence is configured",
  "Name Hubble Relay or export files in network-operator.yaml (flows), and collect.",
);

const evidenceFor = async (evidence: EvidenceReader, main: Survey, namespace: string): Promise<EvidenceFacts> => {
  const span = await evidence.span();
  const window = { from: span?.from ?? main.now - DAY, to: main.now };
  const starts = await evidence.starts({ ...window, namespace });
  const hosts = main.inventory.workloads.some((w) => w.namespace === namespace && !w.suspended && !w.hostNetwork);
  // Without a cluster nobody knows which nodes host its pods: then all of them count.
  const nodes = main.live.known ? nodesOf(namespace, main.live.value.pods, starts) : hosts ? null : [];
  const coverage = await evidence.coverage({ ...window, namespace, nodes });
  return { edges: await evidence.edges({ window }), coverage, starts };
};

const EMPTY: Coverage = {
  from: 0,
  to: 0,
  nodes: [],
  completeness: 0,
  vacuous: false,
  hoursOfDay: [],
  control: null,
};

/** A soak that nobody looked at has not begun: its clock has no start. */
const soakOf = (main: Survey, namespace: string, hasEvidence: boolean): Known<SoakFacts> => {
  const looked = main.soaks.get(namespace);
  if (looked !== undefined) return looked;
  if (!main.live.known) return main.live;
  if (!hasEvidence) return NO_EVIDENCE;
  const phase = main.phases.find((p) => p.namespaces.includes(namespace));
  const coverage = { ...EMPTY, from: main.now, to: main.now };
  return known({
    window: phase?.soak ?? DAY,
    phase: phase?.name ?? "none",
    resets: [],
    nodes: [],
    coverage,
    newWorkloads: [],
  });
};

/** Nothing but the drafting holds it: then what could not be drafted is the answer. */
const standsAnyway = (facts: GateFacts): boolean => {
  const asked =
    facts.request.lane === "propose-default-deny" ? [scope, turn, compatible, allowsLive] : [scope, turn, compatible];
  return asked.every((gate) => gate.judge(facts).pass);
};

/** How many inventories, audits and lint results are kept: the base and a few changesets over it. */
const KEPT = 6;

/** Reads every fact of a request in one pass, from ports, each time anew; only what bytes alone decide is kept. */
export const factsReader = (ports: ReaderPorts): FactsReader => {
  const inventories = new Kept<Known<Inventory>>(KEPT);
  const lints = new Kept<Promise<Known<LintFacts>>>(KEPT);
  const findings = new Kept<GateFacts["findings"]>(KEPT);

  const inventoryOf = (key: string, tree: SourceTree): Known<Inventory> =>
    inventories.of(key, () => {
      try {
        return known(ports.readInventory(tree));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return unknown(`the repository cannot be read as it would stand: ${why}`, "Correct the file that it names.");
      }
    });

  const draftOf = (main: Survey, seen: Known<EvidenceFacts>, request: LaneRequest): Draft | null => {
    const { tree, inventory } = main;
    const { namespace } = request;
    const { writer, facts, settings } = ports;
    if (request.draft === "default-deny") return draftDefaultDeny({ tree, inventory, namespace, writer });
    if (request.draft !== "allows") return null;
    const edges = seen.known ? seen.value.edges : [];
    return draftAllows({
      tree,
      inventory,
      edges: edges.filter((e) => e.source.namespace === namespace || e.destination.namespace === namespace),
      coverage: seen.known ? seen.value.coverage : null,
      namespace,
      facts,
      settings,
      writer,
    });
  };

  const lintOf = (
    key: string,
    tree: GateFacts["tree"],
    inventory: GateFacts["inventory"],
    { files }: Changeset,
  ): Promise<GateFacts["lint"]> => {
    const { before, after } = inventory;
    if (!before.known) return Promise.resolve(before);
    if (!after.known) return Promise.resolve(after);
    const kept = lints.of(key, () =>
      attempt(() =>
        lintFacts({ tree, inventory: { before: before.value, after: after.value }, files, build: ports.build }),
      ),
    );
    // A binary that could not be started today may be there tomorrow.
    void kept.then((result) => {
      if (!result.known) lints.forget(key);
    });
    return kept;
  };

  const findingsFor = (key: string, inventory: GateFacts["inventory"], now: number): GateFacts["findings"] => {
    const { before, after } = inventory;
    if (!before.known) return before;
    if (!after.known) return after;
    // Waivers end at midnight (UTC): the day is part of what is judged.
    const day = Math.floor(now / DAY);
    const { facts, settings } = ports;
    return findings.of(`${key} ${day}`, () =>
      known(findingsOf({ before: before.value, after: after.value, facts, settings, now })),
    );
  };

  const rehearsalFor = (facts: GateFacts): Promise<Known<Rehearsal>> => {
    const { cluster, play } = ports;
    const view = renderedView(facts);
    if (cluster === null) return Promise.resolve(NO_CLUSTER);
    if (!facts.live.known) return Promise.resolve(facts.live);
    if (view === null) return Promise.resolve(unknown("it does not build", "a repository that builds"));
    const live = facts.live.value;
    return attempt(() => rehearse({ cluster, live, play, namespace: facts.request.namespace, view }));
  };

  /** What cannot be drafted is told as it is, unless a gate would say no anyway: then the gate says so, with its lesson. */
  const read = async (request: LaneRequest): Promise<GateFacts> => {
    if (request.lane === "request-rollback") return rollbackFacts(ports, request);
    const main = await survey({ ...ports, holdsAllows: holdsAllows(ports) });
    const { evidence } = ports;
    const seen = evidence === null ? NO_EVIDENCE : await attempt(() => evidenceFor(evidence, main, request.namespace));
    const drafted = (draft: Draft | null): Brings => ({
      draft,
      files: filesOf(main.tree, draft, request),
      reported: null,
    });
    if (request.pullRequest !== undefined)
      return factsOf(main, seen, request, await broughtByPullRequest(ports.forge, main, request.pullRequest));
    try {
      return await factsOf(main, seen, request, drafted(draftOf(main, seen, request)));
    } catch (error) {
      if (!(error instanceof OperatorError) || error.kind !== "input") throw error;
      const bare = await factsOf(main, seen, request, drafted(null));
      if (standsAnyway(bare)) throw error;
      return bare;
    }
  };

  const factsOf = async (
    main: Survey,
    seen: Known<EvidenceFacts>,
    request: LaneRequest,
    { draft, files, reported }: Brings,
  ): Promise<GateFacts> => {
    const { namespace } = request;
    const lane = changeLaneOf(request.lane) ?? request.lane;
    const change = changeset(namespace, kindOf(request, main.tree, files), files);
    const tree = { before: main.tree, after: overlay(main.tree, change.files) };
    const key = `${main.base} ${change.digest}`;
    const writtenAfter: Known<Inventory> =
      (reported === null ? null : untold(reported, main)) ??
      (change.files.length === 0 ? known(main.written) : inventoryOf(key, tree.after));
    // What bytes alone decide is judged by what is written; everything else by what runs.
    const written = { before: known(main.written), after: writtenAfter };
    const after = writtenAfter.known ? known(borneOut(writtenAfter.value, main.live)) : writtenAfter;
    const inventory = { before: known(main.inventory), after };
    const bare: GateFacts = {
      request: { ...request, lane },
      reported,
      now: main.now,
      base: main.base,
      changeset: change,
      draft,
      tree,
      inventory,
      settings: ports.settings,
      cluster: ports.facts,
      pullRequests: known(main.pullRequests),
      loopholes: await attempt(() => ports.forge.loopholes()),
      live: main.live,
      evidence: seen,
      standings: known(standingsOf(main)),
      configured: { cluster: ports.cluster !== null, evidence: ports.evidence !== null },
      campaign: ports.campaign,
      decisions: main.decisions,
      history: known(main.history),
      soak: soakOf(main, namespace, ports.evidence !== null),
      lint: await lintOf(key, tree, written, change),
      findings: findingsFor(key, written, main.now),
      rehearsal: unknown("only a default-deny is rehearsed", "the default-deny lane"),
      attestations: main.attestations,
      confirmation: unknown("only a rollback is confirmed", "the rollback lane"),
      undo: unknown("only a rollback undoes", "the rollback lane"),
    };
    return lane === "propose-default-deny" ? { ...bare, rehearsal: await rehearsalFor(bare) } : bare;
  };

  return { read };
};
