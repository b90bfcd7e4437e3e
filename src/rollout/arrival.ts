import type { NamedPolicy } from "./policy-documents.ts";
import type { LiveKustomization, LivePolicy } from "../facts/ports.ts";
import type { Edge } from "../facts/edge.ts";
import { policyId } from "../facts/policy.ts";
import type { PolicyRef } from "../facts/policy.ts";
import { canonical, dig } from "../facts/json.ts";
import { contains } from "./revision.ts";

/** Whether something that was merged is what the cluster runs. */
export type Arrival =
  | { readonly arrived: true }
  /** `waits`: time alone will bring it; otherwise somebody has to act. */
  | { readonly arrived: false; readonly why: string; readonly waits: boolean };

const arrived: Arrival = { arrived: true };
const missing = (why: string, waits: boolean): Arrival => ({ arrived: false, why, waits });

/** What an object says, without what the API server, Flux and kubectl write into it. */
const saying = (object: unknown): string => canonical([dig(object, "spec") ?? null, dig(object, "specs") ?? null]);

/** Flux substitutes `${VARIABLES}` after Git: then the text differs and only the owner's revision can tell. */
const holdsVariables = (object: unknown): boolean => saying(object).includes("${");

/** A policy as Git has it, live, the same, and taken by the agents. */
export const policyArrived = (
  policy: NamedPolicy,
  live: { readonly policies: readonly LivePolicy[] },
  named: ReadonlySet<string>,
): Arrival => {
  const id = policyId(policy.ref);
  const there = live.policies.find((p: LivePolicy) => policyId(p.ref) === id);
  if (there === undefined) return missing(`${id} is not in the cluster`, true);
  if (there.valid === false) return missing(`${id} is refused by Cilium: ${there.message ?? "Valid is False"}`, false);
  if (!holdsVariables(policy.document.object) && saying(there.object) !== saying(policy.document.object))
    return missing(`${id} in the cluster is not the one in Git`, true);
  // NetworkPolicies have no such condition: the API server's schema is the whole test.
  if (there.valid === null && policy.ref.kind !== "NetworkPolicy" && !named.has(id))
    return missing(`nobody has said that ${id} is valid, and Cilium has not named it in a verdict`, true);
  return arrived;
};

/** Its Flux Kustomization, with all that has to move before it, applied a revision that holds the given commits. */
export const carrierArrived = (
  owner: string,
  commits: readonly string[],
  live: { readonly kustomizations: readonly LiveKustomization[] },
  history: readonly { readonly commit: string }[],
): Arrival => {
  const carrier = live.kustomizations.find((k) => k.id === owner);
  if (carrier === undefined) return missing(`Kustomization ${owner} is not in the cluster`, true);
  if (carrier.ready === false)
    return missing(`Kustomization ${owner} is not ready: ${carrier.message ?? "no message"}`, false);
  if (carrier.ready === null) return missing(`Kustomization ${owner} has not said whether it is ready`, true);
  for (const commit of commits) {
    const has = contains(carrier.appliedRevision, commit, history);
    if (has === "behind") return missing(`Kustomization ${owner} has not applied ${commit.slice(0, 12)} yet`, true);
    if (has === "unknown")
      return missing(
        `it cannot be told whether Kustomization ${owner} (at ${carrier.appliedRevision ?? "nothing"}) holds ${commit.slice(0, 12)}`,
        true,
      );
  }
  return arrived;
};

/** Policies that Cilium itself gave as the reason for letting something pass since `since` (C F.2.12). */
export const namedByCilium = (edges: readonly Edge[], since: number): ReadonlySet<string> => {
  const words = edges.flatMap((e) => [...e.word.egress.named, ...e.word.ingress.named]);
  const refs: readonly PolicyRef[] = words.filter((w) => w.flows > 0 && w.lastSeen >= since).map((w) => w.policy);
  return new Set(refs.map(policyId));
};
