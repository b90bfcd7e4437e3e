import type { PolicyKind } from "../facts/policy.ts";
import type { LivePolicy } from "../facts/ports.ts";
import { condition, field, fluxOwner, nameOf, namespaceOf, record, type KubeObject } from "./objects.ts";

/** What somebody wrote, without the API server's book-keeping. */
const asWritten = (object: unknown, kind: PolicyKind, apiVersion: string): KubeObject => {
  const { managedFields: _fields, ...metadata } = record(field(object, "metadata"));
  const { status: _status, ...rest } = record(object);
  return { ...rest, apiVersion, kind, metadata };
};

export const livePolicies = (
  kind: PolicyKind,
  apiVersion: string,
  objects: readonly unknown[],
): readonly LivePolicy[] =>
  objects.map((object) => {
    // The operator's word; a vanilla NetworkPolicy has nobody to say it.
    const { holds, message } = kind === "NetworkPolicy" ? { holds: null, message: null } : condition(object, "Valid");
    return {
      ref: {
        kind,
        namespace: kind === "CiliumClusterwideNetworkPolicy" ? null : namespaceOf(object),
        name: nameOf(object),
      },
      object: asWritten(object, kind, apiVersion),
      valid: holds,
      message,
      owner: fluxOwner(object),
    };
  });
