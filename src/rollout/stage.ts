import type { PullRequest } from "../facts/ports.ts";
import type { Stage, WaitingFor } from "../facts/rollout.ts";
import { AHEAD, IN_FLIGHT } from "./in-flight.ts";
import type { Arrival } from "./arrival.ts";
import type { Phase } from "./campaign.ts";
import type { SoakState } from "./soak.ts";

/** The newest open and the newest merged pull request of one branch. */
export interface PullRequests {
  readonly open: PullRequest | null;
  readonly merged: PullRequest | null;
}

/** Everything that decides where one namespace stands; read anew each time. */
export interface StageFacts {
  readonly namespace: string;
  readonly aside: "out-of-scope" | "carved-out" | null;
  readonly suspended: boolean;
  /** Main holds allows of the namespace, proposed by us and merged, or found complete. */
  readonly hasAllows: boolean;
  readonly enforcedInGit: boolean;
  /** Null: no cluster is configured, or it does not answer. */
  readonly enforcedInCluster: boolean | null;
  /** The marks of an emergency rollback: the lock's owner suspended, or the object taken from Flux. */
  readonly heldBack: boolean;
  readonly allows: PullRequests;
  readonly defaultDeny: PullRequests;
  /** Reverts of emergency rollbacks: the mark that is left of a lock that no pull request of ours had brought. */
  readonly rollback: PullRequests;
  /** A person released the turn after the last rollback. */
  readonly released: boolean;
  /** Null: there is no cluster to ask. */
  readonly allowsLive: Arrival | null;
  readonly soak: SoakState | null;
  readonly signedOff: boolean;
  /** Why the newest signature for the namespace does not count, where there is one and it does not. */
  readonly signatureFault: string | null;
}

export interface Placed {
  readonly namespace: string;
  readonly stage: Stage;
  readonly waitingFor: WaitingFor | null;
  readonly pullRequest: PullRequest | null;
}

const waits = (what: WaitingFor["what"], detail: string, until: number | null = null): WaitingFor => ({
  what,
  detail,
  until,
});

const mergeOf = (pr: PullRequest): WaitingFor => waits("merge", `pull request #${pr.number}`);

const locked = (f: StageFacts): Omit<Placed, "namespace"> => {
  const ours = f.defaultDeny.merged;
  if (f.heldBack && f.enforcedInCluster === false)
    return {
      stage: "rolled-back",
      waitingFor: waits("person", `the revert (network-operator rollback ${f.namespace} carries on), then a release`),
      pullRequest: f.rollback.open ?? ours,
    };
  if (f.enforcedInCluster === false)
    return {
      stage: "default-deny-proposed",
      waitingFor: waits("apply", `the default-deny of ${f.namespace}`),
      pullRequest: ours,
    };
  if (f.signedOff) return { stage: "signed-off", waitingFor: null, pullRequest: ours };
  if (ours === null) return { stage: "adopted", waitingFor: null, pullRequest: null };
  const fault = f.signatureFault === null ? "" : `; the last one does not count: ${f.signatureFault}`;
  const detail = `a person walks the public URLs and signs${fault}`;
  return { stage: "enforced", waitingFor: waits("sign-off", detail), pullRequest: ours };
};

const soaking = (f: StageFacts): Omit<Placed, "namespace"> => {
  const pullRequest = f.allows.merged;
  if (f.allowsLive === null)
    return {
      stage: "allows-merged",
      waitingFor: waits("person", "a connection to the cluster: without one a soak cannot be told"),
      pullRequest,
    };
  if (!f.allowsLive.arrived)
    return { stage: "allows-merged", waitingFor: waits("apply", f.allowsLive.why), pullRequest };
  if (f.soak === null)
    return { stage: "soaking", waitingFor: waits("soak", "there is no evidence to tell the soak from"), pullRequest };
  if (f.soak.complete) return { stage: "soaking", waitingFor: null, pullRequest };
  const detail = f.soak.missing.map((m) => m.detail).join("; ");
  return { stage: "soaking", waitingFor: waits("soak", detail, f.soak.until), pullRequest };
};

