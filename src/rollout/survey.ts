import { compilePolicies } from "../cilium/policy-set.ts";
import type { PolicySet } from "../cilium/policy-set.ts";
import type { Attestation, AttestationReader } from "../facts/attestation.ts";
import type { CampaignSettings, Decision } from "../facts/campaign.ts";
import type { Clock } from "../facts/clock.ts";
import { DAY } from "../facts/clock.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Inventory } from "../facts/inventory.ts";
import { known } from "../facts/known.ts";
import { policyId } from "../facts/policy.ts";
import type { Known } from "../facts/known.ts";
import type { ClusterReader, EvidenceReader, ForgeReader, PullRequest } from "../facts/ports.ts";
import { branchOf, defaultDenyBranchOf, rollbackBranchOf } from "../facts/rollout.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { SourceTree } from "../facts/tree.ts";
import { policiesOver } from "./applied-digest.ts";
import { carrierArrived, policyArrived } from "./arrival.ts";
import type { Arrival } from "./arrival.ts";
import { phasesOf, setAside } from "./campaign.ts";
import type { Phase } from "./campaign.ts";
import { readDecisions } from "./decisions.ts";
import { inventoryAt } from "./inventory-at.ts";
import type { ReadInventory } from "./inventory-at.ts";
import { dig } from "../facts/json.ts";
import { attempt, borneOut, readLive } from "./live.ts";
import type { LiveCluster } from "./live.ts";
import { isEnforced } from "./locks.ts";
import { fromCluster, fromInventory } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import { onlyTurnsDefaultDeny } from "./policy-effects.ts";
import { returnedWorkloads } from "./returned.ts";
import { signatureFault } from "./sign-off.ts";
import { isSignedOff } from "./signed-off.ts";
import { readSoak, resetsOf } from "./soak-facts.ts";
import type { SoakFacts } from "./soak-facts.ts";
import { soakState } from "./soak.ts";
import { nextProposals, stageOf, withTurns } from "./stage.ts";
import type { Placed, PullRequests } from "./stage.ts";
import { subjectsOf } from "./subjects.ts";
import type { Subject } from "./subjects.ts";

export interface SurveyPorts {
  readonly forge: ForgeReader;
  readonly clock: Clock;
  readonly campaign: CampaignSettings;
  readonly settings: CiliumSettings;
  readonly facts: ClusterFacts;
  /** Null where none is configured. */
  readonly cluster: ClusterReader | null;
  readonly evidence: EvidenceReader | null;
  readonly attestations: AttestationReader | null;
  /** Pure over the tree's bytes; results are kept by commit. */
  readonly readInventory: ReadInventory;
  /** Whether main already holds every allow that would be drafted, for namespaces that came with allows of their own. */
  readonly holdsAllows?: (main: {
    readonly tree: SourceTree;
    readonly inventory: Inventory;
    readonly namespace: string;
  }) => Promise<boolean>;
}

/** Everything that the stages are computed from, read in one pass; nothing of it is stored. */
export interface Survey {
  readonly now: number;
  readonly base: string;
  readonly tree: SourceTree;
  /** What the repository says, borne out by the cluster where one answers. */
  readonly inventory: Inventory;
  /** What the repository says alone. */
  readonly written: Inventory;
  readonly live: Known<LiveCluster>;
  readonly pullRequests: readonly PullRequest[];
  readonly history: readonly { readonly commit: string; readonly time: number }[];
  readonly decisions: Known<readonly Decision[]>;
  readonly attestations: Known<readonly Attestation[]>;
  readonly phases: readonly Phase[];
  readonly subjects: readonly Subject[];
  readonly placed: readonly Placed[];
  /** Soaks that were looked at, by namespace. */
  readonly soaks: ReadonlyMap<string, Known<SoakFacts>>;
}

const pullRequestsOf = (all: readonly PullRequest[], branch: string): PullRequests => {
  const mine = all.filter((pr) => pr.branch === branch);
  const merged = mine.filter((pr) => pr.state === "merged");
  merged.sort((a, b) => (b.mergedAt ?? 0) - (a.mergedAt ?? 0));
  return { open: mine.find((pr) => pr.state === "open") ?? null, merged: merged[0] ?? null };
};

const RECONCILE_OFF = "kustomize.toolkit.fluxcd.io/reconcile";

/** An emergency rollback leaves one of two marks on what carried the lock. */
const isHeldBack = (denies: readonly NamedPolicy[], live: LiveCluster): boolean =>
  denies.some(({ ref, owner }) => {
    const object = live.policies.find((p) => p.ref.namespace === ref.namespace && p.ref.name === ref.name)?.object;
    const off = dig(object, "metadata", "annotations", RECONCILE_OFF) === "disabled";
    return off || live.kustomizations.some((k) => k.id === owner && k.suspended);
  });

