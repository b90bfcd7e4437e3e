import { changesetDigest, type Changeset } from "../facts/changeset.ts";
import { changeLaneOf, isReport, NAMESPACE_NAME, type GateDecision, type Refusal } from "../facts/rollout.ts";
import { storageFault } from "../facts/tree.ts";
import { mint, type Clearance } from "./clearance.ts";
import type { FactsReader, GateCatalog, GateFacts, LaneOf, LaneRequest } from "./gate.ts";
import { judgeLane } from "./judge.ts";
import type { Lane } from "./lanes.ts";

export type Passage =
  | { readonly open: true; readonly clearance: Clearance; readonly decisions: readonly GateDecision[] }
  | {
      readonly open: false;
      readonly refusals: readonly Refusal[];
      readonly decisions: readonly GateDecision[];
      /** What would have been written, where nothing but the forge holds it back. */
      readonly dryRun?: Changeset;
    };

export type Door = (request: LaneRequest) => Promise<Passage>;

/** The bytes, looked at once: what is judged, hashed and written is this copy, whatever the object they came in does later. */
const held = (facts: GateFacts): GateFacts => {
  const { namespace, kind, digest, files } = facts.changeset;
  const copies = files.map(({ path, mode, text }) => ({ path, mode, text }));
  return { ...facts, changeset: { namespace, kind, digest, files: copies } };
};

const doorSays = (reason: string, remedy: string): Refusal => ({ gate: "door", reason, lesson: null, remedy });

/** Effects that write on the forge. */
const onForge = ({ effect }: Lane): boolean => effect === "open-pull-request" || effect === "post-green";

/** A token that can push can merge: where the forge itself does not stand in between, nothing is written there. */
const dryRun = (lane: Lane, { loopholes }: GateFacts): Refusal | null => {
  if (!onForge(lane)) return null;
  if (!loopholes.known)
    return doorSays(
      `dry run: whether the agent could merge its own work cannot be told: ${loopholes.why}`,
      loopholes.wouldHelp,
    );
  const [first] = loopholes.value;
  if (first === undefined) return null;
  const all = loopholes.value.map(({ said }) => said).join("; ");
  return {
    ...doorSays(
      `dry run: on this forge the agent could merge its own work (${all}), so nothing is written there`,
      `${loopholes.value.map(({ remedy }) => remedy).join(" ")} \`network-operator doctor\` says what is missing.`,
    ),
    waitingFor: { what: "person", detail: `the default branch's ruleset: ${first.what}`, until: null },
  };
};

/** What no gate asks, because it is about the request rather than about the network. */
const misfit = (lane: Lane, request: LaneRequest, facts: GateFacts, laneOf: LaneOf): Refusal | null => {
  const { changeset } = facts;
  if (request.lane !== lane.id)
    return doorSays(`the request is for ${request.lane}, this is ${lane.id}`, "Ask again for what you want done.");
  if (facts.request.namespace !== request.namespace || changeset.namespace !== request.namespace)
    return doorSays(
      `facts were read for ${changeset.namespace}, the request is for ${request.namespace}`,
      "Ask again; if it happens twice it is a defect.",
    );
  if (request.namespace !== "" && !NAMESPACE_NAME.test(request.namespace))
    return doorSays(
      `${JSON.stringify(request.namespace.slice(0, 80))} is no name that a namespace can have`,
      "Name the namespace as the cluster does.",
    );
  if (changesetDigest(changeset.namespace, changeset.kind, changeset.files) !== changeset.digest)
    return doorSays("the digest does not belong to the bytes", "Ask again; if it happens twice it is a defect.");
  const change = changeLaneOf(lane.id);
  const reports = isReport(lane.id);
  if (reports !== (facts.reported !== null))
    return doorSays(
      reports ? "no pull request was read" : "this lane judges its own bytes, not a pull request's",
      "Ask again for what you want done.",
    );
  // Lanes that bring a change are computed from that change; the others change no file.
  if (change === null && !reports) return null;
  if (change !== null && changeset.files.length === 0)
    return doorSays("there is nothing to change", "Nothing needs to be done.");
  if (!reports) {
    const fault = storageFault(facts.tree.before, changeset.files);
    if (fault !== null)
      return doorSays(fault, "Give every file a path of its own, where neither a file nor a folder stands.");
  }
  const amounts = laneOf(facts);
  if (!amounts.known) return doorSays(`it cannot be told what the change does: ${amounts.why}`, amounts.wouldHelp);
  const expected = change ?? lane.id;
  if (reports && amounts.value.namespace !== request.namespace)
    return doorSays(
      `it is about ${amounts.value.namespace ?? "nothing"}, not about ${request.namespace}`,
      "Ask again: the pull request was pushed to meanwhile.",
    );
  if (amounts.value.lane !== expected)
    return doorSays(
      `the change amounts to ${amounts.value.lane} (${amounts.value.why}), this is ${expected}`,
      `Propose it as what it is: ${amounts.value.lane}.`,
    );
  return null;
};

/**
 * Stands in the effect's own node call. Reads every fact again in one pass, runs all gates of the lane again over them
 * and binds the result to the exact bytes. What earlier nodes decided, and whatever stands in the state, counts nothing.
 */
export const makeDoor =
  (lane: Lane, ports: { reader: FactsReader; catalog: GateCatalog; laneOf: LaneOf }): Door =>
  async (request) => {
    const facts = held(await ports.reader.read(request));
    const wrong = misfit(lane, request, facts, ports.laneOf);
    if (wrong !== null) return { open: false, refusals: [wrong], decisions: [] };
    const decisions = judgeLane(lane, ports.catalog, facts);
    const refusals = decisions.filter((decision) => !decision.pass);
    if (refusals.length > 0 || decisions.length === 0) return { open: false, refusals, decisions };
    const dry = dryRun(lane, facts);
    if (dry !== null) return { open: false, refusals: [dry], decisions, dryRun: facts.changeset };
    const { changeset, base } = facts;
    const { namespace } = request;
    return { open: true, decisions, clearance: mint({ lane: lane.id, namespace, base, changeset, facts, decisions }) };
  };
