/** Where in a repository a defect can be planted, and how. */
import { isSeq, type Document } from "yaml";
import type { FileChange } from "../../../src/facts/changeset.ts";
import { get, listAt, text, type Field, type Mutant, type Path, type Site } from "./kit.ts";

export type Direction = "ingress" | "egress";

export const policies = (field: Field): readonly Site[] => field.sites.filter((s) => s.kind === "CiliumNetworkPolicy");

export interface RuleSite {
  readonly site: Site;
  readonly direction: Direction;
  readonly path: Path;
  readonly rule: unknown;
}

export const rules = (field: Field, only?: Direction): readonly RuleSite[] =>
  policies(field).flatMap((site) =>
    (["ingress", "egress"] as const)
      .filter((d) => only === undefined || d === only)
      .flatMap((direction) =>
        [["spec"], ...listAt(site.value, "specs").map((_, i) => ["specs", i])].flatMap((base) =>
          listAt(site.value, ...base, direction).map((rule, i) => ({
            site,
            direction,
            path: [...base, direction, i],
            rule,
          })),
        ),
      ),
  );

export const NAMESPACE = /^(?:k8s:)?io\.kubernetes\.pod\.namespace$/;

export interface PeerSite extends RuleSite {
  readonly peerPath: Path;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string | null;
}

export const peersOf = (field: Field, only?: Direction): readonly PeerSite[] =>
  rules(field, only).flatMap((r) => {
    const key = r.direction === "ingress" ? "fromEndpoints" : "toEndpoints";
    return listAt(r.rule, key).flatMap((peer, i): PeerSite[] => {
      const labels = get(peer, "matchLabels");
      if (typeof labels !== "object" || labels === null) return [];
      const all = Object.entries(labels as Record<string, string>);
      const namespace = all.find(([k]) => NAMESPACE.test(k))?.[1] ?? null;
      return [
        {
          ...r,
          peerPath: [...r.path, key, i],
          labels: Object.fromEntries(all.filter(([k]) => !NAMESPACE.test(k))),
          namespace,
        },
      ];
    });
  });

/** Peers that name pods of another namespace. */
export const foreign = (field: Field, only?: Direction): readonly PeerSite[] =>
  peersOf(field, only).filter(
    (p) => p.namespace !== null && !p.site.namespaces.includes(p.namespace) && Object.keys(p.labels).length > 0,
  );

export const told = ({ site, path }: { readonly site: Site; readonly path: Path }, what: string): string =>
  `${site.file} ${site.name} ${path.join(".")}: ${what}`;

export const mutant = (
  site: Site,
  path: Path,
  what: string,
  change: (d: Document) => void,
  also: readonly string[] = [],
): Mutant => ({
  what: told({ site, path }, what),
  // Written out when it is asked for: most plantings are only counted.
  get changes() {
    return [site.edit(change)];
  },
  namespaces: [...site.namespaces, ...also],
});

/** Removes a list item; a list that is left empty goes with what holds it. */
export const removeItem = (document: Document, path: Path): void => {
  const parent = document.getIn(path.slice(0, -1));
  if (isSeq(parent) && parent.items.length === 1) document.deleteIn(path.slice(0, -1));
  else document.deleteIn(path);
};

export const removePeer = (p: PeerSite): Mutant =>
  mutant(
    p.site,
    p.peerPath,
    `peer ${JSON.stringify(p.labels)} removed`,
    (d) => {
      const parent = d.getIn(p.peerPath.slice(0, -1));
      if (isSeq(parent) && parent.items.length === 1) removeItem(d, p.path);
      else d.deleteIn(p.peerPath);
    },
    p.namespace === null ? [] : [p.namespace],
  );

export const swapped = (word: string): string =>
  word.length < 2 ? `${word}x` : word.slice(0, -2) + (word.at(-1) ?? "") + (word.at(-2) ?? "") + "x";