const place = (f: StageFacts): Omit<Placed, "namespace"> => {
  if (f.aside !== null) return { stage: f.aside, waitingFor: null, pullRequest: null };
  if (f.suspended) return { stage: "suspended", waitingFor: null, pullRequest: null };
  if (f.enforcedInGit) return locked(f);
  if ((f.defaultDeny.merged !== null || f.rollback.merged !== null) && !f.released)
    return {
      stage: "rolled-back",
      waitingFor: waits("person", `a release of ${f.namespace} with its reason`),
      pullRequest: f.rollback.merged ?? f.defaultDeny.merged,
    };
  if (f.defaultDeny.open !== null)
    return {
      stage: "default-deny-proposed",
      waitingFor: mergeOf(f.defaultDeny.open),
      pullRequest: f.defaultDeny.open,
    };
  if (f.allows.open !== null)
    return { stage: "allows-proposed", waitingFor: mergeOf(f.allows.open), pullRequest: f.allows.open };
  if (f.hasAllows) return soaking(f);
  return { stage: "surveyed", waitingFor: null, pullRequest: null };
};

/** Where one namespace stands, as though it were alone; whose turn it is, is told by all of them together. */
export const stageOf = (facts: StageFacts): Placed => ({ namespace: facts.namespace, ...place(facts) });

/** Whose phase it is and who is in flight: what has not begun waits for its turn. */
export const withTurns = (placed: readonly Placed[], phases: readonly Phase[]): readonly Placed[] => {
  const phaseAt = new Map(phases.flatMap((phase, i) => phase.namespaces.map((ns) => [ns, i] as const)));
  const busy = placed.find((p) => IN_FLIGHT.includes(p.stage));
  const ahead = placed.filter((p) => AHEAD.includes(p.stage));
  const first = Math.min(...ahead.map((p) => phaseAt.get(p.namespace) ?? Number.POSITIVE_INFINITY));
  return placed.map((p) => {
    if (p.stage !== "surveyed") return p;
    if (busy !== undefined)
      return { ...p, stage: "waiting", waitingFor: waits("turn", `${busy.namespace} (${busy.stage})`) };
    const at = phaseAt.get(p.namespace) ?? Number.POSITIVE_INFINITY;
    if (at <= first) return p;
    const names = ahead.filter((a) => phaseAt.get(a.namespace) === first).map((a) => a.namespace);
    return { ...p, stage: "waiting", waitingFor: waits("turn", `first ${names.join(", ")}`) };
  });
};

/** What the runner asks the graph for next: one thing per rollout, and a new rollout only when none is in flight. */
export interface NextProposal {
  readonly namespace: string;
  readonly kind: "propose-allows" | "propose-default-deny" | "request-sign-off";
  /** The thread that the rollout runs on. */
  readonly thread: string;
}

export const nextProposals = (placed: readonly Placed[], phases: readonly Phase[]): readonly NextProposal[] => {
  const next = (namespace: string, kind: NextProposal["kind"]): NextProposal => ({
    namespace,
    kind,
    thread: `rollout:${namespace}`,
  });
  const found: NextProposal[] = [];
  for (const { namespace, stage, waitingFor } of placed) {
    if (stage === "soaking" && waitingFor === null) found.push(next(namespace, "propose-default-deny"));
    if (stage === "enforced") found.push(next(namespace, "request-sign-off"));
  }
  if (placed.some((p) => IN_FLIGHT.includes(p.stage))) return found;
  const order = phases.flatMap((phase) => phase.namespaces);
  const stages = new Map(placed.map((p) => [p.namespace, p.stage]));
  const first = order.find((namespace) => stages.get(namespace) === "surveyed");
  return first === undefined ? found : [...found, next(first, "propose-allows")];
};
