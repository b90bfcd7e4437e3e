import type { Inventory, RenderedObject } from "../../facts/inventory.ts";
import { dig, record } from "../../facts/json.ts";
import { nameOfObject } from "../../rollout/rendered-diff.ts";
import { renderedView } from "../facts/views.ts";
import { gate, passes, refuses, some } from "./kit.ts";

const ANNOTATION = "policy.cilium.io/audit-mode";

/** Any spelling of a per-policy audit mode: none of them exists (C E.3), so each of them enforces at once. */
const carriesAnnotation = (object: RenderedObject): boolean =>
  ["annotations", "labels"].some((where) =>
    Object.keys(record(dig(object.object, "metadata", where))).some((key) => key.includes("audit-mode")),
  );

const isOn = (value: unknown): boolean => value === true || value === "true" || value === "enabled";

/** What switches enforcement off for the whole cluster: the agent's own settings (C E.1, A.8). */
const agentSwitch = (object: RenderedObject): string | null => {
  if (object.kind === "HelmRelease") {
    const values = dig(object.object, "spec", "values");
    if (isOn(dig(values, "policyAuditMode"))) return `${nameOfObject(object)} sets policyAuditMode`;
    if (dig(values, "policyEnforcementMode") === "never")
      return `${nameOfObject(object)} sets policyEnforcementMode never`;
    const extra = dig(values, "extraConfig");
    if (isOn(dig(extra, "policy-audit-mode"))) return `${nameOfObject(object)} sets policy-audit-mode`;
  }
  if (object.kind === "ConfigMap" && (object.name === "cilium-config" || object.name.startsWith("cilium-"))) {
    if (isOn(dig(object.object, "data", "policy-audit-mode"))) return `${nameOfObject(object)} sets policy-audit-mode`;
    const values = dig(object.object, "data", "values.yaml");
    if (typeof values === "string" && /^policyAuditMode:\s*["']?(true|enabled)\b/m.test(values))
      return `${nameOfObject(object)} sets policyAuditMode`;
  }
  return null;
};

const agentSwitches = (inventory: Inventory): readonly string[] =>
  inventory.objects.map(agentSwitch).filter((found) => found !== null);

/**
 * Audit mode is never evidence here, and the annotation is no audit mode at all. What stands already is an audit warning;
 * what the change brings, and agents that enforce nothing, are refused.
 */
export const noAuditMode = gate(
  "no-audit-mode",
  {
    title: "the change relies on no audit mode, and the agents enforce",
    lessons: [16],
    depth: "full",
    needs: ["request", "changeset", "inventory", "settings"],
  },
  (facts) => {
    const view = renderedView(facts);
    if (view === null)
      return refuses(
        "whether the change relies on audit mode cannot be told: it does not build",
        "Make the repository build first.",
      );
    // By the bytes it brings: a component that stands with the annotation enforces at once wherever it is used, which is
    // what its user wants of it, and an audit warning.
    const written = new Set(facts.changeset.files.map((f) => f.path));
    const annotated = view.changes.filter(
      ({ before, after }) =>
        after !== null &&
        written.has(after.origin.file) &&
        carriesAnnotation(after) &&
        (before === null || !carriesAnnotation(before)),
    );
    if (annotated.length > 0)
      return refuses(
        `${some(annotated.map((c) => nameOfObject(c.object)))} carries ${ANNOTATION}, which Cilium does not know: it would enforce at once`,
        "Take the annotation out. What a lock would drop is told by the replay, not by an audit mode.",
      );
    const brought = view.changes.map((c) => (c.after === null ? null : agentSwitch(c.after))).filter((s) => s !== null);
    const standing = agentSwitches(view.before);
    if (brought.length > 0)
      return refuses(
        `${some(brought)}: no policy is enforced anywhere while it is on`,
        "Leave the agents enforcing; the replay tells what a lock would drop.",
      );
    if (standing.length > 0 && facts.request.lane === "propose-default-deny")
      return refuses(
        `${some(standing)}: the agents enforce nothing, so neither a lock nor its soak would mean anything`,
        "Switch the agents back to enforcing first, and let the namespace soak under that.",
      );
    if (facts.settings.enablePolicy === "never")
      return refuses(
        "Cilium's enable-policy is never: no policy is enforced anywhere",
        "Set enable-policy to default first.",
      );
    return standing.length === 0 ? passes() : passes(`${some(standing)}: nothing is enforced until it is off.`);
  },
);