const releasedAt = (decisions: Known<readonly Decision[]>, namespace: string, since: number): number | null => {
  if (!decisions.known) return null;
  const releases = decisions.value.filter((d) => d.kind === "release" && d.namespace === namespace);
  const latest = Math.max(0, ...releases.map((d) => (d.kind === "release" ? d.until : 0)));
  return latest > since ? latest : null;
};

class Surveyor {
  readonly #ports: SurveyPorts;
  readonly #read: Omit<Survey, "placed" | "soaks" | "phases" | "subjects">;
  readonly phases: readonly Phase[];
  readonly subjects: readonly Subject[];
  readonly soaks = new Map<string, Known<SoakFacts>>();
  readonly #git: PolicySet;
  readonly #cluster: PolicySet | null;
  readonly #standing: readonly NamedPolicy[];
  readonly #aside: ReadonlyMap<string, "out-of-scope" | "carved-out">;

  constructor(ports: SurveyPorts, read: Surveyor["read"]) {
    this.#ports = ports;
    this.#read = read;
    const { inventory, live } = read;
    const compile = (policies: readonly NamedPolicy[]): PolicySet =>
      compilePolicies(
        policies.map((p) => p.document),
        ports.settings,
      );
    this.phases = phasesOf(inventory, ports.campaign);
    this.#aside = setAside(inventory, ports.campaign);
    const pods = live.known ? live.value.pods : [];
    this.subjects = subjectsOf({ inventory, pods, policies: [], settings: ports.settings });
    this.#git = compile(fromInventory(inventory));
    this.#standing = live.known ? fromCluster(live.value.policies) : fromInventory(inventory);
    this.#cluster = live.known ? compile(this.#standing) : null;
  }

  get read(): Omit<Survey, "placed" | "soaks" | "phases" | "subjects"> {
    return this.#read;
  }

