import type { Inventory } from "../../facts/inventory.ts";
import { storageFault } from "../../facts/tree.ts";
import { isFluxKustomization, isPolicy, nameOfObject } from "../../rollout/rendered-diff.ts";
import type { RenderedChange } from "../../rollout/rendered-diff.ts";
import type { GateFacts } from "../gate.ts";
import { changesOnlyNetworkPolicyValues, componentOf, isApplied, isWiring } from "../facts/files.ts";
import { loosensOnly } from "../facts/loosening.ts";
import { policyView, renderedView } from "../facts/views.ts";
import { wiringFault } from "../facts/wiring.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";
import type { Word } from "./kit.ts";

/** What a rollout has any business with. Everything else in a pull request is somebody else's change. */
const isOurs = (change: RenderedChange): boolean =>
  isPolicy(change.object) || isFluxKustomization(change.object) || isChartValue(change);

const isChartValue = ({ before, after }: RenderedChange): boolean =>
  before !== null && after !== null && after.kind === "HelmRelease" && changesOnlyNetworkPolicyValues(before, after);

/** A link's text is a path, and what it points at was judged by nobody. */
const strayFiles = ({ changeset, tree }: GateFacts, inventories: readonly Inventory[]): readonly string[] =>
  changeset.files
    .filter((f) => f.mode === "120000" || !isWiring(f.path) || !isApplied(f.path, tree.after, inventories))
    .map((f) => f.path);

const changedComponents = (facts: GateFacts): readonly string[] => {
  const { before } = facts.tree;
  return facts.changeset.files
    .filter((f) => before.read(f.path) !== null)
    .map((f) => componentOf(before, f.path))
    .filter((c) => c !== null);
};

const fleetRepair = (facts: GateFacts): Word => {
  const view = policyView(facts);
  if (view === null) return refuses("what the fleet repair changes cannot be rendered", "Make the repository build.");
  const strange = view.changes.filter((change) => !isPolicy(change.object));
  if (strange.length > 0)
    return refuses(
      `a fleet repair changes policies alone; this one also changes ${some(strange.map((c) => nameOfObject(c.object)))}`,
      "Leave everything but the component's policies as it was.",
    );
  const worse = loosensOnly(facts);
  if (worse !== null)
    return refuses(
      `the component's change is not only looser: ${worse}`,
      "A component that takes something away goes namespace by namespace: give the namespace its own policy.",
    );
  return passes("A component's change that only loosens or is inert, for every namespace.");
};

export const oneNamespace = gate(
  "one-namespace",
  {
    title: "exactly one namespace gains, changes or loses anything",
    lessons: [2],
    depth: "full",
    needs: ["request", "changeset", "inventory"],
  },
  (facts) => {
    const { namespace } = facts.request;
    const { before, after } = facts.inventory;
    if (!before.known) return refusesUnknown("What the repository applies", before);
    if (!after.known) return refusesUnknown("What the repository would apply with the change", after);
    // Nothing can come of it: the door opens to no empty change.
    if (facts.changeset.files.length === 0) return passes("Nothing would change.");
    const fault = storageFault(facts.tree.before, facts.changeset.files);
    if (fault !== null)
      return refuses(fault, "Give every file a path of its own, where neither a file nor a folder stands.");
    const stray = strayFiles(facts, [before.value, after.value]);
    if (stray.length > 0)
      return refuses(
        `${some(stray)} is no manifest of the rollout`,
        "A pull request of a rollout holds policies and the Kustomizations that carry them, nothing else.",
      );
    if (facts.changeset.kind === "fleet-repair") return fleetRepair(facts);
    const components = changedComponents(facts);
    if (components.length > 0)
      return refuses(
        `it changes the component ${some(components)}, which every namespace that uses it shares`,
        "Bring the fix as a fleet repair of its own, or give the namespace its own policy.",
      );
    const changes = renderedView(facts)?.changes ?? [];
    if (changes.length === 0)
      return refuses(
        "nothing that is applied would change: no Flux Kustomization reaches these files",
        `Add the files to the kustomization.yaml of ${namespace}.`,
      );
    const clusterwide = changes.filter((c) => c.namespaces.length === 0);
    if (clusterwide.length > 0)
      return refuses(
        `${some(clusterwide.map((c) => nameOfObject(c.object)))} is clusterwide: it belongs to no namespace alone`,
        `Say the same with a CiliumNetworkPolicy in ${namespace}.`,
      );
    const elsewhere = changes.filter((c) => c.namespaces.some((ns) => ns !== namespace));
    if (elsewhere.length > 0)
      return refuses(
        `besides ${namespace} it changes ${some(elsewhere.flatMap((c) => c.namespaces).filter((ns) => ns !== namespace))}: ` +
          some(elsewhere.map((c) => `${nameOfObject(c.object)} is ${c.change}`)),
        "One namespace per pull request: bring the rest separately.",
      );
    const foreign = changes.filter((c) => !isOurs(c));
    if (foreign.length > 0)
      return refuses(
        `it also changes what is no policy: ${some(foreign.map((c) => `${nameOfObject(c.object)} is ${c.change}`))}`,
        "Leave everything but policies and the Kustomizations that carry them as it was.",
      );
    const bent = changes.map((c) => wiringFault(c, before.value, after.value)).filter((fault) => fault !== null);
    if (bent.length > 0)
      return refuses(
        some(bent),
        "Let a Kustomization that carries policies differ from its siblings in name, path and dependsOn alone.",
      );
    return passes();
  },
);
