import { describe, expect, it } from "vitest";
import { defaultCampaign } from "../../src/facts/campaign.ts";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import type { DeclaredEdge } from "../../src/facts/inventory.ts";
import { phasesOf, setAside } from "../../src/rollout/campaign.ts";
import { inventory, workload } from "../graph/gates/cluster.ts";

const runs = (id: string, image: string) => {
  const w = workload(id);
  return { ...w, containers: [{ name: "a", image, ports: [], probePorts: [] }] };
};
const issuer = (namespace: string): DeclaredEdge => ({
  source: { namespace, workload: "web", kind: "Deployment" },
  target: { kind: "host", host: "login.example" },
  port: 443,
  protocol: "TCP",
  why: "issuer",
  key: "K",
  sure: "certain",
  origin: { file: "f", line: 1, column: 1 },
});
const home = inventory({
  namespaces: ["network", "observability", "sso", "pg", "collab", "idle", "longhorn-system"],
  workloads: [
    runs("network/Deployment/tunnel", "docker.io/cloudflare/cloudflared:1"),
    runs("observability/StatefulSet/p", "quay.io/prometheus/prometheus:v3"),
    runs("sso/Deployment/anything", "registry.example/own-idp:1"),
    runs("pg/StatefulSet/x", "ghcr.io/cloudnative-pg/postgresql:17"),
    workload("collab/Deployment/web"),
    workload("idle/Deployment/webhook"),
    runs("longhorn-system/DaemonSet/m", "longhornio/longhorn-manager:1"),
  ],
  more: {
    declared: [issuer("collab")],
    routes: [
      {
        kind: "HTTPRoute",
        namespace: "sso",
        name: "r",
        hostnames: ["login.example"],
        gateways: [],
        backends: [{ namespace: "sso", service: "x", port: 80 }],
        sure: "certain",
        origin: null,
      },
    ],
  },
});
const order = (campaign = defaultCampaign) => phasesOf(home, campaign).flatMap((p) => p.namespaces);

describe("the campaign's order", () => {
  it("starts small and idle, comes to state and identity later, and to gateway and monitoring last", () => {
    expect(order()).toEqual(["idle", "collab", "sso", "pg", "longhorn-system", "network", "observability"]);
  });

  it("gives databases and storage three days, logins two, and nobody less than one", () => {
    const soak = Object.fromEntries(phasesOf(home, defaultCampaign).map((p) => [p.name, p.soak / HOUR]));
    expect(soak).toMatchObject({ small: 24, apps: 24, identity: 48, databases: 72, storage: 72 });
    const hurried = { ...defaultCampaign, phases: [{ name: "now", namespaces: ["collab"], soakHours: 1 }] };
    expect(phasesOf(home, hurried)[0]).toEqual({ name: "now", namespaces: ["collab"], soak: DAY });
  });

  it("follows the configuration first, and forgets nobody whom it does not name", () => {
    const campaign = { ...defaultCampaign, phases: [{ name: "first", namespaces: ["pg", "gone"], soakHours: null }] };
    expect(order(campaign).slice(0, 2)).toEqual(["pg", "idle"]);
    expect(new Set(order(campaign))).toEqual(new Set(order()));
  });

  it("never counts the rollback mechanism, what is out of scope and what is carved out", () => {
    const campaign = { ...defaultCampaign, outOfScope: ["idle"], carveOuts: [{ namespace: "pg", reason: "r" }] };
    expect(order(campaign)).not.toContain("idle");
    expect(setAside(home, campaign)).toEqual(
      new Map([
        ["pg", "carved-out"],
        ["idle", "out-of-scope"],
        ["flux-system", "out-of-scope"],
        ["kube-system", "out-of-scope"],
      ]),
    );
  });
});
