import { listAt, type DefectClass, type Field, type Mutant } from "./kit.ts";
import { entities, foreign, isAdditive, mutant, policies, portsOf, removeItem, removePeer, rules } from "./sites.ts";

/** Rules that name outside places, in whichever words. */
const leaving = (f: Field): ReturnType<typeof rules> =>
  rules(f, "egress").filter(
    (r) => entities(r).includes("world") || listAt(r.rule, "toFQDNs").length > 0 || listAt(r.rule, "toCIDR").length > 0,
  );

/** Lines of a list in a kustomization, one planting for each that matches. */
const unlisted = function* (field: Field, wanted: RegExp, what: string): Iterable<Mutant> {
  for (const path of field.tree.paths()) {
    if (!path.endsWith("/kustomization.yaml")) continue;
    const written = field.tree.read(path) ?? "";
    const lines = written.split("\n");
    for (const [i, line] of lines.entries()) {
      if (!/^\s*-\s/.test(line) || !wanted.test(line)) continue;
      const folder = path.slice(0, path.lastIndexOf("/"));
      const namespaces = field.context.inventory.namespaces.filter((n) => n.folder === folder).map((n) => n.name);
      const alone = lines.filter((l) => /^\s*-\s/.test(l)).length === 1;
      const text = alone ? "resources: []\n" : lines.toSpliced(i, 1).join("\n");
      // A list without entries is null, which kustomize takes as none.
      yield { what: `${path}: ${line.trim()} ${what}`, changes: [{ path, mode: "100644", text }], namespaces };
    }
  }
};

/** What is simply not there: a half, a rule, a policy, a component. */
export const ABSENCES: readonly DefectClass[] = [
  { id: "egress half removed", breaks: "spoken", plant: (f) => foreign(f, "egress").map(removePeer) },
  {
    id: "outside no longer allowed",
    breaks: "declared",
    plant: (f) => leaving(f).map((r) => mutant(r.site, r.path, "removed", (d) => removeItem(d, r.path))),
  },
  {
    id: "port missing from a list",
    breaks: "spoken",
    plant: (f) =>
      rules(f).flatMap((r) =>
        portsOf(r).length < 2
          ? []
          : portsOf(r).map((p) =>
              mutant(p.site, p.portPath, `${p.port}/${p.protocol} removed`, (d) => d.deleteIn(p.portPath)),
            ),
      ),
  },
  {
    id: "policy deleted",
    breaks: "spoken",
    plant: (f) =>
      policies(f)
        .filter((s) => isAdditive(s))
        .map((site) => ({
          what: `${site.file} ${site.name} deleted`,
          namespaces: site.namespaces,
          changes: [site.edit((d) => (d.contents = null))],
        })),
  },
  {
    id: "load balancer's clients no longer admitted",
    plant: (f) =>
      rules(f, "ingress")
        .filter((r) => entities(r).includes("world"))
        .map((r) => mutant(r.site, r.path, "removed", (d) => removeItem(d, r.path))),
  },
  {
    id: "API server no longer allowed",
    breaks: "apiserver",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => entities(r).includes("kube-apiserver"))
        .map((r) =>
          mutant(
            r.site,
            r.path,
            "removed",
            (d) => removeItem(d, r.path),
            f.context.inventory.namespaces.map((n) => n.name),
          ),
        ),
  },
  {
    id: "baseline not taken",
    breaks: "names",
    plant: (f) => unlisted(f, /baseline/, "no longer listed"),
  },
  {
    id: "lock that locks nothing",
    plant: (f) =>
      policies(f)
        .filter((s) => !isAdditive(s) && listAt(s.value, "spec", "ingress").length > 0)
        .map((site) =>
          mutant(site, ["spec"], "enableDefaultDeny false on the lock", (d) =>
            d.setIn(["spec", "enableDefaultDeny"], { ingress: false, egress: false }),
          ),
        ),
  },
  {
    id: "peer of the own namespace only",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) => mutant(p.site, p.peerPath, "{}", (d) => d.setIn(p.peerPath, {}), [p.namespace ?? ""])),
  },
  {
    id: "name of a port that nobody opens",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).flatMap((p) =>
        portsOf(p)
          .slice(0, 1)
          .map((q) =>
            mutant(q.site, q.portPath, "port: nosuch", (d) => d.setIn([...q.portPath, "port"], "nosuch"), [
              p.namespace ?? "",
            ]),
          ),
      ),
  },
  {
    id: "variable that nothing substitutes",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).flatMap((p) => {
        const [key] = Object.keys(p.labels);
        return key === undefined
          ? []
          : [
              mutant(p.site, p.peerPath, "${PEER_NAME}", (d) =>
                d.setIn([...p.peerPath, "matchLabels", key], "${PEER_NAME}"),
              ),
            ];
      }),
  },
  {
    id: "cluster taken for the world",
    breaks: "spoken",
    plant: (f) =>
      rules(f, "egress")
        .filter((r) => entities(r).includes("cluster"))
        .map((r) => mutant(r.site, r.path, "world", (d) => d.setIn([...r.path, "toEntities"], ["world"]))),
  },
  {
    id: "peers taken for the world",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.path,
          "world instead",
          (d) => {
            d.deleteIn([...p.path, p.direction === "ingress" ? "fromEndpoints" : "toEndpoints"]);
            d.setIn([...p.path, p.direction === "ingress" ? "fromEntities" : "toEntities"], ["world"]);
          },
          [p.namespace ?? ""],
        ),
      ),
  },
  {
    id: "rule of nobody",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).map((p) =>
        mutant(
          p.site,
          p.peerPath,
          "empty list of peers",
          (d) => d.setIn([...p.path, p.direction === "ingress" ? "fromEndpoints" : "toEndpoints"], []),
          [p.namespace ?? ""],
        ),
      ),
  },
];
