import { changeset, type Changeset } from "../../facts/changeset.ts";
import type { Clock } from "../../facts/clock.ts";
import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { known, unknown, type Known } from "../../facts/known.ts";
import { policyId } from "../../facts/policy.ts";
import type { ForgeReader } from "../../facts/ports.ts";
import type { Confirmation, RollbackReader, RollbackScene, Undo } from "../../facts/rollback.ts";
import { rollbackBranchOf, type WaitingFor } from "../../facts/rollout.ts";
import type { CampaignSettings } from "../../facts/campaign.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { memoryTree, overlay, type SourceTree } from "../../facts/tree.ts";
import type { Writer } from "../../facts/writer.ts";
import { draftRevert } from "../../drafting/revert.ts";
import { inventoryAt, type ReadInventory } from "../../rollout/inventory-at.ts";
import { attempt } from "../../rollout/live.ts";
import { fromInventory } from "../../rollout/policy-documents.ts";
import { commitOf } from "../../rollout/revision.ts";
import { heldLocks, type HeldLock } from "../../rollout/rollback/held.ts";
import { isLock } from "../../rollout/rollback/lock.ts";
import { rollbackSteps } from "../../rollout/rollback/steps.ts";
import { undoOf } from "../../rollout/rollback/undo.ts";
import { removesOnly } from "../../rollout/rollback/removes-only.ts";
import type { GateFacts, LaneRequest } from "../gate.ts";

export interface RollbackFactsPorts {
  readonly forge: ForgeReader;
  readonly clock: Clock;
  readonly campaign: CampaignSettings;
  readonly settings: CiliumSettings;
  readonly facts: ClusterFacts;
  readonly readInventory: ReadInventory;
  readonly writer: Writer;
  /** Null where no cluster is configured. */
  readonly rollback: RollbackReader | null;
  /** A stored confirmation by its id; null where there is none. */
  readonly confirmation: (id: string) => Promise<Confirmation | null>;
}

const noCluster = (): OperatorError =>
  new OperatorError("input", "no cluster is configured", {
    where: "cluster.context",
    remedy: "Name a kubeconfig context to read with, and rollback.context to roll back with.",
  });

interface Main {
  readonly base: string;
  readonly tree: SourceTree;
  readonly inventory: Inventory;
}

/** One look at everything that a rollback depends on; Git only as far as it can be reached. */
export interface RollbackView {
  readonly scene: RollbackScene;
  readonly locks: readonly HeldLock[];
  readonly main: Known<Main>;
}

/** On the day of a rollback whatever Git does, or a repository that does not build, is no reason to stop. */
const leniently = async <T>(read: () => Promise<T>): Promise<Known<T>> => {
  try {
    return known(await read());
  } catch (error) {
    if (error instanceof OperatorError) return unknown(error.message, error.remedy);
    return unknown(`Git cannot be read: ${error instanceof Error ? error.message : String(error)}`, "its return");
  }
};

/** @throws OperatorError `outside` when the API server does not answer, `input` when no cluster is configured */
export const lookAtRollback = async (ports: RollbackFactsPorts, namespace: string | null): Promise<RollbackView> => {
  const { forge, readInventory, rollback, settings } = ports;
  if (rollback === null) throw noCluster();
  const scene = await rollback.scene();
  const main = await leniently(async (): Promise<Main> => {
    const base = await forge.head();
    const tree = await forge.tree(base);
    return { base, tree, inventory: inventoryAt(readInventory, tree) };
  });
  const at = (revision: string | null): Promise<Known<Inventory>> =>
    leniently(async () => {
      const commit = commitOf(revision);
      if (commit === null)
        throw new OperatorError("outside", `Flux names no commit (${revision ?? "nothing fetched"})`, {
          remedy: "Wait until the source has fetched one.",
        });
      if (main.known && main.value.base === commit) return main.value.inventory;
      return inventoryAt(readInventory, await forge.tree(commit));
    });
  const git = { main: main.known ? known(main.value.inventory) : main, at };
  return { scene, main, locks: await heldLocks(scene, git, settings, namespace) };
};

const NOTHING = (namespace: string): Changeset => changeset(namespace, "rollback", []);

/** The revert as a pull request would bring it; empty where Git is out of reach, holds no lock, or wants a person's hand. */
const revertOf = (ports: RollbackFactsPorts, view: RollbackView, namespace: string): Changeset => {
  const { main, locks } = view;
  if (!main.known) return NOTHING(namespace);
  const { tree, inventory } = main.value;
  const wanted = locks.filter((lock) => lock.inMain.known && lock.inMain.value).map((lock) => policyId(lock.ref));
  const written = inventory.policies.filter((policy) => wanted.includes(policyId(policy.ref)));
  if (written.length === 0) return NOTHING(namespace);
  let before = inventory;
  const files = draftRevert({
    tree,
    inventory,
    locks: written,
    writer: ports.writer,
    isPure: (after, lock) => {
      const next = inventoryOf(ports, after);
      const pure = next.known && removesOnly(before, next.value, [lock.ref], ports.settings) === null;
      if (pure) before = next.value;
      return pure;
    },
  });
  return changeset(namespace, "rollback", files ?? []);
};

