import { canonical, dig, type Json } from "../facts/json.ts";
import type { Origin } from "../facts/policy.ts";
import { apiVersionOf, groupOf, idOf, kindOf, type Resource } from "./walk/resource.ts";

/** Objects of which every word counts: what is enforced, where, and who applies it. */
const WHOLE = new Set([
  "cilium.io/CiliumNetworkPolicy",
  "cilium.io/CiliumClusterwideNetworkPolicy",
  "networking.k8s.io/NetworkPolicy",
  "/Namespace",
  "kustomize.toolkit.fluxcd.io/Kustomization",
]);

/** Of all else, what policies select by. */
const outline = (value: Json): Json => ({
  apiVersion: apiVersionOf(value),
  labels: dig(value, "metadata", "labels") ?? null,
  pods: dig(value, "spec", "template", "metadata", "labels") ?? null,
  jobs: dig(value, "spec", "jobTemplate", "spec", "template", "metadata", "labels") ?? null,
});

const said = (value: Json): string =>
  canonical(WHOLE.has(`${groupOf(value)}/${kindOf(value)}`) ? value : outline(value));

const nameOf = (id: string): string => {
  const [, kind = "", namespace = "", name = ""] = id.split("/");
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
};

/**
 * What gates judge is our own walk's word, and what is applied is kustomize's: the first thing that they say differently of
 * a folder. Null where they agree on every policy, and on the labels of everything that a policy may select.
 */
export const differenceOf = (
  walked: readonly Resource[],
  built: readonly Json[],
): { readonly what: string; readonly where: Origin | null } | null => {
  const real = new Map(built.map((value) => [idOf(value), value]));
  for (const { value, origin } of walked) {
    const id = idOf(value);
    const other = real.get(id);
    real.delete(id);
    if (other === undefined)
      return { what: `kustomize makes no ${nameOf(id)} of this folder, and it was read from it`, where: origin };
    if (said(other) !== said(value))
      return { what: `kustomize makes another ${nameOf(id)} of this folder than was read from it`, where: origin };
  }
  const [more] = real.keys();
  return more === undefined
    ? null
    : { what: `kustomize makes ${nameOf(more)} of this folder, and it was not read from it`, where: null };
};
