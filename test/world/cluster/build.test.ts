import { expect, it } from "vitest";
import { buildFolders } from "../../../src/world/cluster/build.ts";
import { commit, withWorld } from "../world.ts";

const WIKI = "kubernetes/apps/collab/wiki/app";
const wiki = { id: "collab/wiki", path: WIKI, targetNamespace: "collab" };

it("merges a strategic patch into lists by their keys, though most commits are built without a schema", async () => {
  await withWorld(async (world) => {
    const merged = await commit(world, {
      [`${WIKI}/more.yaml`]:
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: wiki}\nspec: {template: {spec: {containers: [{name: side, image: registry.example/side}]}}}\n",
      [`${WIKI}/kustomization.yaml`]: "resources: [./deployment.yaml]\npatches: [{path: more.yaml}]\n",
    });
    const built = (await buildFolders(world.remote, merged, [wiki], [])).get(wiki);
    const containers = built?.ok === true ? JSON.stringify(built.objects).match(/"image":"[^"]+"/g) : built?.message;
    expect(containers).toHaveLength(2);
  });
});
