import { posix } from "node:path";
import { compilePolicies } from "../cilium/policy-set.ts";
import { semanticDiff } from "../cilium/questions.ts";
import type { FileChange } from "../facts/changeset.ts";
import type { RuleEvidence } from "../facts/draft.ts";
import type { AppliedPolicy, Inventory } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import type { PolicyDocument } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { SourceTree } from "../facts/tree.ts";
import { documentsIn } from "./components.ts";
import { ciliumOf } from "./from-network-policy.ts";
import type { Faces } from "./faces.ts";
import type { LeftOut } from "./need.ts";
import { objectText } from "./policy-text.ts";
import type { Style } from "./style.ts";

/** One NetworkPolicy that becomes a CiliumNetworkPolicy of the same meaning (lesson 23). */
export interface Conversion {
  readonly from: AppliedPolicy;
  readonly documents: readonly PolicyDocument[];
  readonly file: FileChange;
}

export interface ConversionPlan {
  readonly conversions: readonly Conversion[];
  readonly evidence: readonly RuleEvidence[];
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

interface Input {
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly namespace: string;
  readonly settings: CiliumSettings;
  readonly faces: Faces;
  readonly style: Style;
}

const LOCK = "What the NetworkPolicy did by being there: its pods are locked, on purpose.";

/** A file that holds this one object and nothing else can be written anew; any other is somebody's to edit. */
const aloneIn = (tree: SourceTree, file: string, name: string): boolean => {
  const documents = documentsIn(tree.read(file) ?? "").filter((d) => d !== null);
  const [only] = documents;
  const metadata = isRecord(only) ? only["metadata"] : null;
  return documents.length === 1 && isRecord(metadata) && metadata["name"] === name;
};

/** What somebody wrote above the object stays above it. */
const remarksIn = (tree: SourceTree, file: string): readonly string[] => {
  const lines = (tree.read(file) ?? "").split("\n");
  const first = lines.findIndex((line) => line.trim() !== "" && line.trim() !== "---" && !line.startsWith("#"));
  return lines
    .slice(0, Math.max(0, first))
    .filter((line) => line.startsWith("#") && !line.includes("yaml-language-server"))
    .map((line) => line.replace(/^#\s?/, ""));
};

/**
 * Vanilla NetworkPolicies of the namespace, each rewritten where it stands, so that no endpoint's verdict changes: the
 * kernel is asked for every endpoint, peer and border of ports, and where it sees a difference nothing is written.
 */
export const planConversions = (input: Input): ConversionPlan => {
  const { tree, inventory, namespace, settings, style } = input;
  const conversions: Conversion[] = [];
  const leftOut: LeftOut[] = [];
  const notes: string[] = [];
  const endpoints = inventory.workloads.filter((w) => !w.hostNetwork).map((w) => ({ labels: input.faces.identity(w) }));
  const taken = new Set(
    inventory.policies
      .filter((p) => p.ref.namespace === namespace && p.ref.kind === "CiliumNetworkPolicy")
      .map((p) => p.ref.name),
  );
  for (const from of inventory.policies) {
    if (from.ref.kind !== "NetworkPolicy" || from.ref.namespace !== namespace) continue;
    const what = `NetworkPolicy ${from.ref.name}`;
    const skip = (why: string): void => void leftOut.push({ what, why });
    if (from.origin === null) {
      skip(
        "it is in the cluster and in no manifest: its chart ships it; set the chart's own value once a policy of ours stands beside it",
      );
      continue;
    }
    const { file } = from.origin;
    if (!/\.ya?ml$/.test(file) || !aloneIn(tree, file, from.ref.name)) {
      skip(
        `it shares ${posix.basename(file)} with other objects, or is made by a generator or chart: give it a file of its own first`,
      );
      continue;
    }
    if (taken.has(from.ref.name) || taken.has(`${from.ref.name}-lock`)) {
      skip("a CiliumNetworkPolicy of the same name is there already");
      continue;
    }
    const objects = ciliumOf(from.object);
    if (objects === null) {
      skip("it holds something that has no equal in a CiliumNetworkPolicy");
      continue;
    }
    const documents = objects.map((object): PolicyDocument => ({ object, namespace, origin: null }));
    const others = inventory.policies.filter((p) => p !== from);
    const diff = semanticDiff(
      compilePolicies(inventory.policies, settings),
      compilePolicies([...others, ...documents], settings),
      endpoints,
    );
    const changed = diff.gains.length + diff.losses.length;
    if (changed > 0 || diff.unclear.length > 0) {
      skip(
        changed > 0
          ? `the conversion would change ${changed} verdicts`
          : "what it lets through today depends on this Cilium's patch release, so nobody can show that a conversion keeps it",
      );
      continue;
    }
    const remarks = [
      ...remarksIn(tree, file),
      `Converted from NetworkPolicy ${from.ref.name}: no endpoint's verdict changes (lesson 23).`,
    ];
    const text = objects
      .map((object, n) =>
        objectText(object, n === 0 ? remarks : [LOCK], n === 0 ? style : { ...style, documentStart: true }),
      )
      .join("");
    conversions.push({ from, documents, file: { path: file, mode: tree.mode(file) ?? "100644", text } });
    notes.push(
      `${what} becomes a CiliumNetworkPolicy of the same meaning, in the same file and by the same Kustomization.`,
    );
  }
  const evidence = conversions.map(({ from }): RuleEvidence => ({
    policy: { kind: "CiliumNetworkPolicy", namespace, name: from.ref.name },
    rule: "/spec",
    summary: `Converted from NetworkPolicy ${from.ref.name}: no endpoint's verdict changes`,
    source: "required",
    edges: [],
    declared: [],
    requirement: "one kind of policy, so that precedence is plain",
    lesson: 23,
    unexercised: false,
  }));
  return { conversions, evidence, leftOut, notes };
};
