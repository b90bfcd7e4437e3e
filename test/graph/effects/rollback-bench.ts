import { MemorySaver } from "@langchain/langgraph";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disarming } from "../../../src/rollout/rollback/lock.ts";
import { rollbackReader } from "../../../src/cluster/rollback-reader.ts";
import { rollbackWriter } from "../../../src/cluster/rollback-writer.ts";
import { defaultCampaign } from "../../../src/facts/campaign.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { MINUTE } from "../../../src/facts/clock.ts";
import { OperatorError } from "../../../src/facts/errors.ts";
import type { ForgeReader, ForgeWriter } from "../../../src/facts/ports.ts";
import type { Confirmation, RollbackWriter } from "../../../src/facts/rollback.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import { localForge, type LocalForge } from "../../../src/forge/local.ts";
import { openRepository } from "../../../src/git/plumbing.ts";
import { writer } from "../../../src/gitops/edit.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import type { Answer } from "../../../src/graph/answer.ts";
import { askGraph } from "../../../src/graph/ask.ts";
import { buildGraph } from "../../../src/graph/build.ts";
import { pullRequestText } from "../../../src/graph/effects/pull-request-text.ts";
import { laneOf } from "../../../src/graph/facts/lane-of.ts";
import { factsReader } from "../../../src/graph/facts/reader.ts";
import { lookAtRollback } from "../../../src/graph/facts/rollback.ts";
import { gates } from "../../../src/graph/gates/index.ts";
import { openWorld, type ServedWorld, type World } from "../../../src/world/world.ts";
import { once } from "../../house/once.ts";
import { commit } from "../../world/world.ts";
import { openField } from "../field.ts";
import { cluster } from "../facts/home.ts";

const HOME = "kubernetes/apps/selfhosted";

/** `selfhosted`, locked as the agent itself locks: by a Flux Kustomization that carries nothing else. */
export const OWNED: Readonly<Record<string, string>> = {
  [`${HOME}/default-deny/ks.yaml`]: `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: selfhosted-default-deny
spec:
  interval: 1h
  path: ./${HOME}/default-deny/app
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
  targetNamespace: selfhosted
`,
  [`${HOME}/default-deny/app/kustomization.yaml`]: `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
components:
  - ../../../../components/network-policy/default-deny
`,
  [`${HOME}/kustomization.yaml`]: `---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: selfhosted
resources:
  - ./namespace.yaml
  - ./default-deny/ks.yaml
  - ./webhook/ks.yaml
`,
};

/** A person's revert that keeps the Kustomization and gives it something else to carry. */
export const REVERTED_BY_HAND: Readonly<Record<string, string>> = {
  [`${HOME}/default-deny/app/kustomization.yaml`]:
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ./note.yaml\n",
  [`${HOME}/default-deny/app/note.yaml`]: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\ndata: {}\n",
};

const off = (): Promise<never> =>
  Promise.reject(new OperatorError("outside", "the forge does not answer", { remedy: "Look at the network." }));

/** A forge that is down. */
export const silentForge: ForgeReader & ForgeWriter = {
  name: "silent",
  defaultBranch: "main",
  head: off,
  tree: off,
  branchHead: off,
  pullRequests: off,
  history: off,
  broughtBy: off,
  loopholes: off,
  writeBranch: off,
  openPullRequest: off,
  updatePullRequest: off,
};

export interface Bench {
  readonly world: World;
  readonly served: ServedWorld;
  readonly forge: LocalForge;
  /** A person's yes to what is asked now; times and spending as the terminal's store has them. */
  readonly confirmations: Map<string, Confirmation>;
  readonly spent: Set<string>;
  /** Everything that was written to the cluster, in order. */
  readonly writes: string[];
  /** Asks, confirms what is asked, and carries on. */
  rollBack(namespace: string, options?: { forge?: ForgeReader & ForgeWriter; thread?: string }): Promise<Answer>;
  /** Asks and does not confirm. */
  ask(namespace: string, options?: { forge?: ForgeReader & ForgeWriter; thread?: string }): Promise<Answer>;
  /** Whether any of the namespace's pods is under default-deny, as Cilium's agents say. */
  isLocked(namespace: string): Promise<boolean>;
  turn(by: number): Promise<void>;
  dispose(): Promise<void>;
}

/** The sample with both kinds of lock, six minutes later: everything has been applied, and nothing is in flight. */
const locked = (): Promise<string> =>
  once("locked-both-ways", async (dir) => {
    const world = await openWorld({ dir });
    await commit(world, OWNED);
    await world.play(world.clock.now() + 6 * MINUTE);
    world.dispose();
  });

