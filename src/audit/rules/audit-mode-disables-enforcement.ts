import type { RenderedObject } from "../../facts/inventory.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Path } from "../json.ts";
import { isObject } from "../json.ts";
import type { Rule } from "../rule.ts";

interface Setting {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
  readonly object: RenderedObject;
}

const LINE = /^[ \t]*(?:- )?["']?([\w-]+)["']?[ \t]*:[ \t]*["']?([\w-]+)["']?[ \t]*(?:#.*)?$/;

/** Settings that stop enforcement, as Helm values and as keys of the agent's ConfigMap (C A.8, E.1). */
const stops = (key: string, value: string): string | null => {
  if ((key === "policyAuditMode" || key === "policy-audit-mode") && /^(true|enabled)$/i.test(value))
    return "audit mode";
  if ((key === "policyEnforcementMode" || key === "enable-policy") && value === "never")
    return "enforcement mode never";
  return null;
};

function* scalars(value: unknown, path: Path): Generator<{ readonly path: Path; readonly value: unknown }> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* scalars(item, [...path, i]);
  else if (isObject(value)) for (const [key, item] of Object.entries(value)) yield* scalars(item, [...path, key]);
  else yield { path, value };
}

function* settingsIn(object: RenderedObject): Generator<Setting> {
  for (const { path, value } of scalars(object.object, [])) {
    const key = String(path.at(-1));
    if (typeof value === "string" && value.includes("\n")) {
      const start = object.locate(path) ?? object.origin;
      for (const [i, line] of value.split("\n").entries()) {
        const match = LINE.exec(line);
        if (match?.[1] === undefined || match[2] === undefined) continue;
        // A file put into a ConfigMap is located at its first line; a block scalar one line above its text.
        const offset = start.file === object.origin.file ? i + 1 : i;
        yield { key: match[1], value: match[2], origin: { ...start, line: start.line + offset, column: 1 }, object };
      }
    } else if (typeof value === "string" || typeof value === "boolean")
      yield { key, value: String(value), origin: object.locate(path) ?? object.origin, object };
  }
}

export const auditMode: Rule = {
  id: "audit-mode-disables-enforcement",
  severity: "error",
  lesson: 16,
  about:
    "A setting of the agent stops enforcement in the whole cluster: audit mode lets every packet pass, and its records miss open connections and all of L7.",
  remedy: "Take the setting out. Evidence comes from recorded flows judged under the policies, not from audit mode.",
  *check(context) {
    const locked = context.inventory.namespaces
      .map((n) => n.name)
      .filter((n) => context.judge.lockedAnyWay(n))
      .sort();
    for (const object of context.inventory.objects) {
      if (object.kind !== "HelmRelease" && object.kind !== "ConfigMap" && object.kind !== "HelmChartConfig") continue;
      for (const setting of settingsIn(object)) {
        const what = stops(setting.key, setting.value);
        if (what === null) continue;
        const who =
          locked.length === 0
            ? "no namespace is locked yet"
            : `also for ${locked.slice(0, 6).join(", ")}, which are locked`;
        yield {
          namespace: object.namespace,
          policy: null,
          severity: locked.length === 0 ? "warning" : "error",
          origin: setting.origin,
          message: `\`${setting.key}: ${setting.value}\` stops policy enforcement in the whole cluster (${what}; ${who}). Remove it`,
          key: [setting.key, setting.value, object.kind, object.name],
          fix: { text: `Remove \`${setting.key}\``, edits: [{ kind: "remove", at: setting.origin }] },
        };
      }
    }
  },
};
