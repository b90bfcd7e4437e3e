import type { LiveKustomization, LiveSource } from "../facts/ports.ts";
import { condition, field, fluxOwner, items, nameOf, namespaceOf, text } from "./objects.ts";

/** `Kind/namespace/name`: sources of different kinds may share a name. */
const sourceId = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

export const liveKustomizations = (kustomizations: readonly unknown[]): readonly LiveKustomization[] =>
  kustomizations.map((object) => {
    const namespace = namespaceOf(object);
    const { holds, message } = condition(object, "Ready");
    const ref = field(object, "spec", "sourceRef");
    return {
      id: `${namespace}/${nameOf(object)}`,
      suspended: field(object, "spec", "suspend") === true,
      ready: holds,
      message,
      appliedRevision: text(field(object, "status", "lastAppliedRevision")),
      path: (text(field(object, "spec", "path")) ?? "").replace(/^\.?\/+|\/+$/g, ""),
      source: sourceId(
        text(field(ref, "kind")) ?? "GitRepository",
        text(field(ref, "namespace")) ?? namespace,
        text(field(ref, "name")) ?? "",
      ),
      dependsOn: items(field(object, "spec", "dependsOn")).map(
        (entry) => `${text(field(entry, "namespace")) ?? namespace}/${text(field(entry, "name")) ?? ""}`,
      ),
      owner: fluxOwner(object),
    };
  });

export const liveSources = (kind: string, sources: readonly unknown[]): readonly LiveSource[] =>
  sources.map((object) => ({
    id: sourceId(kind, namespaceOf(object), nameOf(object)),
    suspended: field(object, "spec", "suspend") === true,
    fetchedRevision: text(field(object, "status", "artifact", "revision")),
  }));
