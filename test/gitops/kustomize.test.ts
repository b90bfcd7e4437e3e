import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/facts/errors.ts";
import { canonical } from "../../src/facts/json.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { kustomizeBuild, kustomizeFailures } from "../../src/gitops/kustomize.ts";
import { kustomizeBinary } from "../../src/gitops/kustomize-binary.ts";
import { idOf } from "../../src/gitops/walk/resource.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";

const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      serviceAccountName: runner
      containers:
        - name: main
          image: registry.example/${name}:1.0
          env:
            - {name: A, value: "1"}
            - name: B
              valueFrom: {configMapKeyRef: {name: settings, key: b}}
          ports: [{containerPort: 80}]
      volumes:
        - name: c
          configMap: {name: settings, defaultMode: 0755}
        - name: s
          secret: {secretName: token}
`;

/** One tree with everything that the walk claims to carry out. */
const FILES = {
  "base/kustomization.yaml": `resources: [deployment.yaml, service.yaml, account.yaml, list.yaml]
configMapGenerator:
  - name: settings
    literals: [a=1, "b=<&>"]
    files: [notes.txt, renamed=notes.txt]
    envs: [vars.env]
  - name: plain
    literals: [x=y]
    options: {disableNameSuffixHash: true, labels: {made: here}}
secretGenerator:
  - name: token
    literals: [t=secret]
generatorOptions:
  labels: {generated: "yes"}
`,
  "base/deployment.yaml": deployment("web"),
  "base/notes.txt": "one\n\ntwo\n",
  "base/vars.env": "# comment\nE=1\nF=two words\n",
  "base/service.yaml":
    "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
  "base/account.yaml": `apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: runner, namespace: default}, {kind: ServiceAccount, name: default, namespace: default}]
`,
  "base/list.yaml": `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: listed}, data: {yes: "no"}}
`,
  "component/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [ns.yaml, policy.yaml]
patches:
  - target: {kind: Deployment, labelSelector: app=web}
    patch: |-
      - op: add
        path: /metadata/annotations
        value: {from: component}
`,
  "component/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: _}\n",
  "component/policy.yaml": `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}
`,
  "prod/kustomization.yaml": `namespace: shop
namePrefix: pre-
nameSuffix: -post
resources: [../base, custom.yaml, cluster.yaml]
components: [../component]
commonLabels: {team: a}
commonAnnotations: {note: "n"}
labels:
  - pairs: {plain: "1"}
  - pairs: {selected: "1"}
    includeSelectors: true
images:
  - {name: registry.example/web, newName: mirror.example/web, newTag: "2.0"}
replicas:
  - {name: web, count: 3}
configMapGenerator:
  - name: settings
    behavior: merge
    literals: [a=2, z=9]
patchesStrategicMerge:
  - merge.yaml
  - |-
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {ports: [{port: 80, targetPort: 8080}]}
patchesJson6902:
  - target: {version: v1, kind: Service, name: web}
    patch: '[{"op":"add","path":"/metadata/annotations","value":{"a~1b":"c"}}]'
patches:
  - path: by-file.yaml
    target: {group: example.org, kind: Thing, name: "t.*"}
  - patch: |-
      apiVersion: example.org/v1
      kind: Thing
      metadata: {name: gone}
      $patch: delete
`,
  "prod/merge.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: main
          env: [{name: C, value: "3"}, {name: B, value: "2", valueFrom: null}]
        - name: side
          image: registry.example/side:1
      volumes: [{name: s, $patch: delete}]
`,
  "prod/custom.yaml": `apiVersion: example.org/v1
kind: Thing
metadata: {name: thing}
spec: {list: [{name: a, v: 1}, {name: b}], keep: 1, drop: 2}
---
apiVersion: example.org/v1
kind: Thing
metadata: {name: gone}
`,
  "prod/by-file.yaml": `apiVersion: example.org/v1
kind: Thing
metadata: {name: ignored}
spec: {list: [{name: c}], drop: null, add: {deep: 1}}
`,
  "prod/cluster.yaml": `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: []
