import { posix } from "node:path";
import type { AppliedPolicy, Inventory, WorkloadFact } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import { workloadId } from "../facts/who.ts";
import { completePolicy } from "./complete.ts";
import { componentsOf } from "./components.ts";
import { commentOf } from "./evidence.ts";
import type { Wide } from "./generalise.ts";
import { byText, type LeftOut, needId } from "./need.ts";
import { type Place, placeOf } from "./places.ts";
import { type Entry, policyObject, type PolicyParts, ruleObject } from "./policy-object.ts";
import { type Rule, rulesOf } from "./rules.ts";
import { type Selector, selectorFor } from "./selector.ts";
import { safeName, type Style } from "./style.ts";

export interface PlannedPolicy {
  readonly ref: PolicyRef;
  readonly place: Place;
  /** Where it is written. */
  readonly path: string;
  /** A policy of its own, or the text of a file whose policy was completed. */
  readonly written:
    { readonly kind: "new"; readonly parts: PolicyParts } | { readonly kind: "completed"; readonly text: string };
  readonly document: PolicyDocument;
  readonly rules: readonly { readonly pointer: string; readonly rule: Rule }[];
}

export interface PolicyPlan {
  readonly policies: readonly PlannedPolicy[];
  readonly leftOut: readonly LeftOut[];
  /** Needs, by their id, for which no rule could be written. */
  readonly dropped: ReadonlySet<string>;
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
  readonly selector: Selector;
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
const groupsOf = (input: PolicyPlanInput, dropped: Set<string>, leftOut: LeftOut[]): readonly Group[] => {
  const groups = new Map<string, Group>();
  for (const wide of input.wides) {
    const { subject } = wide.need;
    const chosen = selectorFor(subject, input.inventory.workloads);
    if (chosen === null) {
      dropped.add(needId(wide.need));
      leftOut.push({
        what: `${workloadId(subject)}: ${wide.need.direction} ${wide.need.protocol} ${wide.need.port}`,
        why: "its pods have no label that is known and that a selector could rely on",
      });
      continue;
    }
    const { labels, absent, shared } = chosen;
    const key = JSON.stringify([Object.entries(labels).sort(([a], [b]) => byText(a, b)), absent]);
    const other = groups.get(key);
    const wides = [...(other?.wides ?? []), wide];
    groups.set(key, { subject: other?.subject ?? subject, selector: { labels, absent }, shared, wides });
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

/** Labels to compare by: in a policy's subject the source of a key makes no difference for pods. */
const keyless = (labels: unknown): string | null => {
  if (labels === undefined) return "";
  if (!isRecord(labels)) return null;
  return Object.entries(labels)
    .map(([key, value]) => `${key.replace(/^(any|k8s):/, "")}=${String(value)}`)
    .sort(byText)
    .join("\n");
};

/** Whether a selector's expressions ask for exactly these keys to be absent. */
const asksAbsence = (expressions: unknown, absent: readonly string[]): boolean => {
  const asked = (Array.isArray(expressions) ? expressions : []).map((e: unknown) =>
    isRecord(e) && e["operator"] === "DoesNotExist" ? String(e["key"]).replace(/^(any|k8s):/, "") : null,
  );
  return asked.length === absent.length && absent.every((key) => asked.includes(key));
};

/** The app's own additive policy, where one stands that selects exactly these pods and belongs to this namespace alone. */
const standing = (selector: Selector, input: PolicyPlanInput, shared: ReadonlySet<string>): AppliedPolicy | null => {
  const own = input.inventory.policies.filter((p) => {
    const spec = isRecord(p.object) ? p.object["spec"] : null;
    if (p.ref.kind !== "CiliumNetworkPolicy" || p.ref.namespace !== input.namespace || !isRecord(spec)) return false;
    if (p.origin === null || shared.has(p.origin.file)) return false;
    const pods = spec["endpointSelector"];
    const flag = spec["enableDefaultDeny"];
    if (!isRecord(pods) || !isRecord(flag) || !asksAbsence(pods["matchExpressions"], selector.absent)) return false;
    return (
      flag["ingress"] === false && flag["egress"] === false && keyless(pods["matchLabels"]) === keyless(selector.labels)
    );
  });
  return own.sort((a, b) => byText(a.ref.name, b.ref.name))[0] ?? null;
};

const rulesIn = (policy: AppliedPolicy | null, direction: "ingress" | "egress"): number => {
  const spec = isRecord(policy?.object) ? policy.object["spec"] : null;
  const list = isRecord(spec) ? spec[direction] : null;
  return Array.isArray(list) ? list.length : 0;
};

/** Files whose policies land in more than this namespace: components, and what two folders share. */
const sharedFiles = (input: PolicyPlanInput): ReadonlySet<string> => {
  const files = new Set(componentsOf(input.tree).flatMap((c) => c.policies.map((p) => p.file)));
  for (const { ref, origin } of input.inventory.policies)
    if (origin !== null && ref.namespace !== input.namespace) files.add(origin.file);
  return files;
};

/** From what has to go on working to policies, each in its place. */
export const planPolicies = (input: PolicyPlanInput): PolicyPlan => {
  const { tree, inventory, namespace, home, style } = input;
  const leftOut: LeftOut[] = [];
  const dropped = new Set<string>();
  const notes: string[] = [];
  const taken = new Set([
    ...input.taken,
    ...inventory.policies.filter((p) => p.ref.namespace === namespace).map((p) => p.ref.name),
  ]);
  const context = { namespace, workloads: inventory.workloads, namespaceKey: style.namespaceKey };
  const files = new Set<string>();
  const policies: PlannedPolicy[] = [];
  const shared = sharedFiles(input);
  const texts = new Map<string, string>();
  for (const group of groupsOf(input, dropped, leftOut)) {
    const entries: Record<"ingress" | "egress", Entry[]> = { ingress: [], egress: [] };
    const rules: Rule[] = [];
    for (const rule of rulesOf(group.wides)) {
      const object = ruleObject(rule, context);
      if (object === null || (rule.ports.length === 0 && rule.icmps.length === 0)) {
        for (const need of rule.needs) dropped.add(needId(need));
        leftOut.push({
          what: `${workloadId(group.subject)}: ${rule.direction}`,
          why: "the pods at the other end have no label that is known and that a selector could rely on",
        });
        continue;
      }
      rules.push(rule);
      entries[rule.direction].push({ comment: commentOf(rule), rule: object });
    }
    if (rules.length === 0) continue;
    if (group.shared.length > 0)
      notes.push(
        `${group.subject.name} shares every label with ${group.shared.map((w) => w.name).join(", ")}: one policy selects them all.`,
      );
    if (group.selector.absent.length > 0)
      notes.push(
        `${workloadId(group.subject)} carries no label that others lack: its policy selects pods without ${group.selector.absent.join(" and ")}. A label of its own on its pod template would say it better.`,
      );
    const place = placeOf(tree, inventory, group.subject, home);
    const stands = standing(group.selector, input, shared);
    const file = stands?.origin?.file ?? null;
    const completed =
      stands === null || file === null
        ? null
        : completePolicy(texts.get(file) ?? tree.read(file) ?? "", stands.ref.name, entries);
    if (stands !== null && file !== null && completed !== null) {
      texts.set(file, completed.text);
      policies.push({
        ref: stands.ref,
        place,
        path: file,
        written: { kind: "completed", text: completed.text },
        document: { object: completed.object, namespace, origin: stands.origin },
        rules: pointed(rules, stands),
      });
      notes.push(`${stands.ref.name} stands already and is completed.`);
      continue;
    }
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
      written: { kind: "new", parts },
      document: { object: policyObject(parts), namespace, origin: null },
      rules: pointed(rules, null),
    });
  }
  return { policies, leftOut, dropped, notes: [...new Set(notes)].sort() };
};

/** Where each rule stands in its policy, behind those that stood there before. */
const pointed = (rules: readonly Rule[], stands: AppliedPolicy | null): PlannedPolicy["rules"] => {
  const next = { ingress: rulesIn(stands, "ingress"), egress: rulesIn(stands, "egress") };
  return rules.map((rule) => {
    const pointer = `/spec/${rule.direction}/${next[rule.direction]}`;
    next[rule.direction] += 1;
    return { pointer, rule };
  });
};
