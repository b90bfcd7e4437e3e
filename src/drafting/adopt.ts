import { posix } from "node:path";
import type { FileChange } from "../facts/changeset.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { RuleEvidence } from "../facts/draft.ts";
import { OperatorError } from "../facts/errors.ts";
import type { Inventory } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import type { PolicyDocument } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import type { Writer } from "../facts/writer.ts";
import { baselinePolicies, componentKustomization } from "./baseline.ts";
import { baselineOf, type Component, componentsFolder, componentsOf } from "./components.ts";
import type { Place } from "./places.ts";
import { policyObject } from "./policy-object.ts";
import { policyText } from "./policy-text.ts";
import type { Style } from "./style.ts";

export interface BaselinePlan {
  readonly files: readonly FileChange[];
  /** Policies that the namespace does not have yet. */
  readonly documents: readonly PolicyDocument[];
  readonly evidence: readonly RuleEvidence[];
  /** Names that the namespace's policies then have. */
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

export interface BaselineInput {
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly namespace: string;
  readonly facts: ClusterFacts;
  readonly home: Place;
  readonly style: Style;
  readonly writer: Writer;
}

const nameOf = (object: Readonly<Record<string, unknown>>): string => {
  const metadata = object["metadata"];
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : "";
};

const pointers = (object: Readonly<Record<string, unknown>>): readonly string[] => {
  const spec = isRecord(object["spec"]) ? object["spec"] : {};
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const list = spec[direction];
    return Array.isArray(list) ? list.map((_, index) => `/spec/${direction}/${index}`) : [];
  });
};

const evidenceFor = (
  namespace: string,
  object: Readonly<Record<string, unknown>>,
  requirement: string,
  lesson: number | null,
): readonly RuleEvidence[] =>
  pointers(object).map((rule) => ({
    policy: { kind: "CiliumNetworkPolicy", namespace, name: nameOf(object) },
    rule,
    summary: `Baseline ${nameOf(object)}: ${requirement}`,
    source: "required",
    edges: [],
    declared: [],
    requirement,
    lesson,
    unexercised: true,
  }));

const listed = (input: BaselineInput, component: string): FileChange => {
  const { tree, home, writer, namespace } = input;
  if (home.kustomization === null)
    throw new OperatorError("input", `namespace ${namespace} has no kustomization that could carry the baseline`, {
      where: home.folder,
      remedy: "Give its folder a kustomization.yaml that lists what is applied, then ask again",
    });
  const text = tree.read(home.kustomization) ?? "";
  const entry = posix.relative(home.folder, component);
  return {
    path: home.kustomization,
    mode: "100644",
    text: writer.addToList(text, "components", entry, home.kustomization),
  };
};

/** Whether a namespace already has what a component carries, wherever it came from. */
const applied = (input: BaselineInput, component: Component): boolean => {
  const there = new Set(
    input.inventory.policies.filter((p) => p.ref.namespace === input.namespace).map((p) => p.ref.name),
  );
  return component.policies.length > 0 && component.policies.every((p) => there.has(nameOf(p.object)));
};

/** What a rule of somebody else's baseline is there for, as far as it shows. */
const describeOwn = (object: Readonly<Record<string, unknown>>, own: Component): string => {
  const spec = JSON.stringify(object["spec"] ?? null);
  if (spec.includes('"port":"53"')) return "every pod resolves names";
  if (spec.includes('"kube-apiserver"')) return "clients of the Kubernetes API reach it by its entity";
  if (spec.includes('"fromEntities"')) return "nodes reach the pods they host";
  if (/"fromEndpoints":\[(\{\}|\{"matchLabels":\{\}\})\]/.test(spec))
    return "workloads of one namespace talk to each other";
  return `part of the repository's own baseline, ${own.folder}`;
};

/** The repository's own baseline where it has one; otherwise ours, written once and reused by every namespace after. */
export const planBaseline = (input: BaselineInput): BaselinePlan => {
  const { tree, inventory, namespace, facts, home, style } = input;
  const components = componentsOf(tree);
  const own = baselineOf(components, inventory);
  if (own !== null) {
    const names = own.policies.map((p) => nameOf(p.object));
    if (applied(input, own)) return { files: [], documents: [], evidence: [], names, notes: [] };
    const list = listed(input, own.folder);
    // Listed and not applied: the namespace is dormant, and nothing about it changes.
    const isListed = home.kustomization !== null && tree.read(home.kustomization) === list.text;
    return {
      files: [list],
      documents: own.policies.map(({ file, object }) => ({ object, namespace, origin: { file, line: 1, column: 1 } })),
      evidence: (isListed ? [] : own.policies).flatMap(({ object }) =>
        evidenceFor(namespace, object, describeOwn(object, own), null),
      ),
      names,
      notes: isListed
        ? [`The baseline ${own.folder} is listed already, but nothing applies it.`]
        : [`The repository's own baseline, ${own.folder}, is used as it stands.`],
    };
  }
  const folder = posix.join(componentsFolder(components, home.folder), "network-policy/baseline");
  if (tree.paths().some((path) => path.startsWith(`${folder}/`)))
    throw new OperatorError("input", `the component ${folder} would lock pods or carries more than allows`, {
      where: folder,
      remedy: "Set enableDefaultDeny: {ingress: false, egress: false} in each of its policies, then ask again",
    });
  const policies = baselinePolicies(facts);
  const written = policies.map(({ file, parts }): FileChange => ({
    path: posix.join(folder, file),
    mode: "100644",
    text: policyText(parts, style),
  }));
  const kustomization: FileChange = {
    path: posix.join(folder, "kustomization.yaml"),
    mode: "100644",
    text: componentKustomization(policies.map((p) => p.file)),
  };
  return {
    files: [...written, kustomization, listed(input, folder)],
    documents: policies.map(({ parts }) => ({ object: policyObject(parts), namespace, origin: null })),
    evidence: policies.flatMap(({ parts, requirement, lesson }) =>
      evidenceFor(namespace, policyObject(parts), requirement, lesson),
    ),
    names: policies.map((p) => p.parts.name),
    notes: [`A baseline component is new: ${folder}. Namespaces that come later reuse it.`],
  };
};
