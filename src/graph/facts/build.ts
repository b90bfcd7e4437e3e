import { kustomizeBuild } from "../../gitops/kustomize.ts";
import type { Build } from "./lint.ts";

/** The real binary over the tree's bytes: the problem with its place, or null when it builds. */
export const realBuild: Build = async (tree, folder) => {
  const result = await kustomizeBuild(tree, folder);
  return result.built ? null : `${result.what} (${result.where.file}:${result.where.line})`;
};
