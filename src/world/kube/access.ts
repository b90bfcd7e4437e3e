import { randomBytes } from "node:crypto";

/** Two people-less identities: one that reads, and the rollback's own. */
export type Identity = "reader" | "rollback";

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

const READ = new Set(["get", "list", "watch"]);

/** What the rollback's role holds, and nothing else: suspend, and patch or delete a policy. */
const ROLLBACK: readonly { readonly group: string; readonly resource: string; readonly verbs: readonly string[] }[] = [
  { group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations", verbs: ["patch", "update"] },
  { group: "cilium.io", resource: "ciliumnetworkpolicies", verbs: ["patch", "update", "delete"] },
];

/** `granted`: the rollback's role binding stands. */
export const may = (identity: Identity, { verb, group, resource }: Attributes, granted: boolean): boolean => {
  if (READ.has(verb)) return resource !== "secrets";
  if (group === "authorization.k8s.io" && verb === "create") return true;
  return (
    identity === "rollback" &&
    granted &&
    ROLLBACK.some((r) => r.group === group && r.resource === resource && r.verbs.includes(verb))
  );
};

export interface Tokens {
  readonly reader: string;
  readonly rollback: string;
}

/** New ones for each process: the port is open to everybody on this machine. */
export const makeTokens = (): Tokens => ({
  reader: randomBytes(24).toString("base64url"),
  rollback: randomBytes(24).toString("base64url"),
});

export const identityOf = (authorization: string | undefined, tokens: Tokens): Identity | null => {
  if (authorization === `Bearer ${tokens.reader}`) return "reader";
  return authorization === `Bearer ${tokens.rollback}` ? "rollback" : null;
};
