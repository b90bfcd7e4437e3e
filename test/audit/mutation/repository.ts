import { memoryTree, type SourceTree } from "../../../src/facts/tree.ts";
import { APPS } from "./apps.ts";
import { BASE } from "./base.ts";
import { NAMESPACES, allow, listing, type App } from "./writing.ts";

/** The apps of a namespace, their policies beside them, and the baseline and the lock as components. */
const namespaceFiles = (namespace: string, locked: boolean, apps: readonly App[]): Readonly<Record<string, string>> => {
  const folder = `apps/${namespace}`;
  const files: Record<string, string> = {
    [`${folder}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${namespace}\n`,
    [`${folder}/kustomization.yaml`]: listing(["namespace.yaml", ...apps.map((a) => a.name)], namespace, [
      "../../components/baseline",
      ...(locked ? ["../../components/default-deny"] : []),
    ]),
  };
  for (const app of apps) {
    const parts = { ...app.files, ...(app.policy === undefined ? {} : { "networkpolicy.yaml": allow(app) }) };
    files[`${folder}/${app.name}/kustomization.yaml`] = listing(Object.keys(parts));
    for (const [name, text] of Object.entries(parts)) files[`${folder}/${app.name}/${name}`] = text;
  }
  return files;
};

/**
 * A small repository that works: every style of app and route that the audit reads, each with both halves of what it
 * needs. Nothing in it is to be found, and whatever is broken in it afterwards is.
 */
export const repository = (): SourceTree => {
  const files: Record<string, string> = { ...BASE };
  for (const { name, locked } of NAMESPACES)
    Object.assign(
      files,
      namespaceFiles(
        name,
        locked,
        APPS.filter((a) => a.namespace === name),
      ),
    );
  files["apps/kustomization.yaml"] = listing(NAMESPACES.map((n) => n.name));
  return memoryTree(files);
};
