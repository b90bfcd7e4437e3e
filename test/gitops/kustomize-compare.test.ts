import { describe, expect, it } from "vitest";
import { isRecord, type Json } from "../../src/facts/json.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { differenceOf } from "../../src/gitops/kustomize-compare.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";
import { readYaml } from "../../src/gitops/yaml-file.ts";

const POLICY =
  "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: lock, namespace: a}\nspec: {endpointSelector: {}, ingress: [{}]}\n";
const APP =
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: a}\nspec: {replicas: 1, template: {metadata: {labels: {app: web}}}}\n";

const read = (text: string) =>
  new KustomizeWalk(memoryTree({ "f/kustomization.yaml": "resources: [all.yaml]\n", "f/all.yaml": text })).build("f")
    ?.resources ?? [];
const made = (text: string): readonly Json[] =>
  readYaml(text).documents.flatMap(({ value }) => (isRecord(value) ? [value] : []));

describe("what was read beside what kustomize makes", () => {
  it("agrees on the same objects, in any order", () => {
    expect(differenceOf(read(`${POLICY}---\n${APP}`), made(`${APP}---\n${POLICY}`))).toBeNull();
  });

  it.each([
    [
      "a policy with another rule",
      POLICY.replace("[{}]", "[{fromEntities: [world]}]"),
      /another CiliumNetworkPolicy a\/lock/,
    ],
    ["a policy that is there no more", "", /no CiliumNetworkPolicy a\/lock/],
    [
      "a policy that nobody read",
      `${POLICY}---\n${POLICY.replace("lock", "more")}`,
      /makes CiliumNetworkPolicy a\/more/,
    ],
    ["a policy elsewhere", POLICY.replace("namespace: a", "namespace: b"), /no CiliumNetworkPolicy a\/lock/],
    [
      "a policy for everybody",
      POLICY.replace("kind: Cilium", "kind: CiliumClusterwide"),
      /no CiliumNetworkPolicy a\/lock/,
    ],
  ])("differs by %s", (_, text, what) => {
    expect(differenceOf(read(POLICY), made(text))?.what).toMatch(what);
  });

  it("differs by the labels of pods, which policies select by, and by nothing else of an app", () => {
    expect(differenceOf(read(APP), made(APP.replace("app: web", "app: other")))?.what).toMatch(
      /another Deployment a\/web/,
    );
    expect(differenceOf(read(APP), made(APP.replace("replicas: 1", "replicas: 3")))).toBeNull();
  });
});
