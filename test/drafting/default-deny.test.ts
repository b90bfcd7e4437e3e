import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { draftDefaultDeny } from "../../src/drafting/default-deny.ts";
import type { AppliedPolicy, FluxKustomization, Inventory } from "../../src/facts/inventory.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { inventory, namespaceFact } from "../replay/field.ts";
import { writer } from "../../src/gitops/edit.ts";

const KS = "apps/shop/web/ks.yaml";
const FILES = {
  "flux/apps.yaml": "kind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {wait: false}\n",
  "apps/shop/kustomization.yaml": "kind: Kustomization\nnamespace: shop\nresources:\n  - ./web/ks.yaml\n",
  [KS]: "kind: Kustomization\nmetadata: {name: web}\nspec: {interval: 30m}\n",
  "apps/shop/web/app/kustomization.yaml": "kind: Kustomization\n",
};

const flux = (id: string, path: string, file: string, parent: string | null): FluxKustomization => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    namespace,
    name,
    path,
    targetNamespace: parent === null ? null : "shop",
    suspended: false,
    dependsOn: [],
    parent,
    source: { kind: "GitRepository", namespace: "flux-system", name: "home" },
    origin: { file, line: 1, column: 1 },
    objects: [],
  };
};

const allow = (name: string, owner: string, spec: Record<string, unknown> = {}): AppliedPolicy => ({
  object: { kind: "CiliumNetworkPolicy", metadata: { name, namespace: "shop" }, spec },
  origin: null,
  ref: { kind: "CiliumNetworkPolicy", namespace: "shop", name },
  owner,
});

const field = (more: Partial<Inventory> = {}): Inventory =>
  inventory({
    namespaces: [namespaceFact("shop")],
    kustomizations: [
      flux("flux-system/apps", "./apps", "flux/apps.yaml", null),
      flux("shop/web", "./apps/shop/web/app", KS, "flux-system/apps"),
    ],
    policies: [allow("allow-dns", "flux-system/apps"), allow("web-allow", "shop/web")],
    ...more,
  });

const draft = (files: Record<string, string> = FILES, of: Inventory = field()) =>
  draftDefaultDeny({ tree: memoryTree(files), inventory: of, namespace: "shop", writer });

const KUSTOMIZATION = "apps/shop/default-deny/ks.yaml";
const specOf = (result: ReturnType<typeof draft>) =>
  (parse(result.files.find((f) => f.path === KUSTOMIZATION)?.text ?? "") as { spec: Record<string, unknown> }).spec;

describe("default-deny", () => {
  it("ships as a Flux Kustomization of its own that waits for every one that carries allows", () => {
    expect(specOf(draft())).toEqual({
      dependsOn: [
        { name: "apps", namespace: "flux-system" },
        { name: "web", namespace: "shop" },
      ],
      interval: "30m",
      path: "./apps/shop/default-deny/app",
      prune: true,
      sourceRef: { kind: "GitRepository", name: "home", namespace: "flux-system" },
      targetNamespace: "shop",
      wait: false,
    });
  });

  it("carries one component that allows nothing and denies nothing, made once", () => {
    const { files } = draft();
    expect(files.map((f) => f.path)).toEqual([
      "apps/shop/default-deny/app/kustomization.yaml",
      KUSTOMIZATION,
      "apps/shop/kustomization.yaml",
      "components/network-policy/default-deny/default-deny.yaml",
      "components/network-policy/default-deny/kustomization.yaml",
    ]);
    const policy = parse(files[3]?.text ?? "") as { spec: unknown };
    expect(policy.spec).toEqual({ endpointSelector: {}, ingress: [{}], egress: [{}] });
    const again = draft({ ...FILES, ...Object.fromEntries(files.slice(3).map((f) => [f.path, f.text ?? ""])) });
    expect(again.files.map((f) => f.path)).toEqual(files.slice(0, 3).map((f) => f.path));
  });

  it("leaves a folder of that name to the app that lives in it", () => {
    const { files } = draft({ ...FILES, "apps/shop/default-deny/app.yaml": "kind: Deployment\n" });
    expect(files.map((f) => f.path)).toContain("apps/shop/default-deny-2/ks.yaml");
    expect(files.find((f) => f.path === "apps/shop/kustomization.yaml")?.text).toContain("./default-deny-2/ks.yaml");
  });

  it("does not wait for a parent that waits for its children", () => {
    const files = { ...FILES, "flux/apps.yaml": "kind: Kustomization\nmetadata: {name: apps}\nspec: {wait: true}\n" };
    const result = draft(files);
    expect(specOf(result)["dependsOn"]).toEqual([{ name: "web", namespace: "shop" }]);
    expect(result.notes.some((n) => n.includes("deadlock"))).toBe(true);
  });

  it("cannot come before the allows", () => {
    expect(() => draft(FILES, field({ policies: [] }))).toThrow(/no allows yet/);
  });

  it("is nothing to do for a namespace that has one, and never waits for itself", () => {
    const lock = allow("default-deny", "shop/shop-default-deny", {
      endpointSelector: {},
      ingressDeny: [{}],
      egressDeny: [{}],
    });
    expect(draft(FILES, field({ policies: [...field().policies, lock] })).files).toEqual([]);
  });

  it("needs Flux, and says so", () => {
    expect(() => draft(FILES, field({ kustomizations: [] }))).toThrow(/no Flux Kustomization/);
  });
});
