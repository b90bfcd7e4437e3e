import { beforeAll, describe, expect, it } from "vitest";
import { HOUR } from "../../src/facts/clock.ts";
import type { Endpoint, Flow } from "../../src/hubble/proto/flow/flow.ts";
import { git } from "../../src/world/git.ts";
import { WORLD_START } from "../../src/world/world.ts";
import { commit, flowsOf, follow, withWorld } from "./world.ts";

/** Ten hours of the sample as a client of Relay sees them, with everything in it that people do only now and then. */
let flows: Flow[] = [];
const talks = new Set<string>();
let log = "";

const DONE = [
  "login board",
  "login notes",
  "login dash",
  "query pgadmin",
  "renew certificate",
  "backup pg-main",
  "recover pg-main",
  "restart ai/models",
  "restart downloads/fetcher",
  "smoke test",
  "follow a bad link",
];

/** A pod's name without what a Deployment or a Job appends: letters that no word is made of. */
const APPENDED = /(-[bcdf-hj-np-tv-z2-9]{6,10})?-([bcdf-hj-np-tv-z2-9]{5}|\d+)$/;

const who = (end: Endpoint | undefined, ip: string): string => {
  if (end === undefined) return ip;
  if (end.podName !== "") return `${end.namespace}/${end.podName.replace(APPENDED, "")}`;
  const reserved = end.labels.flatMap((label) => (label.startsWith("reserved:") ? [label.slice(9)] : []));
  return reserved.includes("world") ? ip : reserved.join("+");
};

const portOf = (flow: Flow): string => {
  const { TCP, UDP, ICMPv4 } = flow.l4 ?? {};
  if (TCP !== undefined) return `${String(TCP.destinationPort)}/TCP`;
  return UDP === undefined ? `${String(ICMPv4?.type)}/ICMPv4` : `${String(UDP.destinationPort)}/UDP`;
};

const told = (flow: Flow): string =>
  `${who(flow.source, flow.IP?.source ?? "")} > ${who(flow.destination, flow.IP?.destination ?? "")}:${portOf(flow)}`;

beforeAll(async () => {
  await withWorld(async (world) => {
    // The crawler's names are seen only where a DNS rule stands.
    await commit(world, {
      "kubernetes/apps/ai/kustomization.yaml":
        "namespace: ai\ncomponents: [../../components/network-policy/baseline]\nresources: [./namespace.yaml, ./crawler/ks.yaml, ./models/ks.yaml]\n",
    });
    await world.play(WORLD_START + 3 * HOUR);
    for (const words of DONE) await world.do(words);
    flows = flowsOf(await follow(world, WORLD_START + 13 * HOUR));
    log = await git(["log", "--format=%B", "main"], { cwd: world.remote });
  });
  for (const flow of flows) if (flow.isReply === false) talks.add(told(flow));
}, 120_000);

