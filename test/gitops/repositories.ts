import * as fc from "fast-check";

export type Files = Readonly<Record<string, string>>;
type Json = Readonly<Record<string, unknown>>;

const NAMES = ["web", "api", "db"] as const;
const yaml = (value: unknown): string => `${JSON.stringify(value)}\n`;

const deployment = (name: string): Json => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, labels: { app: name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        serviceAccountName: "runner",
        containers: [
          {
            name: "main",
            image: `registry.example/${name}:1.0`,
            env: [
              { name: "A", value: "1" },
              { name: "B", valueFrom: { configMapKeyRef: { name: "settings", key: "b" } } },
            ],
            envFrom: [{ secretRef: { name: "token" } }],
            ports: [{ containerPort: 80 }],
          },
          { name: "side", image: "registry.example/side@sha256:00" },
        ],
        volumes: [{ name: "c", configMap: { name: "settings" } }],
      },
    },
  },
});
const others = (name: string): readonly Json[] => [
  { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } },
  {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: `${name}-allow` },
    spec: { endpointSelector: { matchLabels: { app: name } }, ingress: [{ fromEntities: ["host"] }] },
  },
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "runner" } },
  {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: `${name}-job` },
    spec: {
      jobTemplate: {
        spec: {
          template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "j", image: "busybox" }] } },
        },
      },
    },
  },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "placeholder" } },
  { apiVersion: "example.org/v1", kind: "Thing", metadata: { name }, spec: { list: [{ name: "a" }, { name: "b" }] } },
  {
    apiVersion: "v1",
    kind: "List",
    items: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `${name}-listed` }, data: { a: "b" } }],
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name },
    spec: {
      podSelector: { matchLabels: { app: name } },
      ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "x" } } }] }],
    },
  },
];

const label = fc.constantFrom("a", "1", "true", "x-y");
const strategic = (name: string): fc.Arbitrary<Json> =>
  fc.constantFrom<Json>(
    { spec: { replicas: 5 } },
    { metadata: { annotations: { note: "n" }, labels: { app: null } } },
    {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "main",
                env: [
                  { name: "A", value: "2" },
                  { name: "C", value: "3" },
                ],
              },
            ],
          },
        },
      },
    },
    { spec: { template: { spec: { containers: [{ name: "side", $patch: "delete" }] } } } },
    {
      spec: {
        template: { spec: { containers: [{ name: "new", image: "i" }], volumes: [{ name: "v", emptyDir: {} }] } },
      },
    },
    { spec: { template: { spec: { hostNetwork: true, serviceAccountName: null } } } },
    { spec: { template: { metadata: { $patch: "replace", labels: { app: name, more: "1" } } } } },
    { $patch: "delete" },
  );
const operation = fc.constantFrom<Json>(
  { op: "add", path: "/metadata/annotations", value: { a: "b" } },
  { op: "replace", path: "/spec/replicas", value: 3 },
  { op: "add", path: "/spec/template/spec/containers/-", value: { name: "last", image: "l" } },
  { op: "remove", path: "/spec/template/spec/containers/1" },
  { op: "add", path: "/metadata/labels/a~1b", value: "c" },
  { op: "replace", path: "/spec/template/spec/containers/0/env/0/value", value: "9" },
  { op: "test", path: "/spec/replicas", value: 1 },
  { op: "remove", path: "/spec/nowhere" },
);

