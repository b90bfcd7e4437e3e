import { posix } from "node:path";
import { Document } from "yaml";
import type { FileChange } from "../facts/changeset.ts";
import type { Draft, RuleEvidence } from "../facts/draft.ts";
import { OperatorError } from "../facts/errors.ts";
import type { FluxKustomization, Inventory } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import type { SourceTree } from "../facts/tree.ts";
import type { Writer } from "../facts/writer.ts";
import { componentKustomization } from "./baseline.ts";
import {
  componentsFolder,
  componentsOf,
  defaultDenyOf,
  documentsIn,
  isDefaultDeny,
  namespaceFolder,
} from "./components.ts";
import { byText } from "./need.ts";
import { namespacePlace } from "./places.ts";
import { commentBlock } from "./policy-text.ts";
import { type Style, styleOf } from "./style.ts";

export interface DefaultDenyInput {
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly namespace: string;
  readonly writer: Writer;
}

const POLICY = "default-deny";

/** The form that upstream's own examples use: default-deny both ways, nothing allowed, nothing denied (C A.6, A.7). */
const componentPolicy = (style: Style): string =>
  [
    ...(style.documentStart ? ["---"] : []),
    ...(style.schemaLine === null ? [] : [style.schemaLine]),
    "apiVersion: cilium.io/v2",
    "kind: CiliumNetworkPolicy",
    "metadata:",
    `  name: ${POLICY}`,
    "spec:",
    "  # Every pod of the namespace that carries it. It allows nothing and denies",
    "  # nothing by itself; it makes what no policy allows drop.",
    "  endpointSelector: {}",
    "  ingress:",
    "    - {}",
    "  egress:",
    "    - {}",
    "",
  ].join("\n");

interface Sibling {
  readonly flux: FluxKustomization;
  readonly object: Readonly<Record<string, unknown>>;
}

/** A Flux Kustomization of the same namespace as this repository writes them; the new one is written like it. */
const siblingOf = (tree: SourceTree, inventory: Inventory, namespace: string, folder: string): Sibling | null => {
  const near = inventory.kustomizations
    .filter((k) => k.origin.file.startsWith(`${folder}/`) || k.targetNamespace === namespace)
    .sort((a, b) => byText(a.id, b.id));
  for (const flux of near)
    for (const object of documentsIn(tree.read(flux.origin.file) ?? ""))
      if (isRecord(object) && isRecord(object["metadata"]) && isRecord(object["spec"])) return { flux, object };
  return null;
};

const field = (object: Readonly<Record<string, unknown>> | null, section: string, key: string): unknown => {
  const inner = object?.[section];
  return isRecord(inner) ? inner[key] : undefined;
};

/** A parent that waits for its children is never ready before them: depending on it would be a deadlock. */
const waits = (tree: SourceTree, flux: FluxKustomization | undefined): boolean =>
  flux !== undefined &&
  documentsIn(tree.read(flux.origin.file) ?? "").some(
    (object) =>
      isRecord(object) &&
      field(object, "metadata", "name") === flux.name &&
      (field(object, "spec", "wait") === true || Array.isArray(field(object, "spec", "healthChecks"))),
  );

/** Every Flux Kustomization that carries an allow of this namespace (lesson 32). */
const carriers = (inventory: Inventory, namespace: string): readonly string[] => {
  const owners = inventory.policies.flatMap(({ ref, owner, object }) =>
    ref.namespace === namespace && owner !== null && !(isRecord(object) && isDefaultDeny(object)) ? [owner] : [],
  );
  return [...new Set(owners)].sort(byText);
};

const isLocked = (inventory: Inventory, namespace: string): boolean =>
  inventory.policies.some(
    ({ ref, object }) => ref.namespace === namespace && isRecord(object) && isDefaultDeny(object),
  );

/** Ancestors of where the new Kustomization will be listed: the one that applies it, and those above. */
const ancestors = (inventory: Inventory, owner: string | null): ReadonlySet<string> => {
  const found = new Set<string>();
  for (let id = owner; id !== null && !found.has(id);) {
    found.add(id);
    id = inventory.kustomizations.find((k) => k.id === id)?.parent ?? null;
  }
  return found;
};

/**
 * The lock of one namespace, as a Flux Kustomization of its own that depends on every Kustomization carrying the
 * namespace's allows (lesson 32): suspending it alone is the rollback. Throws `OperatorError("input")` when the namespace
 * has no allows yet or there is no place to write to.
 */
