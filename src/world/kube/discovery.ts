import { RESOURCES, groupVersion } from "./resources.ts";

const groups = [...new Set(RESOURCES.filter((r) => r.group !== "").map((r) => r.group))];

const versionsOf = (group: string): { groupVersion: string; version: string }[] =>
  [...new Set(RESOURCES.filter((r) => r.group === group).map((r) => r.version))].map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));

const groupOf = (name: string): Readonly<Record<string, unknown>> => ({
  name,
  versions: versionsOf(name),
  preferredVersion: versionsOf(name)[0],
});

/** Version, health, and which kinds there are; null for any other path. */
export const discovery = (path: string): Readonly<Record<string, unknown>> | null => {
  if (path === "/version") return { major: "1", minor: "34", gitVersion: "v1.34.2+sample", platform: "linux/amd64" };
  if (["/healthz", "/readyz", "/livez"].includes(path)) return { status: "ok" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis") return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupOf) };
  const wanted = path === "/api/v1" ? "v1" : /^\/apis\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  const resources = RESOURCES.filter((r) => groupVersion(r) === wanted);
  if (wanted === undefined || resources.length === 0) return null;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: wanted,
    resources: resources.map((r) => ({
      name: r.plural,
      singularName: r.kind.toLowerCase(),
      namespaced: r.namespaced,
      kind: r.kind,
      verbs: ["create", "delete", "get", "list", "patch", "watch"],
    })),
  };
};
