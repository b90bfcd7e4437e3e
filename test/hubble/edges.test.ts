import { describe, expect, it } from "vitest";
import { delivered, deployed, dropped, flow, type pod, reserved, T0, verdict } from "./flows.ts";
import { edgesFrom, hoursOf, lines } from "./reduce.ts";

const web = deployed("shop", "web");
const api = deployed("shop", "api");
/** The same pods as the other node sees them: no workload. */
const far = (end: ReturnType<typeof pod>): ReturnType<typeof pod> => ({ ...end, workload: null });

describe("an edge", () => {
  it("is one edge when both nodes report it, and says so", async () => {
    const edges = await edgesFrom([flow(web, far(api), 8080), delivered(far(web), api, 8080)]);
    expect(lines(edges)).toEqual(["shop/Deployment/web -> shop/Deployment/api TCP/8080"]);
    expect(edges[0]).toMatchObject({ flows: 2, seenAt: ["ingress", "egress"], nodes: ["worker-1", "worker-2"] });
  });

  it("is never made by a reply", async () => {
    const reply = delivered(api, web, 41_822, { sourcePort: 8080, isReply: true });
    expect(await edgesFrom([reply])).toEqual([]);
  });

  it("is never made by a socket or before translation", async () => {
    const service = reserved("world", "10.43.0.10");
    const socket = flow(web, service, 80, {
      type: "SOCK",
      eventType: 7,
      verdict: "TRANSLATED",
      observationPoint: null,
    });
    const from = flow(web, service, 80, { eventSubType: 5, observationPoint: "FROM_ENDPOINT" });
    expect(lines(await edgesFrom([socket, from, flow(web, api, 8080)]))).toEqual([
      "shop/Deployment/web -> shop/Deployment/api TCP/8080",
    ]);
    expect(hoursOf([socket, from])[0]?.watch.leftOut).toEqual({ "before-translation": 1, socket: 1 });
  });

  it("is not made by a late answer on a client's port whose question is known", async () => {
    const question = flow(web, api, 53, { protocol: "UDP", tcpSyn: false });
    const late = flow(api, web, 41_822, { protocol: "UDP", sourcePort: 53, tcpSyn: false });
    expect(lines(await edgesFrom([late, question]))).toEqual(["shop/Deployment/web -> shop/Deployment/api UDP/53"]);
  });

  it("is not made by answers that scatter over a client's ports, even when nobody saw the questions", async () => {
    const late = Array.from({ length: 9 }, (_, i) =>
      flow(api, web, 40_000 + i, { protocol: "UDP", sourcePort: 53, tcpSyn: false, isReply: null }),
    );
    expect(await edgesFrom(late)).toEqual([]);
  });

  it("is made towards a high port that is really listened on", async () => {
    const wire = { protocol: "UDP", sourcePort: 500, tcpSyn: false } as const;
    const edges = await edgesFrom([flow(web, api, 51_820, wire), flow(web, api, 51_820, { ...wire, sourcePort: 501 })]);
    expect(lines(edges)).toEqual(["shop/Deployment/web -> shop/Deployment/api UDP/51820"]);
    expect(edges[0]?.flows).toBe(2);
  });

  it("is not made by a pod that reaches itself", async () => {
    expect(await edgesFrom([flow(web, web, 8080)])).toEqual([]);
  });

  it("needs a pod at one end: what nodes send the world is not governed", async () => {
    const host = reserved("host", "192.168.1.2");
    expect(
      await edgesFrom([flow(host, reserved("world", "1.1.1.1"), 443, { observationPoint: "TO_NETWORK" })]),
    ).toEqual([]);
  });
});

describe("a drop", () => {
  it("told as a verdict and as a drop is one drop", async () => {
    const told = dropped(web, api, 8080, { eventType: 5, eventSubType: 0 });
    const edges = await edgesFrom([told, dropped(web, api, 8080)]);
    expect(edges[0]?.drops).toEqual([
      { class: "policy", reason: "POLICY_DENIED", direction: "egress", flows: 1, lastSeen: T0 },
    ]);
    expect(edges[0]).toMatchObject({ flows: 0, verdicts: { DROPPED: 1 } });
  });

  it("is start-up while the endpoint has no identity yet, and never noise", async () => {
    const early = { ...web, labels: ["reserved:init"] };
    const edges = await edgesFrom([dropped(early, api, 8080)]);
    expect(edges[0]?.drops[0]?.class).toBe("start-up");
  });

  it("of an unknown reason is the datapath's, of multicast housekeeping noise", async () => {
    const group = reserved("world", "224.0.0.22");
    const edges = await edgesFrom([
      dropped(web, api, 1, { dropReason: "REASON_250" }),
      dropped(web, group, 2, { dropReason: "CT_UNKNOWN_L4_PROTOCOL", protocol: "IGMP" }),
    ]);
    expect(edges.map((e) => e.drops[0]?.class ?? "").sort()).toEqual(["datapath", "noise"]);
  });
});

describe("Cilium's own word", () => {
  const allow = { kind: "CiliumNetworkPolicy", namespace: "shop", name: "allow-web" } as const;

  it("names the policy that let a connection through", async () => {
    const [edge] = await edgesFrom([verdict(web, api, 8080, { egressAllowedBy: [allow] })]);
    expect(edge?.word.egress.named).toEqual([{ policy: allow, flows: 1, lastSeen: T0 }]);
    expect(edge?.word.ingress.named).toEqual([]);
  });

  it("of no policy counts only where that node names policies in that hour", async () => {
    const silent = verdict(web, api, 9090);
    expect((await edgesFrom([silent]))[0]?.word.egress.unnamed.flows).toBe(0);
    const heard = await edgesFrom([silent, verdict(web, api, 8080, { egressAllowedBy: [allow] })]);
    expect(heard.find((e) => e.port === 9090)?.word.egress.unnamed).toEqual({ flows: 1, lastSeen: T0 });
    const elsewhere = verdict(web, api, 8080, { egressAllowedBy: [allow], node: "worker-7" });
    const other = await edgesFrom([silent, elsewhere]);
    expect(other.find((e) => e.port === 9090)?.word.egress.unnamed.flows).toBe(0);
  });
});

describe("the other end", () => {
  it("is a name where Cilium knew it, an address inside, and the world as a whole", async () => {
    const named = reserved("world", "172.65.32.248", { names: ["api.example.com"] });
    const edges = await edgesFrom([
      flow(web, named, 443),
      flow(web, reserved("world", "192.168.1.9"), 445),
      flow(web, reserved("world", "8.8.8.8"), 443),
      flow(web, reserved("world", "1.1.1.1"), 443),
    ]);
    expect(lines(edges).sort()).toEqual([
      "shop/Deployment/web -> cidr:192.168.1.9/32 TCP/445",
      "shop/Deployment/web -> fqdn:api.example.com TCP/443",
      "shop/Deployment/web -> reserved:world TCP/443",
    ]);
    expect(edges.find((e) => e.destination.id === "reserved:world")?.destination.ips).toEqual(["1.1.1.1", "8.8.8.8"]);
  });

  it("is kube-apiserver wherever the node's identity says so too", async () => {
    const labels = ["reserved:kube-apiserver", "reserved:remote-node"];
    const [edge] = await edgesFrom([flow(web, reserved("remote-node", "192.168.1.2", { labels }), 6443)]);
    expect(edge?.destination).toMatchObject({ id: "reserved:kube-apiserver", labels });
  });
});
