import { parseAllDocuments, type Document } from "yaml";
import type { SourceTree } from "../../../src/facts/tree.ts";
import { get, listAt, type Path } from "./kit.ts";

/** Other words for the same policies: what a rule finds must not hang on how somebody writes. */
export interface Dialect {
  readonly id: string;
  readonly rewrite: (document: Document, spec: Path) => void;
}

const NAMESPACE = "io.kubernetes.pod.namespace";
const DIRECTIONS = ["ingress", "egress"] as const;

/** Every selector of peers, with where it stands. */
const peers = function* (document: Document, spec: Path): Generator<readonly [Path, Readonly<Record<string, string>>]> {
  const value: unknown = document.toJS();
  for (const direction of DIRECTIONS) {
    const key = direction === "ingress" ? "fromEndpoints" : "toEndpoints";
    for (const [i, rule] of listAt(value, ...spec, direction).entries())
      for (const [j, peer] of listAt(rule, key).entries()) {
        const labels = get(peer, "matchLabels");
        if (typeof labels === "object" && labels !== null)
          yield [[...spec, direction, i, key, j], labels as Record<string, string>];
      }
  }
};

const rekeyed = (labels: Readonly<Record<string, string>>, key: (name: string) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [key(name), value]));

export const DIALECTS: readonly Dialect[] = [
  {
    id: "k8s: before every key",
    rewrite: (document, spec) => {
      for (const [path, labels] of peers(document, spec))
        document.setIn(
          [...path, "matchLabels"],
          rekeyed(labels, (name) => `k8s:${name}`),
        );
    },
  },
  {
    id: "matchExpressions",
    rewrite: (document, spec) => {
      for (const [path, labels] of peers(document, spec))
        document.setIn(path, {
          matchExpressions: Object.entries(labels).map(([key, value]) => ({ key, operator: "In", values: [value] })),
        });
    },
  },
  {
    id: "the namespace by its labels",
    rewrite: (document, spec) => {
      for (const [path, labels] of peers(document, spec))
        document.setIn(
          [...path, "matchLabels"],
          rekeyed(labels, (name) =>
            name === NAMESPACE ? "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name" : name,
          ),
        );
    },
  },
  {
    id: "specs",
    rewrite: (document, spec) => {
      if (document.get("specs") !== undefined) return;
      document.set("specs", [get(document.toJS(), ...spec)]);
      document.delete("spec");
    },
  },
  {
    id: "port ranges",
    rewrite: (document, spec) => {
      const value: unknown = document.toJS();
      for (const direction of DIRECTIONS)
        for (const [i, rule] of listAt(value, ...spec, direction).entries())
          for (const [j, entry] of listAt(rule, "toPorts").entries())
            for (const [k, port] of listAt(entry, "ports").entries())
              if (get(entry, "rules") === undefined)
                document.setIn([...spec, direction, i, "toPorts", j, "ports", k, "endPort"], Number(get(port, "port")));
    },
  },
];

/** The tree with every policy in other words. */
export const spokenIn = (tree: SourceTree, { rewrite }: Dialect): SourceTree => ({
  ...tree,
  paths: () => tree.paths(),
  mode: (path) => tree.mode(path),
  read: (path) => {
    const source = tree.read(path);
    if (source === null || !source.includes("kind: CiliumNetworkPolicy")) return source;
    const documents = parseAllDocuments(source, { logLevel: "silent" });
    for (const document of documents)
      if (document.errors.length === 0 && get(document.toJS(), "spec", "endpointSelector") !== undefined)
        rewrite(document, ["spec"]);
    return documents.map((d) => d.toString({ lineWidth: 0 })).join("");
  },
});
