import { changeset } from "../../src/facts/changeset.ts";
import { known } from "../../src/facts/known.ts";
import type { LivePolicy } from "../../src/facts/ports.ts";
import type { Unlocking, Undo, Written } from "../../src/facts/rollback.ts";
import type { GateFacts } from "../../src/graph/gate.ts";
import type { RollbackHands } from "../../src/graph/ports.ts";
import type { HeldLock } from "../../src/rollout/rollback/held.ts";

export const DIGEST = "d".repeat(64);

const lockOf = (namespace: string): LivePolicy => ({
  ref: { kind: "CiliumNetworkPolicy", namespace, name: "default-deny" },
  object: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: "default-deny", namespace, uid: "u", resourceVersion: "1" },
    spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
  },
  valid: true,
  message: null,
  owner: "flux-system/apps",
});

const unlocking = (namespace: string): Unlocking => {
  const { ref, object } = lockOf(namespace);
  const spec = { ...(object["spec"] as object), enableDefaultDeny: { ingress: false, egress: false } };
  const owner = { id: "flux-system/apps", alone: false };
  return { ref, before: object, after: { ...object, spec }, owner, next: "it is made inert" };
};

/** Every namespace is locked by an object that shares its Kustomization; what is done to it is counted. */
export interface Locked {
  readonly hands: RollbackHands;
  /** `disarm selfhosted`, in order. */
  readonly undone: string[];
  readonly spent: Set<string>;
  /** What a person would confirm; another one when what is enforced has changed. */
  digest: string;
  /** The facts of a pass, with what would be undone in the namespace that is asked about. */
  facts(facts: GateFacts): GateFacts;
}

export const everythingLocked = (now = 0): Locked => {
  const undone: string[] = [];
  const spent = new Set<string>();
  const count = (what: string): Promise<Written> => {
    undone.push(what);
    return Promise.resolve({ done: true });
  };
  const lock = (namespace: string): HeldLock => ({
    ref: lockOf(namespace).ref,
    live: lockOf(namespace),
    effect: undone.includes(`disarm ${namespace}`) ? "inert" : "enforcing",
    owner: null,
    alone: false,
    inMain: known(true),
    inFetched: known(true),
    inApplied: known(true),
  });
  const locked: Locked = {
    undone,
    spent,
    digest: DIGEST,
    facts: (facts) => {
      const { namespace, lane } = facts.request;
      const undo: Undo = {
        digest: locked.digest,
        policies: [unlocking(namespace)],
        waitingFor: null,
        stillLocked: [],
        endpoints: 1,
        steps: ["kubectl patch"],
      };
      return {
        ...facts,
        ...(lane === "request-rollback" ? { changeset: changeset(namespace, "rollback", []) } : {}),
        undo: known(undo),
      };
    },
    hands: {
      look: (namespace) =>
        Promise.resolve({
          scene: { namespaces: [], policies: [lockOf(namespace)], owners: [], sources: [], endpoints: [] },
          locks: [lock(namespace)],
          main: { known: false, why: "the forge is off", wouldHelp: "its return" },
        }),
      writer: {
        suspend: (id, on) => count(`${on ? "suspend" : "resume"} ${id}`),
        disarm: ({ ref }) => count(`disarm ${ref.namespace}`),
        remove: ({ ref }) => count(`remove ${ref.namespace}`),
      },
      confirmations: { spend: (id) => !spent.has(id) && spent.add(id) !== undefined },
      see: null,
      clock: { now: () => now },
      rest: () => Promise.resolve(),
    },
  };
  return locked;
};
