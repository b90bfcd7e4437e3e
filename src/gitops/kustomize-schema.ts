import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRecord } from "../facts/json.ts";
import type { SourceTree } from "../facts/tree.ts";
import { materialise } from "./kustomize-binary.ts";
import { kustomizationsAmong } from "./walk/kustomization.ts";

/**
 * Fields that kustomize carries out without knowing what Kubernetes' types look like. What merges one object into another
 * (patches) asks the schema which lists have keys, and whatever is not named here may.
 */
const WITHOUT_SCHEMA = new Set(
  (
    "apiVersion kind metadata resources bases components namespace namePrefix nameSuffix commonLabels labels " +
    "commonAnnotations images replicas configMapGenerator secretGenerator generatorOptions patchesJson6902 replacements"
  ).split(" "),
);

/** A list of operations (RFC 6902), written in place: it names what it changes, and merges nothing. */
const isJsonPatch = (entry: unknown): boolean =>
  isRecord(entry) &&
  entry["path"] === undefined &&
  typeof entry["patch"] === "string" &&
  /^\s*(?:\[|- op:)/.test(entry["patch"]);

const isWithoutSchema = ([field, value]: readonly [string, unknown]): boolean =>
  WITHOUT_SCHEMA.has(field) || (field === "patches" && Array.isArray(value) && value.every(isJsonPatch));

/** Whether what is built from these files is the same without Kubernetes' schema. */
export const needsNoSchema = (tree: SourceTree, files: Iterable<string>): boolean =>
  kustomizationsAmong(tree, files).every(
    ({ kustomization }) => kustomization !== null && Object.entries(kustomization.value).every(isWithoutSchema),
  );

const NO_SCHEMA = { swagger: "2.0", info: { title: "none", version: "0" }, paths: {}, definitions: {} };

/**
 * In `home`, the files and a kustomization around their folder, to be built in its place. Without Kubernetes' schema the
 * binary starts eight times as fast: reading it is half a second, and most builds never look anything up.
 *
 * @returns the folder to build
 */
export const writeAround = (
  home: string,
  job: { readonly tree: SourceTree; readonly files: Iterable<string>; readonly folder: string },
): string => {
  const around = join(home, "around");
  mkdirSync(around);
  materialise(job.tree, job.files, join(home, "tree"));
  const kustomization = { openapi: { path: "schema.json" }, resources: [`../tree/${job.folder}`] };
  writeFileSync(join(around, "schema.json"), JSON.stringify(NO_SCHEMA));
  writeFileSync(join(around, "kustomization.yaml"), JSON.stringify(kustomization));
  return around;
};
