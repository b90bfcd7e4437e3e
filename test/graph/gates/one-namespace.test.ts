import { describe, expect, it } from "vitest";
import { known } from "../../../src/facts/known.ts";
import { memoryTree, overlay } from "../../../src/facts/tree.ts";
import { changeset } from "../../../src/facts/changeset.ts";
import { oneNamespace } from "../../../src/graph/gates/one-namespace.ts";
import { allow, baseline, coverage, docs, edge, facts, inventory, workload } from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const namespaces = ["collab", "media"];
const state = (yaml: string) => inventory({ namespaces, objects: { "flux-system/apps": yaml } });
const nothing = inventory({ namespaces, kustomizations: [{ id: "flux-system/apps" }] });
const asked = (yaml: string, more = {}) => facts("propose-allows", "collab", nothing, state(yaml), more);
const file = (path: string) => ({ path, mode: "100644", text: "x: 1\n" }) as const;

describe("one-namespace", () => {
  it("lets policies of one namespace through", () => {
    passed(oneNamespace, asked(baseline("collab")));
  });

  it("stops a change that reaches a second namespace, by what is rendered and not by its path", () => {
    const refusal = stopped(oneNamespace, asked(docs(baseline("collab"), baseline("media"))), 2);
    expect(refusal.reason).toContain("media");
  });

  it("stops a clusterwide policy", () => {
    stopped(
      oneNamespace,
      asked(
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: { name: all }\nspec: { endpointSelector: {}, egress: [{ toEntities: [all] }] }",
      ),
      2,
    );
  });

  it("stops a change to anything that is no policy", () => {
    const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, namespace: collab }\nspec: {}";
    const refusal = stopped(oneNamespace, asked(docs(baseline("collab"), deployment)), 2);
    expect(refusal.reason).toContain("Deployment collab/web");
  });

  it("lets a chart give up its own NetworkPolicy, and nothing else of its release", () => {
    const release = (values: string) =>
      `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: { name: web, namespace: collab }\nspec: { values: { ${values} } }`;
    const was = state(release("networkPolicy: { enabled: true }, replicas: 1"));
    const to = (values: string) =>
      facts("propose-allows", "collab", was, state(docs(release(values), baseline("collab"))));
    passed(oneNamespace, to("networkPolicy: { enabled: false }, replicas: 1"));
    stopped(oneNamespace, to("networkPolicy: { enabled: false }, replicas: 9"), 2);
  });

  it("stops files that no Kustomization reaches, and files that govern rather than apply", () => {
    stopped(oneNamespace, facts("propose-allows", "collab", nothing, nothing), 2);
    for (const path of [".github/workflows/own.yaml", "network-operator.decisions.yaml", "tools/run.sh", "CODEOWNERS"])
      stopped(oneNamespace, asked(baseline("collab"), { files: [file(path)] }), 2);
    for (const path of ["apps/passkeys.yaml", "apps/network-operator.yml", "apps/x/.sops.yaml"])
      stopped(oneNamespace, asked(baseline("collab"), { files: [file(path)] }), 2);
  });

  it("stops YAML that runs somewhere else: a task file, an action, a playbook", () => {
    for (const path of ["Taskfile.yaml", "action.yml", "ansible/site.yaml", "appsx/collab/a.yaml"])
      stopped(oneNamespace, asked(baseline("collab"), { files: [file("apps/collab/a.yaml"), file(path)] }), 2);
  });

  describe("bytes that git would store otherwise than they were judged", () => {
    const standing = { "apps/media/allow.yaml": "a: 1\n", "apps/media/web/deploy.yaml": "b: 1\n" };
    const before = memoryTree(standing);
    const over = (path: string, text = "x: 1\n") => {
      const files = [file("apps/collab/a.yaml"), { ...file(path), text }];
      return asked(baseline("collab"), { files, tree: { before, after: overlay(before, files) } });
    };

    it.each([
      ["a file below a file takes that file away", "apps/media/allow.yaml/README.md"],
      ["a file over a folder takes the folder away", "apps/media/web"],
      ["a file below a file of the same change", "apps/collab/a.yaml/b.yaml"],
      ["a way out of the repository", "apps/../../x.yaml"],
      ["git's own folder, in any spelling", "apps/.GIT/x.yaml"],
      ["a path with a line in it", "apps/collab/a\nb.yaml"],
      ["a path with half a character", "apps/collab/\ud800.yaml"],
    ])("%s", (_what, path) => {
      stopped(oneNamespace, over(path), 2);
    });

    it("a text with half a character, which is stored as another", () => {
      stopped(oneNamespace, over("apps/collab/b.yaml", 'port: "\ud800"\n'), 2);
      passed(oneNamespace, over("apps/collab/b.yaml", "# \u{1f512}\n"));
    });
  });

  describe("a Flux Kustomization", () => {
    const flux = (name: string, spec: string): string =>
      `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: { name: ${name}, namespace: flux-system }\nspec: { sourceRef: { kind: GitRepository, name: home }, ${spec} }`;
    const root = { "flux-system/cluster": flux("apps", "path: ./apps, serviceAccountName: flux") };
    const was = inventory({ namespaces, objects: root });
    const lock = (spec: string, yaml = baseline("collab"), namespace = "collab") =>
      facts(
        "propose-default-deny",
        namespace,
        was,
        inventory({
          namespaces,
          objects: { ...root, "flux-system/apps": flux("collab-lock", spec), "flux-system/collab-lock": yaml },
        }),
      );

    it("belongs to the namespace that it fills", () => {
      passed(oneNamespace, lock("targetNamespace: collab"));
      stopped(oneNamespace, lock("targetNamespace: collab", baseline("collab"), "media"), 2);
    });

    it("takes from the sources in use, as the identity in use, and says nothing new", () => {
      passed(oneNamespace, lock("targetNamespace: collab, serviceAccountName: flux"));
      for (const spec of [
        "serviceAccountName: admin",
        "kubeConfig: { secretRef: { name: other } }",
        "patches: [{ patch: x }]",
      ])
        stopped(oneNamespace, lock(`targetNamespace: collab, ${spec}`), 2);
      const elsewhere = lock("targetNamespace: collab");
      const after = elsewhere.inventory.after;
      if (!after.known) throw new Error("the sketch renders");
      const stranger = { kind: "GitRepository", namespace: "flux-system", name: "stranger" };
      const moved = after.value.kustomizations.map((k) => (k.name === "collab-lock" ? { ...k, source: stranger } : k));
      const inventories = { before: known(was), after: known({ ...after.value, kustomizations: moved }) };
      expect(stopped(oneNamespace, { ...elsewhere, inventory: inventories }, 2).reason).toContain("source");
    });

    it("is not bent to another path or source by a rollout, and applies something that can be read", () => {
      const bent = inventory({
        namespaces,
        objects: { "flux-system/cluster": flux("apps", "path: ./elsewhere, serviceAccountName: flux") },
      });
      const collabOnly = {
        ...bent,
        kustomizations: bent.kustomizations.map((k) => ({ ...k, targetNamespace: "collab" })),
      };
      stopped(oneNamespace, facts("propose-allows", "collab", was, collabOnly), 2);
      stopped(oneNamespace, lock("targetNamespace: collab", ""), 2);
    });
  });

  it("stops a link, whose target nobody judged", () => {
    const link = { path: "apps/collab/netpol/allow.yaml", mode: "120000", text: "../../media/allow.yaml" } as const;
    stopped(oneNamespace, asked(baseline("collab"), { files: [link] }), 2);
  });

  describe("a shared component", () => {
    const component = {
      "components/baseline/kustomization.yaml": "kind: Component\n",
      "components/baseline/allow.yaml": "a: 1\n",
    };
    const before = memoryTree(component);
    const files = [file("components/baseline/allow.yaml")];
    const tree = { before, after: overlay(before, files) };

    it("is not changed for one namespace", () => {
      const refusal = stopped(oneNamespace, asked(baseline("collab"), { tree, files }), 2);
      expect(refusal.reason).toContain("components/baseline");
    });

    it("is changed as a fleet repair when that only loosens, for every namespace that has it", () => {
      const workloads = namespaces.map((ns) => workload(`${ns}/Deployment/web`, [80]));
      const to = (port: string) =>
        docs(
          ...namespaces.map((ns) =>
            allow(
              ns,
              "allow-in",
              `endpointSelector: {}\ningress: [{ fromEndpoints: [{}], toPorts: [{ ports: [${port}] }] }]`,
            ),
          ),
        );
      const was = inventory({ namespaces, workloads, objects: { "flux-system/apps": to(`{ port: "80" }`) } });
      const repaired = (port: string) =>
        facts(
          "propose-repair",
          "baseline",
          was,
          inventory({ namespaces, workloads, objects: { "flux-system/apps": to(port) } }),
          {
            tree,
            changeset: changeset("baseline", "fleet-repair", files),
            evidence: known({
              edges: [edge("media/Deployment/web", "media/Deployment/web", 80)],
              coverage: coverage(86_400_000),
              starts: [],
            }),
          },
        );
      passed(oneNamespace, repaired(`{ port: "80" }, { port: "81" }`));
      stopped(oneNamespace, repaired(`{ port: "81" }`), 2);
    });
  });
});
