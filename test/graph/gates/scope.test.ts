import { describe, expect, it } from "vitest";
import { defaultCampaign } from "../../../src/facts/campaign.ts";
import { known, unknown } from "../../../src/facts/known.ts";
import { scope } from "../../../src/graph/gates/scope.ts";
import { baseline, facts, inventory, liveFrom, policy } from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const before = inventory({
  namespaces: ["collab"],
  objects: { "flux-system/apps": policy("collab", "old", "endpointSelector: {}\negress: []\ningress: [{}]") },
});
const after = inventory({ namespaces: ["collab"], objects: { "flux-system/apps": baseline("collab") } });
const asked = (namespace: string, more = {}) => facts("propose-allows", namespace, before, after, more);

describe("scope", () => {
  it.each(["flux-system", "kube-system"])("never lets %s be locked, whatever is configured", (namespace) => {
    stopped(scope, asked(namespace, { campaign: { ...defaultCampaign, outOfScope: [] } }), 1);
  });

  it("stops a clusterwide policy that would lock kube-system on the way", () => {
    const ccnp = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: all }
spec: { endpointSelector: {}, ingress: [{}] }`;
    const locked = inventory({ namespaces: ["collab"], objects: { "flux-system/apps": ccnp } });
    stopped(scope, facts("propose-default-deny", "collab", before, locked, { live: known(liveFrom(before)) }), 1);
  });

  it("keeps what the configuration leaves out, left out", () => {
    stopped(scope, asked("collab", { campaign: { ...defaultCampaign, outOfScope: ["collab"] } }), 1);
    const carveOuts = [{ namespace: "collab", reason: "a tunnel with DHCP" }];
    const refusal = stopped(scope, asked("collab", { campaign: { ...defaultCampaign, carveOuts } }), 21);
    expect(refusal.reason).toContain("a tunnel with DHCP");
  });

  it("names a namespace that does not exist", () => {
    stopped(scope, asked("colab"), 22);
  });

  it("refuses what Git has suspended: the Kustomization, its ancestor or its source", () => {
    const still = (k: object, objects = {}) =>
      inventory({
        namespaces: ["collab"],
        objects: { "flux-system/apps": baseline("collab"), ...objects },
        kustomizations: [k],
      });
    const suspended = still({ id: "flux-system/apps", suspended: true });
    const ancestor = still({ id: "flux-system/cluster", suspended: true });
    const source = still(
      {},
      {
        "flux-system/cluster":
          "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: { name: home, namespace: flux-system }\nspec: { suspend: true }",
      },
    );
    for (const state of [suspended, ancestor, source])
      stopped(scope, facts("propose-allows", "collab", before, state), 22);
  });

  it("refuses what only the cluster knows to be suspended", () => {
    const live = liveFrom(after);
    const held = live.kustomizations.map((k) => ({ ...k, suspended: k.id === "flux-system/apps" }));
    const refusal = stopped(scope, asked("collab", { live: known({ ...live, kustomizations: held }) }), 22);
    expect(refusal.reason).toContain("in the cluster");
  });

  it("refuses when a configured cluster does not answer, and on the default-deny lane also when none is configured", () => {
    const dead = unknown("connection refused", "the API server");
    stopped(scope, asked("collab", { live: dead, configured: { cluster: true, evidence: true } }), 1);
    stopped(scope, facts("propose-default-deny", "collab", before, after, { live: dead }), 1);
  });

  it("lets an ordinary namespace through, and says when suspension was read from Git alone", () => {
    expect(passed(scope, asked("collab"))).toHaveLength(1);
    expect(passed(scope, asked("collab", { live: known(liveFrom(before)) }))).toEqual([]);
  });
});
