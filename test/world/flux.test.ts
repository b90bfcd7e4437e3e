import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import { describe, expect, it } from "vitest";
import type { World } from "../../src/world/world.ts";
import { commit, withWorld } from "./world.ts";

const cnp = (name: string, spec: string): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: ${name}\nspec:\n${spec.replaceAll(/^/gm, "  ")}\n`;

const WIKI = "kubernetes/apps/collab/wiki/app";
const withPolicy = (policy: string): Record<string, string> => ({
  [`${WIKI}/networkpolicy.yaml`]: policy,
  [`${WIKI}/kustomization.yaml`]:
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - ./deployment.yaml\n  - ./service.yaml\n  - ./httproute.yaml\n  - ./networkpolicy.yaml\n",
});

const turn = (world: World, by: number): Promise<void> => world.play(world.clock.now() + by);

const said = async (world: World, id: string) => (await world.status()).kustomizations.find((k) => k.id === id);

describe("between Git and the cluster", () => {
  it("applies a merge only after the source has fetched it", async () => {
    await withWorld(async (world) => {
      const merged = await commit(
        world,
        withPolicy(
          cnp("quiet", "endpointSelector: {}\nenableDefaultDeny: {ingress: false, egress: false}\ningress:\n  - {}"),
        ),
      );
      expect((await world.status()).fetched).not.toBe(merged);
      await turn(world, 6 * MINUTE);
      expect((await world.status()).fetched).toBe(merged);
      expect((await said(world, "collab/wiki"))?.applied).toBe(merged);
    });
  });

  it("fails the whole Kustomization for one object that the schema refuses, and no other", async () => {
    await withWorld(async (world) => {
      const before = (await said(world, "collab/wiki"))?.applied;
      const bad = cnp("bad", "endpointSelector: {}\ningress:\n  - {}\negress: null");
      const merged = await commit(world, {
        ...withPolicy(bad),
        [`${WIKI}/service.yaml`]: null,
        [`${WIKI}/kustomization.yaml`]: "resources: [./deployment.yaml, ./httproute.yaml, ./networkpolicy.yaml]\n",
      });
      await turn(world, 6 * MINUTE);
      const wiki = await said(world, "collab/wiki");
      expect(wiki?.ready).toBe(false);
      expect(wiki?.message).toMatch(/CiliumNetworkPolicy\/collab\/bad.*spec\.egress in body must be of type array/);
      expect(wiki?.applied).toBe(before);
      expect((await said(world, "collab/board"))?.applied).toBe(merged);
    });
  });

  it("does not build what kustomize does not build, and says whose it is", async () => {
    await withWorld(async (world) => {
      const merged = await commit(world, { [`${WIKI}/kustomization.yaml`]: "resources: [./nowhere.yaml]\n" });
      await turn(world, 6 * MINUTE);
      expect(await said(world, "collab/wiki")).toMatchObject({ ready: false });
      expect((await said(world, "collab/wiki"))?.message).toMatch(/kustomize build failed/);
      expect((await said(world, "selfhosted/webhook"))?.applied).toBe(merged);
    });
  });

  it("makes dependents wait for a dependency that failed or is suspended", async () => {
    await withWorld(async (world) => {
      await world.do("suspend Kustomization/databases/pg-main");
      const merged = await commit(world, { "README.md": "changed\n" });
      await turn(world, 6 * MINUTE);
      expect(await said(world, "databases/pg-main")).toMatchObject({ suspended: true });
      expect((await said(world, "home/stock"))?.message).toMatch(/dependency 'databases\/pg-main' is not ready/);
      expect((await said(world, "home/stock"))?.applied).not.toBe(merged);
      expect((await said(world, "collab/wiki"))?.applied).toBe(merged);
      await world.do("resume Kustomization/databases/pg-main");
      await turn(world, MINUTE);
      expect((await said(world, "home/stock"))?.applied).toBe(merged);
    });
  });

  it("fetches nothing while the source is suspended", async () => {
    await withWorld(async (world) => {
      await world.do("suspend GitRepository/flux-system/flux-system");
      const merged = await commit(world, { "README.md": "changed\n" });
      await turn(world, 2 * HOUR);
      expect((await world.status()).fetched).not.toBe(merged);
      await world.do("resume GitRepository/flux-system/flux-system");
      await turn(world, MINUTE);
      expect((await world.status()).fetched).toBe(merged);
    });
  });

  it("never applied what was suspended from the start", async () => {
    await withWorld(async (world) => {
      expect(await said(world, "flux-system/cluster-games")).toMatchObject({ suspended: true, applied: null });
      expect((await world.status()).kustomizations.some((k) => k.id === "games/quiz")).toBe(false);
    });
  });

  it("prunes what left the repository, with all that it had applied", async () => {
    await withWorld(async (world) => {
      const pods = (await world.status()).pods;
      await commit(world, {
        "kubernetes/apps/selfhosted/kustomization.yaml": "namespace: selfhosted\nresources: [./namespace.yaml]\n",
      });
      await turn(world, 6 * MINUTE);
      expect(await said(world, "selfhosted/webhook")).toBeUndefined();
      expect((await world.status()).pods).toBe(pods - 1);
    });
  });
});
