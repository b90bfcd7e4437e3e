import { describe, expect, it } from "vitest";
import type { Flow } from "../../src/facts/flow.ts";
import { eventFromJson } from "../../src/hubble/decode-json.ts";
import { eventFromProto } from "../../src/hubble/decode-proto.ts";
import { GetFlowsResponse } from "../../src/hubble/proto/observer/observer.ts";
import { wireFlow, wireLost, wireStatus } from "./fake-relay.ts";
import { delivered, deployed, dropped, flow, reserved, T0, verdict } from "./flows.ts";

const web = deployed("shop", "web");
const named = reserved("world", "172.65.32.248", {
  names: ["acme.example.com"],
  labels: ["fqdn:acme.example.com", "reserved:world"],
});

/** As Hubble's marshaller prints it: original names, zero values left out, enums by name, 64 bits as strings. */
const policyVerdict = {
  flow: {
    time: "2026-05-17T09:30:01.123456789Z",
    uuid: "5f1c1e0a-7a53-4f0e-9c2f-0d4f3b8f0b11",
    verdict: "FORWARDED",
    IP: { source: "10.42.3.17", destination: "172.65.32.248", ipVersion: "IPv4" },
    l4: { TCP: { source_port: 41_822, destination_port: 443, flags: { SYN: true } } },
    source: {
      ID: 1042,
      identity: 41_207,
      cluster_name: "default",
      namespace: "cert-manager",
      labels: ["k8s:io.kubernetes.pod.namespace=cert-manager", "k8s:app=cert-manager"],
      pod_name: "cert-manager-6d9f5c7c9-x2x7k",
      workloads: [{ name: "cert-manager", kind: "Deployment" }],
    },
    destination: { identity: 16_777_231, labels: ["fqdn:acme.example.com", "reserved:world"] },
    Type: "L3_L4",
    node_name: "default/worker-2",
    destination_names: ["ACME.example.com."],
    event_type: { type: 5 },
    traffic_direction: "EGRESS",
    policy_match_type: 2,
    is_reply: false,
    egress_allowed_by: [
      { name: "allow-acme", namespace: "cert-manager", revision: "57", kind: "CiliumNetworkPolicy" },
      { labels: ["reserved:io.cilium.policy.derived-from=allow-any-egress"] },
    ],
  },
  node_name: "default/worker-2",
  time: "2026-05-17T09:30:01.123456789Z",
};

const flowOf = (value: unknown): Flow => {
  const decoded = eventFromJson(value);
  if (decoded.kind !== "event" || decoded.event.kind !== "flow") throw new Error(JSON.stringify(decoded));
  return decoded.event.flow;
};

describe("a line of JSON", () => {
  it("becomes a flow: labels sorted, names plain, node without its cluster", () => {
    const read = flowOf(policyVerdict);
    expect(read).toMatchObject({
      time: Date.UTC(2026, 4, 17, 9, 30, 1, 123),
      node: "worker-2",
      isReply: false,
      eventType: 5,
      protocol: "TCP",
      destinationPort: 443,
      tcpSyn: true,
    });
    expect(read.source).toMatchObject({ workload: { kind: "Deployment", name: "cert-manager" }, ip: "10.42.3.17" });
    expect(read.source.labels[0]).toBe("k8s:app=cert-manager");
    expect(read.destination.names).toEqual(["acme.example.com"]);
  });

  it("never takes a rule that Cilium made up itself for a policy", () => {
    expect(flowOf(policyVerdict).egressAllowedBy).toEqual([
      { kind: "CiliumNetworkPolicy", namespace: "cert-manager", name: "allow-acme" },
    ]);
  });

  it("means the same bare, with numbers for enums, and with unknown keys", () => {
    const { flow: inner } = policyVerdict;
    expect(flowOf(inner)).toEqual(flowOf(policyVerdict));
    const numbered = { ...inner, verdict: 1, Type: 1, traffic_direction: 2, tomorrow: [{}] };
    expect(flowOf({ ...policyVerdict, flow: numbered })).toEqual(flowOf(policyVerdict));
  });

  it("leaves a reply unknown where nothing is said", () => {
    const { is_reply: _, ...unsaid } = policyVerdict.flow;
    expect(flowOf({ flow: unsaid }).isReply).toBeNull();
    expect(flowOf({ flow: { ...unsaid, reply: true } }).isReply).toBe(true);
  });

  it.each([
    ["not an object", 7],
    ["a list", []],
    ["an empty object", {}],
    ["a flow without a time", { flow: { verdict: "FORWARDED" } }],
    ["lost events without a time", { lost_events: { num_events_lost: "3" } }],
  ])("is bad when it is %s", (_, value) => {
    expect(eventFromJson(value).kind).toBe("bad");
  });

  it.each([
    ["strings for numbers", { l4: { TCP: { destination_port: "80" } }, source: "x", IP: 3, labels: 9 }],
    ["numbers for strings", { node_name: 5, source: { namespace: 1, labels: [1, "k8s:a=b"], workloads: "none" } }],
    ["negative and huge ports", { l4: { TCP: { destination_port: -1, source_port: Number.POSITIVE_INFINITY } } }],
  ])("with %s is read as far as it makes sense", (_, odd) => {
    expect(() => flowOf({ flow: { time: policyVerdict.time, ...odd } })).not.toThrow();
  });
});

describe("the wire", () => {
  it.each([
    ["a trace", flow(web, deployed("shop", "api"), 8080)],
    ["a delivery", delivered(reserved("host", "192.168.1.2"), web, 8080)],
    ["a drop", dropped(web, named, 443)],
    [
      "a verdict",
      verdict(web, named, 443, { egressAllowedBy: [{ kind: "CiliumNetworkPolicy", namespace: "shop", name: "x" }] }),
    ],
  ])("carries %s unchanged", (_, sent) => {
    const bytes = GetFlowsResponse.encode(wireFlow(sent)).finish();
    expect(eventFromProto(GetFlowsResponse.decode(bytes))).toEqual({ kind: "flow", flow: sent });
  });

  it("carries losses and what Relay says of nodes", () => {
    expect(eventFromProto(wireLost(312, "worker-1", T0))).toEqual({
      kind: "lost",
      lost: { time: T0, from: T0, node: "worker-1", source: "HUBBLE_RING_BUFFER", count: 312 },
    });
    expect(eventFromProto(wireStatus(2, ["worker-9"], T0, "refused"))).toEqual({
      kind: "node-status",
      status: { time: T0, state: "NODE_UNAVAILABLE", nodes: ["worker-9"], message: "refused" },
    });
  });

  it("tells JSON of losses and node status the same", () => {
    const at = new Date(T0).toISOString();
    const lost = {
      lost_events: { source: "HUBBLE_RING_BUFFER", num_events_lost: "312" },
      node_name: "default/worker-1",
      time: at,
    };
    expect(eventFromJson(lost)).toEqual({ kind: "event", event: eventFromProto(wireLost(312, "worker-1", T0)) });
    const status = {
      node_status: { state_change: "NODE_UNAVAILABLE", node_names: ["worker-9"], message: "refused" },
      time: at,
    };
    expect(eventFromJson(status)).toEqual({
      kind: "event",
      event: eventFromProto(wireStatus(2, ["worker-9"], T0, "refused")),
    });
  });

  it("may carry kinds that only a newer server knows", () => {
    expect(eventFromProto(GetFlowsResponse.fromPartial({}))).toBeNull();
  });
});
