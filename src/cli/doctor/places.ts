import type { ClusterReader } from "../../facts/ports.ts";
import type { Place } from "../../compose.ts";
import { readInventory } from "../../gitops/inventory.ts";
import { attempt, bad, good, open, type Check } from "./check.ts";

/** Rights of the identity that rolls back: these, and nothing else. */
const ROLLBACK_RIGHTS = [
  { verb: "patch", group: "cilium.io", resource: "ciliumnetworkpolicies" },
  { verb: "delete", group: "cilium.io", resource: "ciliumnetworkpolicies" },
  { verb: "patch", group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations" },
] as const;
const TOO_MUCH = [
  { verb: "delete", group: "", resource: "pods" },
  { verb: "patch", group: "apps", resource: "deployments" },
] as const;

export const repositoryChecks = (place: Place): Promise<readonly Check[]> =>
  attempt("repository", async () => {
    const head = await place.forge.head();
    const inventory = readInventory(await place.forge.tree(head), place.facts);
    const said = `${place.forge.name} at ${head.slice(0, 12)}: ${inventory.namespaces.length} namespaces, ${inventory.policies.length} policies`;
    const problems = inventory.problems
      .slice(0, 5)
      .map((p) =>
        open("repository", `${p.origin === null ? "" : `${p.origin.file}:${p.origin.line}: `}${p.what}`, p.remedy),
      );
    return inventory.namespaces.length === 0
      ? bad("repository", said, "Point repository.path at a Flux or kustomize repository.")
      : [good("repository", said), ...problems];
  });

export const clusterChecks = (cluster: ClusterReader | null, hasRollback: boolean): Promise<readonly Check[]> =>
  attempt("cluster", async () => {
    if (cluster === null)
      return open(
        "cluster",
        "none is configured",
        "Allows can be proposed without one; default-deny and sign-off need cluster.context.",
      );
    const [nodes, policies] = await Promise.all([cluster.nodes(), cluster.policies()]);
    const seen = good("cluster", `${cluster.name}: ${nodes.length} nodes, ${policies.length} live policies`);
    if (!hasRollback)
      return [
        seen,
        open(
          "rollback",
          "no second identity is configured",
          "Set rollback.context; until then rollback prints its lines.",
        ),
      ];
    const asked = await Promise.all(
      ROLLBACK_RIGHTS.map(async (r) => ({ r, may: await cluster.mayI({ ...r, namespace: null }) })),
    );
    const wide = await Promise.all(
      TOO_MUCH.map(async (r) => ({ r, may: await cluster.mayI({ ...r, namespace: null }) })),
    );
    const missing = asked.filter(({ may }) => !may).map(({ r }) => `${r.verb} ${r.resource}`);
    const excess = wide.filter(({ may }) => may).map(({ r }) => `${r.verb} ${r.resource}`);
    if (missing.length > 0)
      return [seen, bad("rollback", `it may not ${missing.join(", ")}`, "Give rollback.context exactly these rights.")];
    if (excess.length > 0)
      return [
        seen,
        bad(
          "rollback",
          `it may also ${excess.join(", ")}`,
          "An identity for one thing should be able to do one thing: take these rights away.",
        ),
      ];
    return [seen, good("rollback", "may suspend, patch and delete what it needs to, and nothing else that was tried")];
  });