  /** `came`: the namespace had all its allows before the agent came. */
  async place(namespace: string, came = false): Promise<Placed> {
    const { inventory, live, pullRequests, decisions } = this.#read;
    const ns = inventory.namespaces.find((n) => n.name === namespace);
    const own = fromInventory(inventory).filter((p) => p.ref.namespace === namespace);
    const denies = own.filter(onlyTurnsDefaultDeny);
    const allows = own.filter((p) => !onlyTurnsDefaultDeny(p));
    const ofAllows = pullRequestsOf(pullRequests, branchOf(namespace));
    const ofDefaultDeny = pullRequestsOf(pullRequests, defaultDenyBranchOf(namespace));
    const enforcedInGit = isEnforced(this.#git, this.subjects, namespace);
    const ofRollback = pullRequestsOf(pullRequests, rollbackBranchOf(namespace));
    // A release is for the rollback before it; one from before the latest is spent.
    const undone = Math.max(ofDefaultDeny.merged?.mergedAt ?? 0, ofRollback.merged?.mergedAt ?? 0);
    const released = releasedAt(decisions, namespace, undone);
    const hasAllows = allows.length > 0 && (ofAllows.merged !== null || came);
    const soaks = hasAllows && !enforcedInGit;
    const allowsLive = soaks ? this.#allowsLive(allows, ofAllows.merged) : null;
    const soak = soaks && allowsLive?.arrived === true ? await this.#soak(namespace, ofAllows.merged, released) : null;
    const signedOff = enforcedInGit && (await this.#signedOff(namespace, undone));
    return stageOf({
      namespace,
      aside: this.#aside.get(namespace) ?? null,
      suspended: ns === undefined || ns.suspended || ns.dormant,
      hasAllows,
      enforcedInGit,
      enforcedInCluster: this.#cluster === null ? null : isEnforced(this.#cluster, this.subjects, namespace),
      heldBack: live.known && isHeldBack(denies, live.value),
      allows: ofAllows,
      defaultDeny: ofDefaultDeny,
      rollback: ofRollback,
      released: released !== null,
      allowsLive,
      soak: soak?.known === true ? soakState({ ...soak.value, now: this.#read.now }) : null,
      signedOff,
      signatureFault: enforcedInGit && !signedOff ? this.#signatureFault(namespace, undone) : null,
    });
  }

  /** Main holds every allow that would be drafted for it, though no pull request of ours brought them. */
  async holdsAllows(namespace: string): Promise<boolean> {
    const { holdsAllows } = this.#ports;
    const { tree, inventory } = this.#read;
    if (holdsAllows === undefined || !inventory.policies.some((p) => p.ref.namespace === namespace)) return false;
    const held = await attempt(() => holdsAllows({ tree, inventory, namespace }));
    return held.known && held.value;
  }

  /** `since`: when the lock was last merged or taken back; a walk from before that was a walk of something else. */
  #signatureFault(namespace: string, since: number): string | null {
    const { attestations } = this.#read;
    const own = attestations.known ? attestations.value.filter((a) => a.request.namespace === namespace) : [];
    const newest = own.reduce<Attestation | null>(
      (best, a) => (best === null || a.signedAt > best.signedAt ? a : best),
      null,
    );
    if (newest === null) return null;
    return newest.signedAt < since ? "it was given before the lock was last merged" : signatureFault(newest);
  }

  #signedOff(namespace: string, since: number): Promise<boolean> {
    const { attestations, inventory } = this.#read;
    const { settings, forge, readInventory } = this.#ports;
    const set = this.#cluster ?? this.#git;
    return isSignedOff({
      namespace,
      attestations: attestations.known ? attestations.value.filter((a) => a.signedAt >= since) : [],
      inventory,
      standing: this.#standing,
      set,
      subjects: this.subjects,
      settings,
      forge,
      readInventory,
    });
  }

  #allowsLive(allows: readonly NamedPolicy[], merged: PullRequest | null): Arrival | null {
    const { live, history } = this.#read;
    if (!live.known) return this.#ports.cluster === null ? null : { arrived: false, why: live.why, waits: true };
    const commits = merged?.mergeCommit === null || merged === null ? [] : [merged.mergeCommit];
    const owners = [...new Set(allows.map((p) => p.owner).filter((owner) => owner !== null))];
    const arrivals = [
      ...owners.map((owner) => carrierArrived(owner, commits, live.value, history)),
      // Whether Cilium named it instead is the gate's question: a missing condition alone is no reason to wait here.
      ...allows.map((p) => policyArrived(p, live.value, new Set(allows.map(({ ref }) => policyId(ref))))),
    ];
    return arrivals.find((a) => !a.arrived) ?? { arrived: true };
  }

  async #soak(
    namespace: string,
    merged: PullRequest | null,
    released: number | null,
  ): Promise<Known<SoakFacts> | null> {
    const { evidence, forge } = this.#ports;
    const { inventory, live, now } = this.#read;
    if (evidence === null || !live.known) return null;
    const pods = live.value.pods;
    const policies = policiesOver(namespace, fromInventory(inventory), this.#git, this.subjects);
    const phase = this.phases.find((p) => p.namespaces.includes(namespace));
    const soak = await attempt(async () => {
      const history = (path?: string) => forge.history(path);
      const resets = await resetsOf({ policies, live: live.value.policies, merged, releasedAt: released, history });
      const window = phase?.soak ?? DAY;
      const returned = await returnedWorkloads({ namespace, now, inventory, forge });
      return readSoak({ namespace, now, window, phase: phase?.name ?? "none", resets, pods, evidence, returned });
    });
    this.soaks.set(namespace, soak);
    return soak;
  }
}

/**
 * Where every namespace stands, from main, forge, cluster, evidence and attestations as they are now. Throws
 * `OperatorError` only when not even the forge can be read.
 */
export const survey = async (ports: SurveyPorts): Promise<Survey> => {
  const { forge, clock, attestations } = ports;
  const now = clock.now();
  const base = await forge.head();
  const [tree, pullRequests, history, live, signed] = await Promise.all([
    forge.tree(base),
    forge.pullRequests(),
    forge.history(),
    readLive(ports.cluster),
    attestations === null ? known<readonly Attestation[]>([]) : attempt(() => attestations.attestations(null)),
  ]);
  const written = inventoryAt(ports.readInventory, tree);
  const inventory = borneOut(written, live);
  const decisions = readDecisions(tree, now);
  const read = { now, base, tree, inventory, written, live, pullRequests, history, decisions, attestations: signed };
  const surveyor = new Surveyor(ports, read);
  const alone: Placed[] = [];
  for (const { name } of inventory.namespaces) alone.push(await surveyor.place(name));
  const { phases, subjects, soaks } = surveyor;
  const placed = withTurns(alone, phases);
  // The next one may have nothing to propose but its lock. Only the next: where a whole repository came with its allows,
  // one namespace at a time is under way, not all of them.
  const next = nextProposals(placed, phases).find((n) => n.kind === "propose-allows");
  if (next === undefined || !(await surveyor.holdsAllows(next.namespace)))
    return { ...read, phases, subjects, soaks, placed };
  const begun = await surveyor.place(next.namespace, true);
  const all = alone.map((p) => (p.namespace === begun.namespace ? begun : p));
  return { ...read, phases, subjects, soaks, placed: withTurns(all, phases) };
};
