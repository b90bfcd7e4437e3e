import { posix } from "node:path";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import { workloadId } from "../facts/who.ts";
import { commentOf } from "./evidence.ts";
import type { Wide } from "./generalise.ts";
import { byText, type LeftOut, type Need } from "./need.ts";
import { type Place, placeOf } from "./places.ts";
import { type Entry, policyObject, type PolicyParts, ruleObject } from "./policy-object.ts";
import { type Rule, rulesOf } from "./rules.ts";
import { selectorFor } from "./selector.ts";
import { safeName, type Style } from "./style.ts";

export interface PlannedPolicy {
  readonly ref: PolicyRef;
  readonly place: Place;
  /** Where it is written. */
  readonly path: string;
  readonly parts: PolicyParts;
  readonly document: PolicyDocument;
  readonly rules: readonly { readonly pointer: string; readonly rule: Rule }[];
}

export interface PolicyPlan {
  readonly policies: readonly PlannedPolicy[];
  readonly leftOut: readonly LeftOut[];
  /** Needs for which no rule could be written. */
  readonly dropped: ReadonlySet<Need>;
  readonly notes: readonly string[];
}

export interface PolicyPlanInput {
  readonly wides: readonly Wide[];
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly namespace: string;
  readonly home: Place;
  readonly style: Style;
  readonly taken: readonly string[];
}

interface Group {
  readonly subject: WorkloadFact;
  readonly selector: Readonly<Record<string, string>>;
  readonly shared: readonly WorkloadFact[];
  readonly wides: readonly Wide[];
}

/** A first free name; a counter where the plain one is taken. */
const freeName = (wanted: string, taken: Set<string>): string => {
  let name = wanted;
  for (let n = 2; taken.has(name); n += 1) name = `${wanted}-${n}`;
  taken.add(name);
  return name;
};

/** Pods that a policy cannot tell apart share one policy; all others have their own. */
const groupsOf = (input: PolicyPlanInput, dropped: Set<Need>, leftOut: LeftOut[]): readonly Group[] => {
  const groups = new Map<string, Group>();
  for (const wide of input.wides) {
    const { subject } = wide.need;
    const chosen = selectorFor(subject, input.inventory.workloads);
    if (chosen === null) {
      dropped.add(wide.need);
      leftOut.push({
        what: `${workloadId(subject)}: ${wide.need.direction} ${wide.need.protocol} ${wide.need.port}`,
        why: "its pods have no label that is known and that a selector could rely on",
      });
      continue;
    }
    const key = JSON.stringify(Object.entries(chosen.labels).sort(([a], [b]) => byText(a, b)));
    const other = groups.get(key);
    const wides = [...(other?.wides ?? []), wide];
    groups.set(key, { subject: other?.subject ?? subject, selector: chosen.labels, shared: chosen.shared, wides });
  }
  return [...groups].sort(([a], [b]) => byText(a, b)).map(([, group]) => group);
};

const fileFor = (place: Place, subject: WorkloadFact, input: PolicyPlanInput, mine: ReadonlySet<string>): string => {
  const { tree, style } = input;
  const free = (file: string): boolean => tree.read(file) === null || mine.has(file);
  const plain = posix.join(place.folder, style.file);
  if (!place.shared && free(plain)) return plain;
  const extension = posix.extname(style.file);
  const stem = `${posix.basename(style.file, extension)}-${safeName(subject.name)}`;
  for (let n = 1; ; n += 1) {
    const file = posix.join(place.folder, `${stem}${n === 1 ? "" : `-${n}`}${extension}`);
    if (free(file)) return file;
  }
};

/** From what has to go on working to policies, each in its place. */
export const planPolicies = (input: PolicyPlanInput): PolicyPlan => {
  const { tree, inventory, namespace, home, style } = input;
  const leftOut: LeftOut[] = [];
  const dropped = new Set<Need>();
  const notes: string[] = [];
  const taken = new Set([
    ...input.taken,
    ...inventory.policies.filter((p) => p.ref.namespace === namespace).map((p) => p.ref.name),
  ]);
  const context = { namespace, workloads: inventory.workloads, namespaceKey: style.namespaceKey };
  const files = new Set<string>();
  const policies: PlannedPolicy[] = [];
  for (const group of groupsOf(input, dropped, leftOut)) {
    const entries: Record<"ingress" | "egress", Entry[]> = { ingress: [], egress: [] };
    const rules: { pointer: string; rule: Rule }[] = [];
    for (const rule of rulesOf(group.wides)) {
      const object = ruleObject(rule, context);
      if (object === null || (rule.ports.length === 0 && rule.icmps.length === 0)) {
        for (const need of rule.needs) dropped.add(need);
        leftOut.push({
          what: `${workloadId(group.subject)}: ${rule.direction}`,
          why: "the pods at the other end have no label that is known and that a selector could rely on",
        });
        continue;
      }
      const list = entries[rule.direction];
      rules.push({ pointer: `/spec/${rule.direction}/${list.length}`, rule });
      list.push({ comment: commentOf(rule), rule: object });
    }
    if (rules.length === 0) continue;
    if (group.shared.length > 0)
      notes.push(
        `${group.subject.name} shares every label with ${group.shared.map((w) => w.name).join(", ")}: one policy selects them all.`,
      );
    const place = placeOf(tree, inventory, group.subject, home);
    const path = fileFor(place, group.subject, input, files);
    files.add(path);
    const parts: PolicyParts = {
      name: freeName(style.nameOf(safeName(group.subject.name)), taken),
      namespace: place.namespace,
      selector: group.selector,
      ...entries,
    };
    policies.push({
      ref: { kind: "CiliumNetworkPolicy", namespace, name: parts.name },
      place,
      path,
      parts,
      document: { object: policyObject(parts), namespace, origin: null },
      rules,
    });
  }
  return { policies, leftOut, dropped, notes: [...new Set(notes)].sort() };
};
