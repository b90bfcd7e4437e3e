import { podIdentityLabels } from "../../cilium/labels.ts";
import { compilePolicies } from "../../cilium/policy-set.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { policyId } from "../../facts/policy.ts";
import type { PolicyRef } from "../../facts/policy.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import { canonical, dig, list, record, type Json } from "../../facts/json.ts";
import { fromInventory, specsOf, type NamedPolicy } from "../policy-documents.ts";
import { onlyTurnsDefaultDeny } from "../policy-effects.ts";

export const RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile";

const OFF = { ingress: false, egress: false } as const;

/** The part of an object that says what a policy does. */
export const sayingOf = (object: unknown): string =>
  canonical([dig(object, "spec") ?? null, dig(object, "specs") ?? null]);

/** A merge patch that makes a lock inert and takes it from Flux (C A.6; lessons.md, Rollback). */
export const disarming = (object: Json): Json => ({
  metadata: { annotations: { [RECONCILE]: "disabled" } },
  ...(object["spec"] === undefined ? {} : { spec: { enableDefaultDeny: OFF } }),
  // A merge patch replaces lists whole.
  ...(Array.isArray(object["specs"])
    ? { specs: object["specs"].map((spec) => ({ ...record(spec), enableDefaultDeny: OFF })) }
    : {}),
});

/** The lock as that patch leaves it. */
export const disarmed = (object: Json): Json => {
  const patch = disarming(object);
  const metadata = record(object["metadata"]);
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...record(metadata["annotations"]), [RECONCILE]: "disabled" } },
    ...(patch["spec"] === undefined ? {} : { spec: { ...record(object["spec"]), enableDefaultDeny: OFF } }),
    ...(patch["specs"] === undefined ? {} : { specs: patch["specs"] }),
  };
};

/** The policy as it would be without anybody's `enableDefaultDeny`. */
const armed = (policy: NamedPolicy): NamedPolicy => {
  const object = record(policy.document.object);
  const bare = (spec: unknown): Json => {
    const { enableDefaultDeny: _, ...rest } = record(spec);
    return rest;
  };
  return {
    ...policy,
    document: {
      ...policy.document,
      object: {
        ...object,
        ...(object["spec"] === undefined ? {} : { spec: bare(object["spec"]) }),
        ...(object["specs"] === undefined ? {} : { specs: list(object["specs"]).map(bare) }),
      },
    },
  };
};

const asksFor = (policy: NamedPolicy, settings: CiliumSettings): boolean => {
  const { namespace } = policy.ref;
  if (namespace === null) return false;
  const labels = podIdentityLabels({ podLabels: {}, namespace, namespaceLabels: {}, cluster: settings.clusterName });
  // What the API server holds was taken by its schema; the agents' own checks decide.
  const set = compilePolicies([policy.document], { ...settings, enablePolicy: "default" }, {}, { refusedBy: "agent" });
  return DIRECTIONS.some((direction) => set.defaultDeny({ labels }, direction).value);
};

/**
 * A namespace's default-deny: a CiliumNetworkPolicy that does nothing but lock, and locks any pod that comes. A lock around
 * one app is that app's business, and policies that allow something are never a rollback's to touch.
 */
export const isLock = (policy: NamedPolicy, settings: CiliumSettings): boolean =>
  policy.ref.kind === "CiliumNetworkPolicy" && onlyTurnsDefaultDeny(policy) && asksFor(armed(policy), settings);

/** Whether it locks anybody as it stands. */
export const isArmed = (policy: NamedPolicy, settings: CiliumSettings): boolean => asksFor(policy, settings);

/** Switched off by a rollback: what Git itself switches off carries no such mark. */
export const isDisarmed = (policy: NamedPolicy): boolean =>
  dig(policy.document.object, "metadata", "annotations", RECONCILE) === "disabled" &&
  specsOf(policy).every(
    (spec) => dig(spec, "enableDefaultDeny", "ingress") === false && dig(spec, "enableDefaultDeny", "egress") === false,
  );

export const lockIn = (inventory: Inventory, ref: PolicyRef, settings: CiliumSettings): NamedPolicy | null =>
  fromInventory(inventory).find((p) => policyId(p.ref) === policyId(ref) && isLock(p, settings)) ?? null;