const inventoryOf = (ports: RollbackFactsPorts, tree: SourceTree): Known<Inventory> => {
  try {
    return known(ports.readInventory(tree));
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error), "a revert by hand");
  }
};

/**
 * The facts of a rollback: the cluster, Git where it answers, and a person's word. Hubble, the model and every judgement of
 * a restricting lane are left alone, so that none of them can stand in the way.
 */
export const rollbackFacts = async (ports: RollbackFactsPorts, request: LaneRequest): Promise<GateFacts> => {
  const { namespace } = request;
  const now = ports.clock.now();
  const view = await attempt(() => lookAtRollback(ports, namespace));
  const main = view.known ? view.value.main : view;
  const change = view.known ? revertOf(ports, view.value, namespace) : NOTHING(namespace);
  const tree = main.known ? main.value.tree : memoryTree({});
  const after = overlay(tree, change.files);
  const left = unknown("a rollback does not ask for it", "another lane");
  const inventory = main.known ? known(main.value.inventory) : main;
  return {
    request,
    now,
    base: main.known ? main.value.base : "",
    changeset: change,
    reported: null,
    draft: null,
    tree: { before: tree, after },
    inventory: { before: inventory, after: change.files.length === 0 ? inventory : inventoryOf(ports, after) },
    settings: ports.settings,
    cluster: ports.facts,
    pullRequests: left,
    loopholes: left,
    live: left,
    evidence: left,
    standings: left,
    configured: { cluster: ports.rollback !== null, evidence: false },
    campaign: ports.campaign,
    decisions: left,
    history: left,
    soak: left,
    lint: left,
    findings: left,
    rehearsal: left,
    attestations: left,
    confirmation: await confirmationOf(ports, request),
    undo: view.known
      ? known(
          undoOf(view.value.locks, view.value.scene, ports.settings, {
            namespace,
            revert: await openRevert(ports, namespace),
          }),
        )
      : view,
  };
};

const confirmationOf = async (ports: RollbackFactsPorts, { answer }: LaneRequest): Promise<Known<Confirmation>> => {
  if (answer === null) return unknown("nobody was asked yet", "a person's confirmation");
  const found = await ports.confirmation(answer);
  return found === null ? unknown("there is no such confirmation", "a person's confirmation") : known(found);
};

/** `undo` is null without a cluster to read: then the steps are what Git says. */
export interface Rollback {
  readonly namespace: string;
  readonly undo: Undo | null;
  /** As a person could type it. */
  readonly steps: readonly string[];
}

/** What there is to roll back: in one namespace, or in all that the rollout locked or adopted. */
export const rollbacksIn = async (
  ports: RollbackFactsPorts,
  namespace: string | null,
): Promise<readonly Rollback[]> => {
  if (ports.rollback === null) return writtenIn(ports, namespace);
  const { locks, scene } = await lookAtRollback(ports, namespace);
  const found: Rollback[] = [];
  for (const name of new Set(locks.map((lock) => lock.ref.namespace ?? ""))) {
    const own = locks.filter((lock) => lock.ref.namespace === name);
    const revert = await openRevert(ports, name);
    const undo = undoOf(own, scene, ports.settings, { namespace: name, revert });
    if (undo.policies.length > 0) found.push({ namespace: name, undo, steps: undo.steps });
  }
  return found;
};

/** The revert that is open already waits for a person's merge, and asking again would bring nothing new. */
const openRevert = async ({ forge }: RollbackFactsPorts, namespace: string): Promise<WaitingFor | null> => {
  const branch = rollbackBranchOf(namespace);
  const open = await leniently(() => forge.pullRequests({ branch, state: "open" }));
  const [pull] = open.known ? open.value : [];
  const detail = `pull request #${pull?.number ?? 0}, then network-operator rollback ${namespace} once more`;
  return pull === undefined ? null : { what: "merge", detail, until: null };
};

const writtenIn = async (ports: RollbackFactsPorts, namespace: string | null): Promise<readonly Rollback[]> => {
  const { forge, readInventory, settings } = ports;
  const { kustomizations, ...inventory } = inventoryAt(readInventory, await forge.tree(await forge.head()));
  const locks = fromInventory({ kustomizations, ...inventory }).filter(
    (p) => isLock(p, settings) && (namespace === null || p.ref.namespace === namespace),
  );
  return locks.map(({ ref, owner }) => {
    const alone = kustomizations.find((k) => k.id === owner)?.objects.length === 1;
    const name = ref.namespace ?? "";
    return { namespace: name, undo: null, steps: rollbackSteps({ namespace: name, policy: ref.name, owner, alone }) };
  });
};
