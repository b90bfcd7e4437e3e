import { memoryTree, type SourceTree } from "../../../src/facts/tree.ts";
import { APPS } from "./apps.ts";
import { BASE } from "./base.ts";
import { DATABASES } from "./platform/databases.ts";
import { DOOR, IDENTITY, USED, WATCHING } from "./platform/platform.ts";
import { NAMESPACES, allow, listing, type App, type NamespaceStyle } from "./writing.ts";

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

const assembled = (namespaces: readonly NamespaceStyle[], apps: readonly App[], scraper = "prometheus"): SourceTree => {
  const files: Record<string, string> = { ...BASE };
  const scrape = "components/baseline/allow-scrape.yaml";
  files[scrape] = BASE[scrape]?.replace(": prometheus", `: ${scraper}`) ?? "";
  for (const { name, locked } of namespaces)
    Object.assign(
      files,
      namespaceFiles(
        name,
        locked,
        apps.filter((a) => a.namespace === name),
      ),
    );
  files["apps/kustomization.yaml"] = listing(namespaces.map((n) => n.name));
  return memoryTree(files);
};

/**
 * A small repository that works: every style of app and route that the audit reads, each with both halves of what it
 * needs. Nothing in it is to be found, and whatever is broken in it afterwards is.
 */
export const repository = (): SourceTree => assembled(NAMESPACES, APPS);

const PLATFORM = [...DOOR, ...USED, ...IDENTITY, ...WATCHING, ...DATABASES];

/** Another one that works: operators and their resources, controllers that the API server calls, movers, the LAN. */
export const platform = (): SourceTree =>
  assembled(
    ["flux-system", "kube-system", ...new Set(PLATFORM.map((a) => a.namespace))].map((name) => ({
      name,
      locked: !name.endsWith("-system"),
    })),
    PLATFORM,
    "vmagent",
  );
