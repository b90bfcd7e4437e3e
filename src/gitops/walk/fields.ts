import { isRecord, type Path } from "../json.ts";

/** Fields this walk carries out. */
const KNOWN = new Set(
  (
    "apiVersion kind metadata resources bases components namespace namePrefix nameSuffix commonLabels labels " +
    "commonAnnotations images replicas patches patchesStrategicMerge patchesJson6902 configMapGenerator secretGenerator " +
    "generatorOptions configurations replacements"
  ).split(" "),
);
/** Fields of kustomize that change nothing we read. */
const HARMLESS = new Set(["buildMetadata", "sortOptions", "inventory", "validators"]);
/** Fields of kustomize that this walk does not carry out, and says so. */
const NOT_CARRIED_OUT = new Set([
  "vars",
  "generators",
  "transformers",
  "helmCharts",
  "helmGlobals",
  "helmChartInflationGenerator",
  "crds",
  "openapi",
]);

export const standingOf = (field: string): "known" | "harmless" | "not-carried-out" | "foreign" =>
  KNOWN.has(field)
    ? "known"
    : HARMLESS.has(field)
      ? "harmless"
      : NOT_CARRIED_OUT.has(field)
        ? "not-carried-out"
        : "foreign";

/** Fields of what those fields hold (kustomize's `api/types`, v4 and v5). */
const INNER = (
  "path patch target options allowNameChange allowKindChange group version name labelSelector annotationSelector pairs " +
  "includeSelectors includeTemplates fields create fieldSpecs newName newTag tagSuffix digest count behavior literals files " +
  "envs env kvSources pluginType args annotations disableNameSuffixHash immutable type source sourceValue targets select " +
  "reject fieldPath fieldPaths delimiter index encoding objref fieldref apiVersion order legacySortOptions orderFirst orderLast"
).split(" ");

/** Go's JSON takes a field's name in any case, where `s` and `k` have a third one each (U+017F, U+212A). */
const folded = (name: string): string => name.toUpperCase().toLowerCase();

const EXACT = new Map(
  [...KNOWN, ...HARMLESS, ...NOT_CARRIED_OUT, ...INNER].map((name) => [folded(name), name] as const),
);

/** How kustomize reads a field's name that is written in another case than the field has; null for all other names. */
export const meantBy = (name: string): string | null => {
  const exact = EXACT.get(folded(name));
  return exact === undefined || exact === name ? null : exact;
};

/** Maps whose keys are whatever somebody chose. `labels` is a list of such where it is a list. */
const CHOSEN = new Set("metadata commonLabels commonAnnotations pairs annotations sourceValue valuesInline".split(" "));

/** Where a kustomization names a field in another case: kustomize follows what this program would not see. */
export const inOtherCase = (value: unknown, path: Path = []): Path | null => {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = inOtherCase(item, [...path, index]);
      if (found !== null) return found;
    }
    return null;
  }
  if (!isRecord(value)) return null;
  for (const [name, item] of Object.entries(value)) {
    if (meantBy(name) !== null) return [...path, name];
    if (CHOSEN.has(name) || (name === "labels" && isRecord(item))) continue;
    const found = inOtherCase(item, [...path, name]);
    if (found !== null) return found;
  }
  return null;
};

const TRUTHS = new Set(
  "includeSelectors includeTemplates disableNameSuffixHash immutable create allowNameChange allowKindChange".split(" "),
);

/** Where a field that holds a truth holds `y` or `n`. */
export const letterForTruth = (value: unknown, path: Path = []): Path | null => {
  if (typeof value !== "object" || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    if (TRUTHS.has(name) && typeof item === "string" && /^[yn]$/i.test(item)) return at;
    const found = letterForTruth(item, at);
    if (found !== null) return found;
  }
  return null;
};