---
apiVersion: example.org/v1
kind: Local
metadata: {name: local, annotations: {config.kubernetes.io/local-config: "true"}}
`,
};

describe("the walk against the real kustomize", () => {
  it.each(["base", "prod"])("builds %s to the same objects, names and hashes", async (folder) => {
    const tree = memoryTree(FILES);
    const walked = new KustomizeWalk(tree).build(folder);
    const built = await kustomizeBuild(tree, folder);
    if (!built.built) throw new Error(`${built.what} ${JSON.stringify(built.where)}`);
    const wanted = Object.fromEntries(built.objects.map((o) => [idOf(o), canonical(o)]));
    const found = Object.fromEntries((walked?.resources ?? []).map((r) => [idOf(r.value), canonical(r.value)]));
    expect(walked?.problems).toEqual([]);
    expect(found).toEqual(wanted);
  });

  it("finds broken what kustomize does not build", async () => {
    const broken: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      missing: { "kustomization.yaml": "resources: [gone.yaml]\n" },
      twice: {
        "kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
        "a.yaml": FILES["base/service.yaml"],
        "b.yaml": FILES["base/service.yaml"],
      },
      field: { "kustomization.yaml": "resource: []\n" },
      patch: {
        "kustomization.yaml":
          'resources: [a.yaml]\npatches: [{target: {kind: Service}, patch: \'[{"op":"remove","path":"/no"}]\'}]\n',
        "a.yaml": FILES["base/service.yaml"],
      },
      unnamed: { "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: Service\napiVersion: v1\n" },
    };
    await Promise.all(
      Object.entries(broken).map(async ([name, files]) => {
        const tree = memoryTree(files);
        expect(new KustomizeWalk(tree).build("")?.problems.length, name).toBeGreaterThan(0);
        const built = await kustomizeBuild(tree, "");
        expect(built.built, name).toBe(false);
        if (!built.built) expect(built.where.file).toMatch(/\.yaml$/);
      }),
    );
  });
});

describe("the real kustomize, kept on a leash", () => {
  it("is never started for anything that it would fetch or read from outside", async () => {
    for (const text of [
      "resources: [https://example.org/a.yaml]\n",
      "resources: [github.com/x/y//z?ref=v1]\n",
      "components: ['git@example.org:x/y.git']\n",
      "resources: [/etc/passwd]\n",
      "configMapGenerator: [{name: a, files: [p=../../etc/passwd]}]\n",
      "patches: [{path: 'http://example.org/p.yaml'}]\n",
      "helmCharts: [{name: x, repo: 'https://example.org'}]\n",
    ]) {
      const result = await kustomizeBuild(memoryTree({ "kustomization.yaml": text }), "", "/nonexistent/kustomize");
      expect(result, text).toMatchObject({ built: false, where: { file: "kustomization.yaml", line: 1 } });
      if (!result.built) expect(result.what).toMatch(/fetch/);
    }
  });

  it.each([
    "Resources: [/etc/hostname]",
    "re\u017Fources: [/etc/hostname]",
    "resources: [a.yaml]\npatches: [{Path: /etc/hostname}]",
    "resources: [a.yaml]\nconfigMapGenerator: [{name: x, Files: [/etc/hostname]}]",
    "resources: [a.yaml]\nConfigMapGenerator: [{name: x, files: [/etc/hostname]}]",
    "resources: [a.yaml]\nconfigMapGenerator: [{name: x, \u212Av\u017Fource\u017F: [{name: a}]}]",
  ])("is not asked where a field is named in another case, which it would follow: %s", async (text) => {
    const tree = memoryTree({
      "a/kustomization.yaml": `${text}\n`,
      "a/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
    });
    const result = await kustomizeBuild(tree, "a");
    expect(result).toMatchObject({ built: false, remedy: "Write the field's name in its own case" });
    expect(new KustomizeWalk(tree).build("a")?.problems.map(({ remedy }) => remedy)).toContain(
      "Write the field's name in its own case",
    );
  });

  it.each(["---\n---\nresources: [a.yaml]\n", "resources: [a.yaml]\n---\nnamespace: b\n"])(
    "reads one document, and the walk says where another begins: %j",
    (text) => {
      const object = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
      const problems = (given: string) =>
        new KustomizeWalk(memoryTree({ "a/kustomization.yaml": given, "a/a.yaml": object })).build("a")?.problems;
      expect(problems(text)).toMatchObject([
        { origin: { line: 2 }, remedy: "Write one document, and no `---` but at its head" },
      ]);
      expect(problems("# c\n---\n# d\nresources: [a.yaml]\n")).toEqual([]);
    },
  );

  it.each([
    "apiVersion: builtin\n    kind: PatchTransformer\n    metadata: {name: x}\n    path: /etc/hostname\n    target: {kind: Namespace}",
    "apiVersion: builtin\n    kind: PatchTransformer\n    metadata: {name: x}\n    Path: /etc/hostname\n    target: {kind: Namespace}",
    "apiVersion: builtin\n    kind: PatchStrategicMergeTransformer\n    metadata: {name: x}\n    paths: [../../../etc/hostname]",
  ])("is not asked for a plugin that reads from outside: %s", async (plugin) => {
    const tree = memoryTree({
      "a/kustomization.yaml": `resources: [a.yaml]\ntransformers:\n  - |\n    ${plugin}\n`,
      "a/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
    });
    const result = await kustomizeBuild(tree, "a");
    expect(result.built ? "" : result.what).toMatch(/is not fetched$|and this reading does not$/);
  });

  it("leaves names that somebody chose to whoever chose them", () => {
    const tree = memoryTree({
      "a/kustomization.yaml":
        "resources: [a.yaml]\ncommonLabels: {Name: a}\nlabels: [{pairs: {Kind: b}}]\ncommonAnnotations: {Path: c}\n" +
        "generatorOptions: {labels: {Version: d}, annotations: {Files: e}}\n",
      "a/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
    });
    expect(new KustomizeWalk(tree).build("a")?.problems).toEqual([]);
  });

  it("is asked once for the same bytes, and again for others or after it failed", async () => {
    const home = mkdtempSync(join(tmpdir(), "kustomize-counted-"));
    const binary = join(home, "kustomize");
    const runs = (): number => readFileSync(join(home, "runs"), "utf8").length;
    writeFileSync(binary, `#!/bin/sh\nprintf x >> ${home}/runs\n[ -e ${home}/broken ] && exit 1\necho 'kind: List'\n`, {
      mode: 0o755,
    });
    const build = (files: Record<string, string>) => kustomizeBuild(memoryTree(files), "", binary);
    const one = { "kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: A\nmetadata: {name: a}\n" };
    const first = await build(one);
    expect(await build({ ...one, "beside.yaml": "kind: B\n" })).toEqual(first);
    expect(runs()).toBe(1);
    const other = { ...one, "a.yaml": "kind: A\nmetadata: {name: b}\n" };
    writeFileSync(join(home, "broken"), "");
    expect(await build(other)).toMatchObject({ built: false });
    rmSync(join(home, "broken"));
    expect(await build(other)).toMatchObject({ built: true });
    // What fails without a schema is asked with it: that answer counts.
    expect(runs()).toBe(4);
    rmSync(home, { recursive: true });
  });

  it("answers for each folder alone, and says where it makes something else of one than was read", async () => {
    const folder = (name: string, more = ""): Record<string, string> => ({
      [`${name}/kustomization.yaml`]: `resources: [map.yaml]\n${more}`,
      [`${name}/map.yaml`]: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {x: y}\n`,
    });
    const files = { ...folder("a"), ...folder("b"), ...folder("c") };
    // The same object in three folders is nobody's fault: they are applied apart.
    expect(await kustomizeFailures(memoryTree(files), ["a", "b", "c"])).toEqual(new Map());
    // A nameless object is refused wherever it stands; nobody else answers for it.
    const broken = { ...files, "c/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n" };
    expect([...(await kustomizeFailures(memoryTree(broken), ["a", "b", "c"])).keys()]).toEqual(["c"]);

    const home = mkdtempSync(join(tmpdir(), "kustomize-other-"));
    const binary = join(home, "kustomize");
    const other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  labels: {added: by-it}";
    writeFileSync(binary, `#!/bin/sh\nprintf '%s\\n' '${other}'\n`, { mode: 0o755 });
    const failed = await kustomizeFailures(memoryTree(folder("a")), ["a"], binary);
    expect(failed.get("a")).toMatchObject({
      what: "kustomize makes another ConfigMap one of this folder than was read from it",
      where: { file: "a/map.yaml", line: 1 },
    });
    rmSync(home, { recursive: true });
  });

  it("says so when there is none", async () => {
    await expect(kustomizeBuild(memoryTree(FILES), "base", null)).rejects.toThrow(OperatorError);
    expect(kustomizeBinary("")).toMatch(/kustomize/);
  });
});
