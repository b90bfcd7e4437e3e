import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventFromJson } from "../../src/hubble/decode-json.ts";
import { eventFromProto } from "../../src/hubble/decode-proto.ts";
import { GetFlowsResponse } from "../../src/hubble/proto/observer/observer.ts";
import { recordOf } from "../../src/hubble/record.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { wireScanner } from "../../src/hubble/scan-wire.ts";
import { flowLines } from "../bench/hubble-flows.ts";
import { wireFlow, wireLost } from "./fake-relay.ts";
import { T0 } from "./flows.ts";

const word = fc.constantFrom("", "shop", "kube-system", "ünï", "a\u0000b");
const who = fc.record(
  {
    ID: fc.nat(4_000),
    identity: fc.nat(70_000),
    namespace: word,
    labels: fc.array(
      fc.constantFrom("k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop", "reserved:world", "cidr:10.0.0.1/32"),
      {
        maxLength: 3,
      },
    ),
    podName: fc.constantFrom("", "web-6d9f5c7c9-x2x7k", "db-0"),
    workloads: fc.constantFrom([], [{ name: "web", kind: "Deployment" }]),
  },
  { requiredKeys: [] },
);
const port = fc.constantFrom(0, 53, 8080, 40_000, 65_535, 70_000);
const ports = fc.record({ sourcePort: port, destinationPort: port });
const flags = fc.record({ SYN: fc.boolean(), ACK: fc.boolean(), FIN: fc.boolean() });
const l4 = fc.oneof(
  ports.chain((p) => flags.map((f) => ({ TCP: { ...p, flags: f } }))),
  ports.map((UDP) => ({ UDP })),
  ports.map((SCTP) => ({ SCTP })),
  fc.record({ ICMPv4: fc.record({ type: fc.nat(15), code: fc.nat(3) }) }),
  fc.constant({ VRRP: { type: 1, vrid: 2, priority: 3 } }),
  fc.constant({}),
);
const policy = fc.record({
  name: fc.constantFrom("", "allow"),
  namespace: word,
  kind: fc.constant("CiliumNetworkPolicy"),
});
const names = fc.array(fc.constantFrom("A.example.com.", "b.example.com"), { maxLength: 2 });
const ip = fc.constantFrom("", "10.0.0.1", "8.8.8.8", "2001:db8::1");

const flow = fc.record(
  {
    time: fc.record({ seconds: fc.integer({ min: T0 / 1_000, max: T0 / 1_000 + 4_000 }), nanos: fc.nat(999_999_999) }),
    uuid: fc.constantFrom("", "5f1c1e0a-7a53-4f0e-9c2f-0d4f3b8f0b11"),
    verdict: fc.nat(9),
    dropReason: fc.constantFrom(0, 133, 999),
    IP: fc.record({ source: ip, destination: ip, encrypted: fc.boolean() }),
    l4,
    source: who,
    destination: who,
    Type: fc.nat(4),
    nodeName: fc.constantFrom("", "default/worker-1", "worker-2"),
    sourceNames: names,
    destinationNames: names,
    l7: fc.constantFrom(
      { type: 1, dns: { query: "a.b.", qtypes: ["A"] } },
      { type: 2, dns: { query: "a.b.", ips: ["8.8.8.8"] } },
      { type: 1, http: { method: "GET", url: "http://x/y" } },
    ),
    reply: fc.boolean(),
    eventType: fc.record({ type: fc.constantFrom(0, 1, 4, 5, 129), subType: fc.constantFrom(0, 3, 5, 12) }),
    trafficDirection: fc.nat(2),
    traceObservationPoint: fc.constantFrom(0, 3, 5, 101),
    dropReasonDesc: fc.constantFrom(0, 133, 181, 250),
    isReply: fc.boolean(),
    egressAllowedBy: fc.array(policy, { maxLength: 2 }),
    ingressAllowedBy: fc.array(policy, { maxLength: 1 }),
  },
  { requiredKeys: [] },
);

const encoded = (value: unknown): Buffer =>
  Buffer.from(
    GetFlowsResponse.encode(
      GetFlowsResponse.fromPartial({
        flow: value as Parameters<typeof GetFlowsResponse.fromPartial>[0]["flow"],
        nodeName: "default/worker-9",
        time: { seconds: T0 / 1_000, nanos: 0 },
      }),
    ).finish(),
  );

/** What it has learned stays from one reading to the next; what it counted does not. */
const wireBench = (fast: boolean): ((messages: readonly Buffer[]) => { hours: object; scanned: number }) => {
  const all = reducer();
  const scan = wireScanner(all);
  return (messages) => {
    let scanned = 0;
    for (const bytes of messages) {
      if (fast && scan.read(bytes)) {
        scanned += 1;
        scan.count();
        continue;
      }
      const event = eventFromProto(GetFlowsResponse.decode(bytes));
      if (event?.kind === "flow") all.add(recordOf(event.flow, all.ends));
    }
    scan.settle();
    const hours = all.take(true);
    for (const { hour } of hours) all.forget(hour);
    return { hours, scanned };
  };
};

describe("the wire scanner", () => {
  it("says what the generated code says, of every message", () => {
    const [fast, full] = [wireBench(true), wireBench(false)];
    fc.assert(
      fc.property(fc.array(flow, { minLength: 1, maxLength: 5 }), (flows) => {
        const messages = flows.map(encoded);
        expect(fast(messages).hours).toEqual(full(messages).hours);
      }),
      { numRuns: 1_000 },
    );
  });

  it("reads what Relay sends without it, and tells one flow from another", () => {
    const messages = [...flowLines({ flows: 3_000, seed: 9 })].flatMap((line) => {
      const decoded = eventFromJson(JSON.parse(line));
      if (decoded.kind !== "event" || decoded.event.kind !== "flow") return [];
      return [Buffer.from(GetFlowsResponse.encode(wireFlow(decoded.event.flow)).finish())];
    });
    const fast = wireBench(true)(messages);
    expect(fast.scanned).toBe(3_000);
    expect(fast.hours).toEqual(wireBench(false)(messages).hours);
    const scan = wireScanner(reducer());
    const prints = messages.map((m) => (scan.read(m) ? scan.print : 0));
    expect(new Set(prints).size).toBe(3_000);
    expect(messages.map((m) => scan.printOf(m))).toEqual(prints);
  });

  it("leaves losses and what is cut to the generated code", () => {
    const scan = wireScanner(reducer());
    expect(scan.read(Buffer.from(GetFlowsResponse.encode(wireLost(3, "worker-1", T0)).finish()))).toBe(false);
    const whole = encoded({ time: { seconds: 1 }, nodeName: "n", source: { labels: ["k8s:a=b"] } });
    for (let length = 1; length < whole.length - 30; length++) expect(scan.read(whole.subarray(0, length))).toBe(false);
  });

  it("reads bytes of any kind without harm", () => {
    const scan = wireScanner(reducer());
    fc.assert(
      fc.property(flow, fc.nat(400), fc.nat(255), (value, at, byte) => {
        const bytes = encoded(value);
        bytes[at % bytes.length] = byte;
        scan.read(bytes);
        scan.printOf(bytes);
        return true;
      }),
    );
  });
});
