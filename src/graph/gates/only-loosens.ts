import { policyId } from "../../facts/policy.ts";
import { canonical, dig, record } from "../../facts/json.ts";
import type { GateFacts, Undo } from "../gate.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { lockIn } from "../../rollout/rollback/lock.ts";
import { removesOnly } from "../../rollout/rollback/removes-only.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

type Step = Undo["policies"][number];

const withoutSwitch = (object: unknown): string => {
  const bare = (spec: unknown): unknown => {
    const { enableDefaultDeny: _, ...rest } = record(spec);
    return rest;
  };
  const specs = dig(object, "specs");
  return canonical([bare(dig(object, "spec")), Array.isArray(specs) ? specs.map(bare) : null]);
};

const isSwitchedOff = (object: unknown): boolean => {
  const specs = dig(object, "specs");
  return [dig(object, "spec"), ...(Array.isArray(specs) ? (specs as unknown[]) : [])]
    .filter((spec) => spec !== undefined)
    .every(
      (spec) =>
        dig(spec, "enableDefaultDeny", "ingress") === false && dig(spec, "enableDefaultDeny", "egress") === false,
    );
};

/**
 * Provable from the objects alone, because it has to hold when Hubble, the forge and the model do not: removing a policy
 * that allows and denies nothing, or switching off what a policy asks for, can drop nothing (C A.5, A.6).
 */
const tightens = (facts: GateFacts, { ref, before, after, owner }: Step): string | null => {
  const id = policyId(ref);
  if (ref.namespace !== facts.request.namespace) return `${id} is not the namespace's own`;
  if (ref.kind !== "CiliumNetworkPolicy") return `${id} is not of the kind that a rollback may change`;
  // It is not there: what is left is Flux, and Flux is let go only once Git does not hold the lock.
  if (before === null) return after === null ? null : `${id} would be made`;
  if (after === null) {
    // What is switched off already locks nobody, whoever would bring it back.
    if (owner !== null && !owner.alone && !isSwitchedOff(before))
      return `${owner.id} carries more than ${id}, and Flux would bring it back`;
    const policy = { ref, owner: null, document: { object: before, namespace: ref.namespace, origin: null } };
    return onlyTurnsDefaultDeny(policy)
      ? null
      : `${id} does more than to turn default-deny on; removing it takes allows away`;
  }
  if (withoutSwitch(before) !== withoutSwitch(after)) return `${id} would change in more than enableDefaultDeny`;
  return isSwitchedOff(after) ? null : `${id} would still ask for default-deny`;
};

/** The pull request that keeps the lock away is judged by what it renders; without one there is nothing to judge. */
const revertSays = (facts: GateFacts): string | null => {
  if (facts.changeset.files.length === 0) return null;
  const { before, after } = facts.inventory;
  if (!before.known || !after.known || !facts.undo.known) return "it does not build";
  const locks = facts.undo.value.policies.map(({ ref }) => ref);
  const held = locks.filter((ref) => lockIn(before.value, ref, facts.settings) !== null);
  return removesOnly(before.value, after.value, held, facts.settings);
};

export const onlyLoosens = gate(
  "only-loosens",
  {
    title: "the rollback removes enforcement and nothing else",
    lessons: [25],
    depth: "full",
    needs: ["request", "undo", "changeset", "inventory", "settings"],
  },
  (facts) => {
    if (!facts.undo.known) return refusesUnknown("What would be undone", facts.undo);
    const { policies } = facts.undo.value;
    if (policies.length === 0)
      return refuses(`nothing in ${facts.request.namespace} turns default-deny on`, "There is nothing to roll back.");
    const wrong = policies.map((step) => tightens(facts, step)).filter((w) => w !== null);
    const revert = revertSays(facts);
    if (revert !== null)
      return refuses(`the revert does more than to take the lock out of Git: ${revert}`, "Revert it by hand.");
    if (wrong.length > 0)
      return refuses(some(wrong), "Take back the default-deny alone; allows stay, whoever brought them.");
    return passes(`${policies.length} policies give up default-deny; no allow is lost.`);
  },
);