export const draftDefaultDeny = (input: DefaultDenyInput): Draft => {
  const { tree, inventory, namespace, writer } = input;
  const folder = namespaceFolder(inventory, namespace);
  const style = styleOf(tree, inventory);
  const home = namespacePlace(tree, inventory, namespace, folder);
  if (isLocked(inventory, namespace)) return nothing(namespace, "The namespace has a default-deny already.");
  if (home.kustomization === null)
    throw new OperatorError("input", `namespace ${namespace} has no kustomization that could list the default-deny`, {
      where: folder,
      remedy: "Give its folder a kustomization.yaml that lists what is applied, then ask again",
    });
  const components = componentsOf(tree);
  const own = defaultDenyOf(components, inventory);
  const allows = carriers(inventory, namespace);
  if (inventory.kustomizations.length === 0)
    throw new OperatorError("input", "no Flux Kustomization applies this repository", {
      where: folder,
      remedy:
        "Default-deny ships as a Flux Kustomization of its own, so that it can be suspended alone: apply it by Flux",
    });
  if (allows.length === 0)
    throw new OperatorError("input", `namespace ${namespace} has no allows yet`, {
      where: folder,
      remedy: "Propose and merge its allows first; default-deny follows them after the soak",
    });

  const component = own?.folder ?? posix.join(componentsFolder(components, folder), "network-policy/default-deny");
  const files: FileChange[] = [];
  if (own === null)
    files.push(
      { path: posix.join(component, "default-deny.yaml"), mode: "100644", text: componentPolicy(style) },
      {
        path: posix.join(component, "kustomization.yaml"),
        mode: "100644",
        text: componentKustomization(["default-deny.yaml"]),
      },
    );

  const above = ancestors(inventory, home.owner);
  const dependsOn = allows.filter(
    (id) =>
      !(
        above.has(id) &&
        waits(
          tree,
          inventory.kustomizations.find((k) => k.id === id),
        )
      ),
  );
  const skipped = allows.filter((id) => !dependsOn.includes(id));
  const sibling = siblingOf(tree, inventory, namespace, folder);
  const place = freeFolder(tree, folder);
  const target = posix.join(place, "app");
  const fluxText = fluxKustomization({ namespace, target, dependsOn, sibling, style, inventory, home: home.owner });
  files.push(
    { path: posix.join(place, "ks.yaml"), mode: "100644", text: fluxText },
    {
      path: posix.join(target, "kustomization.yaml"),
      mode: "100644",
      text: [
        ...(style.documentStart ? ["---"] : []),
        "apiVersion: kustomize.config.k8s.io/v1beta1",
        "kind: Kustomization",
        "components:",
        `  - ${posix.relative(target, component)}`,
        "",
      ].join("\n"),
    },
    {
      path: home.kustomization,
      mode: "100644",
      text: writer.addToList(
        tree.read(home.kustomization) ?? "",
        "resources",
        `./${posix.relative(folder, place)}/ks.yaml`,
        home.kustomization,
      ),
    },
  );
  const policy = own?.policies[0]?.object["metadata"];
  const name = isRecord(policy) && typeof policy["name"] === "string" ? policy["name"] : POLICY;
  const rule: RuleEvidence = {
    policy: { kind: "CiliumNetworkPolicy", namespace, name },
    rule: "/spec",
    summary: `Default-deny for every pod of ${namespace}, in and out`,
    source: "required",
    edges: [],
    declared: [],
    requirement: "what no policy allows is dropped",
    lesson: 32,
    unexercised: false,
  };
  return {
    namespace,
    kind: "default-deny",
    files: files.filter((f) => tree.read(f.path) !== f.text).sort((a, b) => byText(a.path, b.path)),
    rules: [rule],
    neededElsewhere: [],
    leftOut: [],
    notes: [
      own === null
        ? `A default-deny component is new: ${component}.`
        : `The repository's own default-deny, ${component}, is used.`,
      ...skipped.map(
        (id) =>
          `${id} carries allows and waits for its children, so depending on it would be a deadlock: it is left out.`,
      ),
    ],
  };
};

/** A folder that is nobody's app. */
const freeFolder = (tree: SourceTree, folder: string): string => {
  for (let n = 1; ; n += 1) {
    const place = posix.join(folder, n === 1 ? "default-deny" : `default-deny-${n}`);
    if (!tree.paths().some((path) => path.startsWith(`${place}/`))) return place;
  }
};

const nothing = (namespace: string, note: string): Draft => ({
  namespace,
  kind: "default-deny",
  files: [],
  rules: [],
  neededElsewhere: [],
  leftOut: [],
  notes: [note],
});

const fluxKustomization = (given: {
  readonly namespace: string;
  readonly target: string;
  readonly dependsOn: readonly string[];
  readonly sibling: Sibling | null;
  readonly style: Style;
  readonly inventory: Inventory;
  readonly home: string | null;
}): string => {
  const { namespace, target, sibling, inventory } = given;
  const parent = inventory.kustomizations.find((k) => k.id === given.home) ?? null;
  const object = sibling?.object ?? null;
  const explicit = field(object, "metadata", "namespace");
  const interval = field(object, "spec", "interval");
  const source = sibling?.flux.source ??
    parent?.source ?? { kind: "GitRepository", namespace: "flux-system", name: "flux-system" };
  const apiVersion =
    typeof object?.["apiVersion"] === "string" ? object["apiVersion"] : "kustomize.toolkit.fluxcd.io/v1";
  // Where it will live decides whether a dependency's namespace has to be written out; writing it is never wrong.
  const document = new Document({
    apiVersion,
    kind: "Kustomization",
    metadata: {
      name: `${namespace}-default-deny`,
      ...(typeof explicit === "string"
        ? { namespace: explicit }
        : sibling === null
          ? { namespace: source.namespace }
          : {}),
    },
    spec: {
      dependsOn: given.dependsOn.map((id) => {
        const [space = "", name = ""] = id.split("/");
        return { name, namespace: space };
      }),
      interval: typeof interval === "string" ? interval : "1h",
      path: `./${target}`,
      prune: true,
      sourceRef: { kind: source.kind, name: source.name, namespace: source.namespace },
      targetNamespace: namespace,
      wait: false,
    },
  });
  document.commentBefore = commentBlock([
    "On its own, so that suspending it is the rollback; after every Kustomization that carries this namespace's allows (lesson 32).",
  ]).join("\n");
  const text = document.toString({ indentSeq: true, lineWidth: 0 }).replace(/^((?:#[^\n]*\n)+)\n/, "$1");
  return `${given.style.documentStart ? "---\n" : ""}${text}`;
};
