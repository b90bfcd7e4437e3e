import type { Origin } from "../../facts/policy.ts";
import { at, flag, isRecord, list, record, scalar, stringMap, text, type Path } from "../json.ts";
import { readYaml, type Position } from "../yaml-file.ts";
import type { Reads } from "./generators.ts";
import type { KustomizationFile } from "./kustomization.ts";
import { applyJsonPatch, applyMergePatch, isNamedBy, jsonLayer, mergeLayer, PatchError } from "./patch.ts";
import { isTarget, untamed } from "./target.ts";
import { replacementTransforms } from "./replacements.ts";
import type { Resource } from "./resource.ts";
import {
  addAnnotations,
  addLabels,
  affixNames,
  readImages,
  setImages,
  setNamespace,
  setReplicas,
  type Transform,
} from "./transform.ts";

interface PatchSource {
  readonly value: unknown;
  readonly origin: Origin;
  readonly find: (path: Path) => Origin;
}

/** A patch written in line, or in a file beside the kustomization. */
const patchesIn = (source: string, file: string, shift: Origin | null, reads: Reads): readonly PatchSource[] => {
  const { documents, problems } = readYaml(source);
  // An inline patch is a block scalar: its first line stands under the key that opens it.
  const placed = ({ line, column }: Position): Origin =>
    shift === null
      ? { file, line, column }
      : { file: shift.file, line: shift.line + line, column: shift.column + 1 + column };
  for (const problem of problems) reads.say(problem.what, placed(problem), "Repair the patch's YAML");
  return documents.map(({ value, find }) => {
    const place = (path: Path): Origin => placed(find(path));
    return { value, origin: shift ?? place([]), find: place };
  });
};

const patched = (resource: Resource, { value, find }: PatchSource): Resource | null => {
  if (Array.isArray(value)) {
    const layer = jsonLayer(value, (index) => find([index]));
    return { ...resource, value: applyJsonPatch(resource.value, value), layers: [...resource.layers, layer] };
  }
  const merged = applyMergePatch(resource.value, record(value));
  return merged === null
    ? null
    : { ...resource, value: merged, layers: [...resource.layers, mergeLayer(record(value), find)] };
};

const patchTransform =
  (patch: PatchSource, target: unknown, reads: Reads): Transform =>
  (resources) => {
    const { value } = patch;
    const pattern = untamed(target);
    if (pattern !== null)
      reads.say(`the pattern ${pattern.slice(0, 60)} is not carried out`, patch.origin, "Write a simpler one");
    const isHit = (resource: Resource): boolean =>
      target === undefined || target === null
        ? isRecord(value) && isNamedBy(resource, value)
        : isTarget(resource, target);
    let hits = 0;
    const after = resources.flatMap((resource) => {
      if (!isHit(resource)) return [resource];
      hits++;
      try {
        const changed = patched(resource, patch);
        return changed === null ? [] : [changed];
      } catch (error) {
        if (!(error instanceof PatchError)) throw error;
        reads.say(`this patch cannot be applied: ${error.message}`, patch.origin, "Correct the patch");
        return [resource];
      }
    });
    if (hits === 0 && (target === undefined || target === null))
      reads.say(
        "this patch is for an object that is not there, so that kustomize does not build this",
        patch.origin,
        "Correct its kind and name",
      );
    return after;
  };

const patchSources = (
  item: unknown,
  at_: Path,
  kustomization: KustomizationFile,
  reads: Reads,
): readonly PatchSource[] => {
  const inline = text(at(item, "patch"));
  const path = text(at(item, "path"));
  if (inline !== null) return patchesIn(inline, kustomization.file, kustomization.find([...at_, "patch"]), reads);
  if (path === null) {
    reads.say("a patch without patch or path", kustomization.find(at_), "Give it one of both");
    return [];
  }
  const read = reads.read(path, kustomization.find([...at_, "path"]));
  return read === null ? [] : patchesIn(read.text, read.path, null, reads);
};

const strategic = (kustomization: KustomizationFile, reads: Reads): readonly Transform[] =>
  list(kustomization.value["patchesStrategicMerge"]).flatMap((entry, index) => {
    const origin = kustomization.find(["patchesStrategicMerge", index]);
    const written = scalar(entry) ?? "";
    const inline = written.includes("\n");
    const read = inline ? null : reads.read(written, origin);
    const sources = inline
      ? patchesIn(written, kustomization.file, origin, reads)
      : read === null
        ? []
        : patchesIn(read.text, read.path, null, reads);
    return sources.map((source) => patchTransform(source, undefined, reads));
  });

const targeted = (kustomization: KustomizationFile, reads: Reads): readonly Transform[] =>
  (["patches", "patchesJson6902"] as const).flatMap((field) =>
    list(kustomization.value[field]).flatMap((item, index) =>
      patchSources(item, [field, index], kustomization, reads).map((source) => {
        // By such a patch a policy of one namespace becomes one of the whole cluster.
        const isRenaming = Object.values(record(at(item, "options"))).some((option) => option !== false);
        if (isRenaming && !Array.isArray(source.value))
          reads.say(
            "a merge patch that may change name or kind is not carried out",
            kustomization.find([field, index, "options"]),
            "Write the object as it should be, or a JSON patch",
          );
        return patchTransform(source, at(item, "target"), reads);
      }),
    ),
  );

const labelTransforms = ({ value, find }: KustomizationFile, reads: Reads): readonly Transform[] => {
  const common = stringMap(value["commonLabels"]);
  const all = Object.keys(common).length > 0 ? [addLabels({ pairs: common, selectors: true, templates: true })] : [];
  for (const [index, entry] of list(value["labels"]).entries()) {
    if (at(entry, "fields") !== undefined)
      reads.say(
        "labels in fields of one's own choice are not carried out",
        find(["labels", index, "fields"]),
        "Use includeSelectors or includeTemplates, or a patch",
      );
    all.push(
      addLabels({
        pairs: stringMap(at(entry, "pairs")),
        selectors: flag(at(entry, "includeSelectors")),
        templates: flag(at(entry, "includeTemplates")),
      }),
    );
  }
  return all;
};

/** The transformations a kustomization asks for, in the order in which kustomize runs them. */
export const ownTransforms = (kustomization: KustomizationFile, reads: Reads): readonly Transform[] => {
  const { value } = kustomization;
  const namespace = scalar(value["namespace"]);
  const prefix = scalar(value["namePrefix"]) ?? "";
  const suffix = scalar(value["nameSuffix"]) ?? "";
  const annotations = stringMap(value["commonAnnotations"]);
  const images = readImages(value["images"]);
  return [
    ...strategic(kustomization, reads),
    ...targeted({ ...kustomization, value: { patches: value["patches"] } }, reads),
    ...(namespace === null || namespace === "" ? [] : [setNamespace(namespace)]),
    ...(prefix + suffix === "" ? [] : [affixNames(prefix, suffix)]),
    ...labelTransforms(kustomization, reads),
    ...(Object.keys(annotations).length === 0 ? [] : [addAnnotations(annotations)]),
    ...targeted({ ...kustomization, value: { patchesJson6902: value["patchesJson6902"] } }, reads),
    ...list(value["replicas"]).map((item, index) => {
      const name = scalar(at(item, "name")) ?? "";
      return setReplicas(name, at(item, "count"), () =>
        reads.say(
          `there is nothing named ${name} to scale, so that kustomize does not build this`,
          kustomization.find(["replicas", index]),
          "Correct the name, or take the entry away",
        ),
      );
    }),
    ...(images.length === 0 ? [] : [setImages(images)]),
    ...replacementTransforms(kustomization, reads),
  ];
};