export const relabel = (p: PeerSite): Iterable<Mutant> => {
  const peer = get(p.rule, ...p.peerPath.slice(p.path.length), "matchLabels");
  const [key] = Object.keys(p.labels);
  if (key === undefined) return [];
  const value = String(get(peer, key));
  return [
    mutant(
      p.site,
      p.peerPath,
      `${key}: ${swapped(value)}`,
      (d) => d.setIn([...p.peerPath, "matchLabels", key], swapped(value)),
      p.namespace === null ? [] : [p.namespace],
    ),
  ];
};

export const namespaceKey = (p: PeerSite): string =>
  Object.keys(get(p.rule, ...p.peerPath.slice(p.path.length), "matchLabels") ?? {}).find((k) => NAMESPACE.test(k)) ??
  "";

export interface PortSite extends RuleSite {
  readonly portPath: Path;
  readonly port: string;
  readonly protocol: string;
}

export const portsOf = (r: RuleSite): readonly PortSite[] =>
  listAt(r.rule, "toPorts").flatMap((entry, i) =>
    listAt(entry, "ports").flatMap((port, j): PortSite[] => {
      const number = get(port, "port");
      return typeof number !== "string" || !/^\d+$/.test(number)
        ? []
        : [
            {
              ...r,
              portPath: [...r.path, "toPorts", i, "ports", j],
              port: number,
              protocol: text(get(port, "protocol")),
            },
          ];
    }),
  );

export const foreignRules = (field: Field, direction: Direction): readonly RuleSite[] => {
  const seen = new Set<string>();
  return foreign(field, direction).filter((p) => {
    const id = `${p.site.file} ${p.site.index} ${p.path.join(".")}`;
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
};

export const peerNamespaces = (r: RuleSite): readonly string[] =>
  [...listAt(r.rule, "fromEndpoints"), ...listAt(r.rule, "toEndpoints")].flatMap((peer) =>
    Object.entries((get(peer, "matchLabels") ?? {}) as Record<string, string>)
      .filter(([k]) => NAMESPACE.test(k))
      .map(([, v]) => v),
  );

/** Container ports that a Service translates from another number, by the port. */
export const translated = (field: Field): ReadonlyMap<string, string> =>
  new Map(
    field.context.inventory.services.flatMap((s) =>
      s.ports.flatMap((p) =>
        p.containerPort !== null && p.containerPort !== p.port
          ? [[String(p.containerPort), String(p.port)] as const]
          : [],
      ),
    ),
  );

export const entities = (r: RuleSite): readonly string[] =>
  [...listAt(r.rule, "fromEntities"), ...listAt(r.rule, "toEntities")].map(String);

export const fqdns = (field: Field): readonly { readonly r: RuleSite; readonly path: Path; readonly name: string }[] =>
  rules(field, "egress").flatMap((r) =>
    listAt(r.rule, "toFQDNs").flatMap((f, i) => {
      const name = get(f, "matchName");
      return typeof name === "string" ? [{ r, path: [...r.path, "toFQDNs", i], name }] : [];
    }),
  );

export const isAdditive = (site: Site): boolean => get(site.value, "spec", "enableDefaultDeny") !== undefined;

export const workloadSites = (field: Field): readonly Site[] =>
  field.sites.filter((s) => ["Deployment", "StatefulSet", "DaemonSet"].includes(s.kind));

export function* kustomizationsListing(field: Field, site: Site): Iterable<FileChange> {
  const folder = site.file.slice(0, site.file.lastIndexOf("/"));
  const path = `${folder}/kustomization.yaml`;
  const written = field.tree.read(path);
  const base = site.file.slice(folder.length + 1).replaceAll(".", "\\.");
  if (written === null) return;
  const without = written.replace(new RegExp(`^\\s*-\\s*(?:\\./)?${base}\\s*\\n`, "m"), "");
  if (without !== written) yield { path, mode: "100644", text: without };
}