/** Two namespaces are locked: `selfhosted` by a Kustomization of its own, `media` by one that it shares. */
export const openBench = async (): Promise<Bench> => {
  const dir = mkdtempSync(join(tmpdir(), "rollback-"));
  cpSync(await locked(), dir, { recursive: true });
  const world = await openWorld({ dir });
  const served = await world.serve();
  const kubeconfig = { text: served.kubeconfig };
  const reader = rollbackReader({ kubeconfig, context: "sample" });
  const hand = rollbackWriter({ kubeconfig, context: "sample-rollback" }, disarming);
  const forge = localForge({ repository: openRepository(world.remote), state: dir, clock: world.clock });
  const confirmations = new Map<string, Confirmation>();
  const spent = new Set<string>();
  const writes: string[] = [];
  const checkpointer = new MemorySaver();

  const after = async <T>(what: string, write: Promise<T>): Promise<T> => {
    const written = await write;
    writes.push(what);
    return written;
  };
  const watched: RollbackWriter = {
    suspend: (id, on) => after(`${on ? "suspend" : "resume"} ${id}`, hand.suspend(id, on)),
    disarm: (policy) => after(`disarm ${policy.ref.namespace}/${policy.ref.name}`, hand.disarm(policy)),
    remove: (policy) => after(`remove ${policy.ref.namespace}/${policy.ref.name}`, hand.remove(policy)),
  };

  const graphOver = (place: ForgeReader & ForgeWriter) => {
    const ports = {
      forge: place,
      clock: world.clock,
      campaign: defaultCampaign,
      settings: defaultSettings(),
      facts: defaultClusterFacts,
      cluster: cluster({
        pods: [],
        services: [],
        policies: [],
        kustomizations: [],
        sources: [],
        namespaces: [],
        nodes: [],
      }),
      evidence: null,
      attestations: null,
      readInventory: (tree: Parameters<typeof readInventory>[0]) => readInventory(tree, defaultClusterFacts),
      writer,
      build: () => Promise.resolve(new Map()),
      rollback: reader,
      play: off,
      confirmation: (id: string) => {
        const found = confirmations.get(id);
        return Promise.resolve(found === undefined ? null : { ...found, used: spent.has(id) });
      },
    };
    const field = openField({ forge: place, checkpointer });
    return buildGraph({
      ...field.ports,
      // Nobody is asked where the rollout stands: that needs the forge.
      look: { ...field.ports.look, status: off },
      reader: factsReader(ports),
      catalog: gates,
      laneOf,
      pullRequestText,
      clock: world.clock,
      rollback: {
        look: (namespace) => lookAtRollback(ports, namespace),
        writer: watched,
        confirmations: {
          spend: (id) => {
            if (spent.has(id)) return false;
            spent.add(id);
            return true;
          },
        },
        see: null,
        clock: world.clock,
        // Half a minute at a time: each turn of the clock costs the world a second.
        rest: (span) => world.play(world.clock.now() + 30 * span),
      },
    });
  };

  const bench: Bench = {
    world,
    served,
    forge,
    confirmations,
    spent,
    writes,
    ask: (namespace, { forge: place = forge, thread = `rollback:${namespace}` } = {}) =>
      askGraph(graphOver(place), { request: { kind: "request-rollback", namespace } }, { thread }),
    rollBack: async (namespace, options = {}) => {
      const { thread = `rollback:${namespace}`, forge: place = forge } = options;
      const asked = await bench.ask(namespace, options);
      const graph = graphOver(place);
      const { values } = await graph.getState({ configurable: { thread_id: thread } });
      const digest = values.pending?.digest;
      if (asked.outcome !== "waiting" || digest === undefined) return asked;
      const now = world.clock.now();
      const id = `confirmation-${confirmations.size}`;
      const seal = { state: "valid" } as const;
      const word = { id, namespace, digest, by: "robin", at: now, expiresAt: now + MINUTE, used: false, seal };
      confirmations.set(id, word);
      return askGraph(graph, { confirmation: id, digest }, { thread });
    },
    isLocked: async (namespace) => {
      const { endpoints } = await reader.scene();
      const here = endpoints.filter((e) => e.namespace === namespace);
      if (here.length === 0) throw new Error(`${namespace} has no endpoints`);
      return here.some(({ enforcing }) => enforcing.ingress === true || enforcing.egress === true);
    },
    turn: (by) => world.play(world.clock.now() + by),
    dispose: async () => {
      await served.close();
      forge.dispose();
      world.dispose();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return bench;
};
