import { dirname } from "node:path/posix";
import { get, type DefectClass, type Field, type Mutant, type Site } from "./kit.ts";
import { foreign, mutant, policies } from "./sites.ts";

/** A policy beside whose file stands the kustomization that lists it. */
const listed = (field: Field): readonly { readonly site: Site; readonly path: string; readonly written: string }[] =>
  policies(field).flatMap((site) => {
    const path = `${dirname(site.file)}/kustomization.yaml`;
    const written = field.tree.read(path);
    return written === null ||
      /^patches:|^namespace:\s*$/m.test(written) ||
      !written.includes(site.file.slice(dirname(site.file).length + 1))
      ? []
      : [{ site, path, written }];
  });

const add = (written: string, more: string): string => `${written.trimEnd()}\n${more}`;

const patched = (
  id: string,
  operations: (site: Site) => readonly Readonly<Record<string, unknown>>[],
  breaks?: "spoken",
): DefectClass => ({
  id,
  ...(breaks === undefined ? {} : { breaks }),
  plant: (f) =>
    listed(f).flatMap(({ site, path, written }): readonly Mutant[] => {
      const wanted = operations(site);
      if (wanted.length === 0) return [];
      const patch = { target: { kind: "CiliumNetworkPolicy", name: site.name }, patch: JSON.stringify(wanted) };
      return [
        {
          what: `${path}: ${site.name} ${patch.patch}`,
          namespaces: f.context.inventory.namespaces.map((n) => n.name),
          changes: [{ path, mode: "100644", text: add(written, `patches: ${JSON.stringify([patch])}\n`) }],
        },
      ];
    }),
});

const subjectKey = (site: Site): string | undefined =>
  Object.keys(get(site.value, "spec", "endpointSelector", "matchLabels") ?? {})[0];
const pointer = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** What stands in a policy's file is not what is applied. */
export const REWRITES: readonly DefectClass[] = [
  patched(
    "patch that drops the rules of one direction",
    (site) => {
      const direction = get(site.value, "spec", "ingress") === undefined ? "egress" : "ingress";
      const sections = ["ingress", "egress"].filter((d) => get(site.value, "spec", d) !== undefined);
      return sections.length < 2 ? [] : [{ op: "remove", path: `/spec/${direction}` }];
    },
    "spoken",
  ),
  patched(
    "patch that drops the first rule",
    (site) => {
      const direction = ["ingress", "egress"].find(
        (d) => Array.isArray(get(site.value, "spec", d)) && (get(site.value, "spec", d) as unknown[]).length > 1,
      );
      return direction === undefined ? [] : [{ op: "remove", path: `/spec/${direction}/0` }];
    },
    "spoken",
  ),
  patched(
    "patch that selects another",
    (site) => {
      const key = subjectKey(site);
      return key === undefined
        ? []
        : [{ op: "replace", path: `/spec/endpointSelector/matchLabels/${pointer(key)}`, value: "somebody-else" }];
    },
    "spoken",
  ),
  patched("patch that turns the lock off", (site) =>
    get(site.value, "spec", "enableDefaultDeny") === undefined
      ? [{ op: "add", path: "/spec/enableDefaultDeny", value: { ingress: false, egress: false } }]
      : [],
  ),
  {
    id: "two policies of one name",
    breaks: "spoken",
    plant: (f) => {
      const byNamespace = Map.groupBy(
        policies(f).filter((s) => s.namespaces.length === 1),
        (s) => s.namespaces[0] ?? "",
      );
      return [...byNamespace.values()].flatMap((all) =>
        all
          .slice(1)
          .filter((s) => dirname(s.file) !== dirname(all[0]?.file ?? ""))
          .map((s) =>
            mutant(s, ["metadata", "name"], all[0]?.name ?? "", (d) => d.setIn(["metadata", "name"], all[0]?.name)),
          ),
      );
    },
  },
  {
    id: "default of a variable that is another port",
    breaks: "spoken",
    plant: (f) =>
      foreign(f).flatMap((p) =>
        get(p.rule, "toPorts", 0, "ports", 0, "port") === undefined
          ? []
          : [
              mutant(
                p.site,
                p.path,
                "${PEER_PORT:=9}",
                (d) => d.setIn([...p.path, "toPorts", 0, "ports", 0, "port"], "${PEER_PORT:=9}"),
                [p.namespace ?? ""],
              ),
            ],
      ),
  },
  ...(
    [
      ["default of a variable that is another name", "${PEER_NAME:-nobody}"],
      ["variable in the subject that nothing substitutes", "${APP_NAME}"],
    ] as const
  ).map(([id, word], i): DefectClass => ({
    id,
    breaks: "spoken",
    plant: (f) =>
      i === 0
        ? foreign(f).map((p) =>
            mutant(
              p.site,
              p.peerPath,
              word,
              (d) => d.setIn([...p.peerPath, "matchLabels", Object.keys(p.labels)[0] ?? ""], word),
              [p.namespace ?? ""],
            ),
          )
        : policies(f).flatMap((s) => {
            const key = subjectKey(s);
            return key === undefined
              ? []
              : [
                  mutant(
                    s,
                    ["spec"],
                    word,
                    (d) => d.setIn(["spec", "endpointSelector", "matchLabels", key], word),
                    f.context.inventory.namespaces.map((n) => n.name),
                  ),
                ];
          }),
  })),
  {
    id: "API version that is none",
    breaks: "spoken",
    plant: (f) =>
      policies(f).map((s) => mutant(s, ["apiVersion"], "cilium.io/v1", (d) => d.setIn(["apiVersion"], "cilium.io/v1"))),
  },
  {
    id: "nodeSelector in a namespace's policy",
    plant: (f) =>
      policies(f).map((s) =>
        mutant(s, ["spec"], "nodeSelector", (d) => {
          d.setIn(["spec", "nodeSelector"], d.getIn(["spec", "endpointSelector"]));
          d.deleteIn(["spec", "endpointSelector"]);
        }),
      ),
  },
  {
    id: "release renamed",
    breaks: "spoken",
    plant: (f) =>
      f.sites
        .filter((s) => s.kind === "HelmRelease")
        .map((site) =>
          mutant(site, ["metadata", "name"], "renamed", (d) => d.setIn(["metadata", "name"], `${site.name}-two`)),
        ),
  },
];