/** What a kustomization over `resources` may ask for besides. */
const features = (name: string, layer: string): fc.Arbitrary<Json> =>
  fc.record(
    {
      namespace: fc.constantFrom("shop", "data"),
      namePrefix: fc.constantFrom("pre-", "x"),
      nameSuffix: fc.constantFrom("-v2", "-s"),
      commonLabels: fc.record({ team: label }),
      // A key of its own each: kustomize 4.5.4 keeps one node for a label that it gave to several fields, so that a later
      // value for one of them shows in all. The walk does not copy that.
      labels: fc
        .record({ value: label, includeSelectors: fc.boolean() })
        .map(({ value, includeSelectors }) => [{ pairs: { [`tier-${layer}`]: value }, includeSelectors }]),
      commonAnnotations: fc.record({ note: label }),
      images: fc.constantFrom(
        [{ name: `registry.example/${name}`, newTag: "2.0" }],
        [{ name: "registry.example/side", newName: "mirror.example/side", digest: "sha256:11" }],
        [{ name: "busybox", newName: "alpine", newTag: "3" }],
      ),
      replicas: fc.constant([{ name, count: 4 }]),
      patches: fc.array(
        fc.oneof(
          strategic(name).map((body) => ({
            patch: JSON.stringify({
              apiVersion: "apps/v1",
              kind: "Deployment",
              ...body,
              metadata: { name, ...(body["metadata"] as Json | undefined) },
            }),
          })),
          fc.array(operation, { minLength: 1, maxLength: 2 }).map((operations) => ({
            target: { kind: "Deployment", name },
            patch: JSON.stringify(operations),
          })),
          fc.constant({
            target: { kind: "Deployment|Thing", labelSelector: `app=${name}` },
            patch: JSON.stringify([{ op: "add", path: "/metadata/annotations", value: { selected: "1" } }]),
          }),
          fc.constant({
            target: { kind: "Thing" },
            patch: JSON.stringify({
              kind: "Thing",
              metadata: { name: "any" },
              spec: { list: [{ name: "c" }], more: 1 },
            }),
          }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
      configMapGenerator: fc.constantFrom(
        [{ name: "settings", literals: ["b=1", "c=two words"] }],
        [{ name: "settings", literals: ["b=1"], options: { disableNameSuffixHash: true, labels: { made: "here" } } }],
        [
          { name: "settings", files: ["notes.txt", "other=notes.txt"] },
          { name: "plain", envs: ["vars.env"] },
        ],
      ),
      secretGenerator: fc.constant([{ name: "token", literals: ["t=secret"], type: "Opaque" }]),
      generatorOptions: fc.constantFrom(
        { disableNameSuffixHash: true },
        { labels: { gen: "yes" }, annotations: { g: "1" } },
      ),
    },
    { requiredKeys: [] },
  );

/** What is generated in the base is made once: anything else is an error, and not what this looks for. */
const withoutGenerators = ({
  configMapGenerator: _maps,
  secretGenerator: _secrets,
  generatorOptions: _o,
  ...rest
}: Json): Json => rest;

/** A base, an overlay over it and, now and then, a component. `prod` is what is built. */
export const repository: fc.Arbitrary<Files> = fc
  .record({
    name: fc.constantFrom(...NAMES),
    chosen: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    oneFile: fc.boolean(),
  })
  .chain(({ name, chosen, oneFile }) =>
    fc
      .record({
        base: features(name, "base"),
        overlay: features(name, "prod").map(withoutGenerators),
        component: fc.option(features(name, "part").map(withoutGenerators)),
        merge: fc.boolean(),
        commented: fc.boolean(),
      })
      .map(({ base, overlay, component, merge, commented }): Files => {
        const objects = [deployment(name), ...chosen.map((n) => others(name)[n] ?? {})];
        const files: Record<string, string> = { "base/notes.txt": "one\n\ntwo\n", "base/vars.env": "# c\nE=1\nF=2\n" };
        for (const folder of ["prod", "part"]) {
          files[`${folder}/notes.txt`] = "three";
          files[`${folder}/vars.env`] = "G=1\n";
        }
        const resources = oneFile ? ["all.yaml"] : objects.map((_, n) => `o${n}.yaml`);
        if (oneFile) files["base/all.yaml"] = objects.map((o) => `---\n${yaml(o)}`).join("");
        else for (const [n, object] of objects.entries()) files[`base/o${n}.yaml`] = yaml(object);
        files["base/kustomization.yaml"] = `${commented ? "# - ./gone.yaml\n" : ""}${yaml({ resources, ...base })}`;
        const generators =
          merge && base["configMapGenerator"] !== undefined
            ? { configMapGenerator: [{ name: "settings", behavior: "merge", literals: ["z=9"] }] }
            : {};
        files["prod/kustomization.yaml"] = yaml({
          resources: ["../base"],
          ...(component === null ? {} : { components: ["../part"] }),
          ...overlay,
          ...generators,
        });
        if (component !== null)
          files["part/kustomization.yaml"] = yaml({
            apiVersion: "kustomize.config.k8s.io/v1alpha1",
            kind: "Component",
            ...component,
          });
        return files;
      }),
  );

/** Equal for values that differ in the order of their keys alone. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