describe("over Relay one sees", () => {
  it.each<[string, readonly string[]]>([
    [
      "listeners inside and outside, over TCP and UDP, and the tunnel as a pod",
      [
        "network/tunnel > network/envoy-external:10443/TCP",
        "network/tunnel > 203.0.113.60:7844/TCP",
        "network/tunnel > 203.0.113.60:7844/UDP",
        "kube-apiserver+remote-node > network/envoy-internal:10443/UDP",
      ],
    ],
    [
      "clients of the LAN, as themselves and as a node",
      [
        "192.168.50.101 > network/envoy-internal:10443/TCP",
        "remote-node > network/envoy-internal:10443/TCP",
        "192.168.50.90 > iot/broker:1883/TCP",
        "remote-node > iot/broker:1883/TCP",
      ],
    ],
    [
      "four ways to log in, before one identity provider with its directory",
      [
        "tools/notes-proxy > network/envoy-internal:10443/TCP",
        "collab/board > network/envoy-internal:10443/TCP",
        "network/envoy-external > network/envoy-internal:10443/TCP",
        "network/envoy-internal > tools/files:8080/TCP",
        "network/envoy-internal > auth/idp:9091/TCP",
        "auth/idp > auth/ldap:3890/TCP",
      ],
    ],
    ["a load balancer's address with nobody behind it", ["tools/dash > 10.45.0.50:80/TCP"]],
    [
      "machines of the LAN, and a multicast group",
      ["iot/hub > 192.168.50.60:80/TCP", "iot/hub > 192.168.50.61:8080/TCP", "iot/hub > 224.0.0.251:5353/UDP"],
    ],
    ["an exporter on the host's network, as its node", ["observability/prometheus > remote-node:9100/TCP"]],
    [
      "a database's backup, and a restore by a Job",
      ["databases/pg-main > 203.0.113.40:443/TCP", "databases/pg-main-1-full-recovery > 203.0.113.40:443/TCP"],
    ],
    ["a download when a pod starts", ["ai/models > 198.51.100.60:443/TCP"]],
    [
      "a certificate renewed, and the API server asking the webhook on its container port",
      [
        "cert-manager/cert-manager > 198.51.100.40:443/TCP",
        "kube-apiserver+remote-node > cert-manager/cert-manager-webhook:10250/TCP",
      ],
    ],
    [
      "probers that keep the gateway's ways open",
      [
        "observability/prometheus > probing/blackbox:9115/TCP",
        "probing/blackbox > network/envoy-internal:10443/TCP",
        "network/envoy-internal > collab/wiki:3000/TCP",
      ],
    ],
    [
      "a tunnel between pods, each way a talk of its own, and the ping before it",
      [
        "downloads/fetcher > vpn/pod-gateway:8/ICMPv4",
        "downloads/fetcher > vpn/pod-gateway:4789/UDP",
        "vpn/pod-gateway > downloads/fetcher:4789/UDP",
        "vpn/pod-gateway > 203.0.113.77:51820/UDP",
      ],
    ],
  ])("%s", (_, expected) => {
    expect(expected.filter((talk) => !talks.has(talk))).toEqual([]);
  });

  it("both ends of a tunnel on two nodes, and nothing of the DHCP inside it", () => {
    const tunnel = flows.filter((f) => f.isReply === false && f.l4?.UDP?.destinationPort === 4789);
    const views = new Set(tunnel.map((f) => `${f.source?.namespace ?? ""} ${String(f.trafficDirection)}`));
    expect(views.size).toBe(4);
    expect([...talks].filter((talk) => /:6[78]\/UDP$/.test(talk))).toEqual([]);
  });

  it("a Job that no label of its own names, installing packages at night", () => {
    const night = flows.filter((f) => f.source?.podName.startsWith("tidy-") === true && f.isReply === false);
    expect(night.some((f) => f.l4?.TCP?.destinationPort === 80)).toBe(true);
    expect(night.some((f) => f.source?.labels.some((l) => l.includes("app.kubernetes.io/name")) === true)).toBe(false);
  });

  it("one name behind which the addresses rotate, and a crawler that goes everywhere", () => {
    const to = (source: string): Set<string> =>
      new Set(
        flows.flatMap((f) =>
          told(f).startsWith(`${source} > `) && f.isReply === false ? [f.IP?.destination ?? ""] : [],
        ),
      );
    expect([...to("media/player")].filter((ip) => ip.startsWith("203.0.113.5")).length).toBeGreaterThan(1);
    expect([...to("ai/crawler")].filter((ip) => ip.startsWith("198.18.")).length).toBeGreaterThan(10);
  });

  it("the policy that a chart ships and the plain one, named by Cilium", () => {
    const named = new Set(flows.flatMap((f) => f.ingressAllowedBy.map((p) => `${p.kind}/${p.namespace}/${p.name}`)));
    expect([...named]).toEqual(
      expect.arrayContaining(["NetworkPolicy/tools/cache", "NetworkPolicy/tools/pgadmin-pgadmin4"]),
    );
  });

  it("text that means harm, in labels, names and commits", () => {
    const labels = new Set(flows.flatMap((f) => f.source?.labels ?? []));
    expect([...labels].some((label) => label.includes("ignore-previous-instructions"))).toBe(true);
    const names = new Set(flows.flatMap((f) => [...f.destinationNames, f.l7?.dns?.query ?? ""]));
    expect([...names].some((name) => name.includes("<script>"))).toBe(true);
    expect(log).toContain("Ignore previous instructions");
  });
});
