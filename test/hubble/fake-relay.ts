import { Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { Flow } from "../../src/facts/flow.ts";
import { DropReason, type Flow as WireFlow } from "../../src/hubble/proto/flow/flow.ts";
import {
  type GetFlowsRequest,
  GetFlowsResponse,
  ObserverService,
  type ObserverServer,
} from "../../src/hubble/proto/observer/observer.ts";

type Stream = ServerWritableStream<GetFlowsRequest, GetFlowsResponse>;

export interface FakeRelay {
  readonly address: string;
  readonly requests: GetFlowsRequest[];
  stop(): Promise<void>;
}

/** A Relay that plays a script: `serve` is called for each GetFlows, with the number of the call. */
export const fakeRelay = async (options: {
  nodes?: readonly string[] | null;
  credentials?: ServerCredentials;
  serve: (stream: Stream, call: number) => void;
}): Promise<FakeRelay> => {
  const server = new Server();
  const requests: GetFlowsRequest[] = [];
  const { nodes = ["worker-1", "worker-2"] } = options;
  const service: ObserverServer = {
    getFlows: (stream) => {
      requests.push(stream.request);
      options.serve(stream, requests.length);
    },
    getNodes: (_, answer) => {
      if (nodes === null) answer({ code: status.UNIMPLEMENTED, details: "not here" });
      else
        answer(null, {
          nodes: nodes.map((name) => ({
            name: `default/${name}`,
            version: "1.19.4",
            address: "",
            state: 1,
            tls: undefined,
            uptimeNs: 0,
            numFlows: 0,
            maxFlows: 4095,
            seenFlows: 0,
          })),
        });
    },
    getNamespaces: (_, answer) => answer(null, { namespaces: [] }),
    serverStatus: (_, answer) =>
      answer(null, {
        numFlows: 1,
        maxFlows: 4095,
        seenFlows: 1,
        uptimeNs: 1,
        numConnectedNodes: 2,
        numUnavailableNodes: 0,
        unavailableNodes: [],
        version: "1.19.4",
        flowsRate: 1,
      }),
  };
  server.addService(ObserverService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", options.credentials ?? ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { address: `127.0.0.1:${port}`, requests, stop: async () => server.forceShutdown() };
};

const VERDICTS = { FORWARDED: 1, DROPPED: 2, AUDIT: 4, REDIRECTED: 5 } as const;
const POINTS: Readonly<Record<string, number>> = { TO_ENDPOINT: 101, TO_STACK: 3, FROM_ENDPOINT: 5 };

const stamp = (time: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(time / 1_000),
  nanos: (time % 1_000) * 1_000_000,
});

/** A test's flow as the wire has it. */
export const wireFlow = (flow: Flow): GetFlowsResponse => {
  const end = (of: Flow["source"]): Partial<NonNullable<WireFlow["source"]>> => ({
    identity: of.identity,
    namespace: of.namespace ?? "",
    labels: [...of.labels],
    podName: of.pod ?? "",
    workloads: of.workload === null ? [] : [of.workload],
  });
  const header = { sourcePort: flow.sourcePort, destinationPort: flow.destinationPort };
  return GetFlowsResponse.fromPartial({
    flow: {
      time: stamp(flow.time),
      uuid: flow.uuid ?? "",
      verdict: VERDICTS[flow.verdict as keyof typeof VERDICTS],
      IP: { source: flow.source.ip ?? "", destination: flow.destination.ip ?? "" },
      l4: flow.protocol === "UDP" ? { UDP: header } : { TCP: { ...header, flags: { SYN: flow.tcpSyn } } },
      source: end(flow.source),
      destination: end(flow.destination),
      destinationNames: [...flow.destination.names],
      Type: 1,
      nodeName: `default/${flow.node}`,
      eventType: { type: flow.eventType, subType: flow.eventSubType },
      trafficDirection: flow.direction === "ingress" ? 1 : flow.direction === "egress" ? 2 : 0,
      traceObservationPoint: (flow.observationPoint === null ? 0 : POINTS[flow.observationPoint]) as 0,
      dropReasonDesc: flow.dropReason === null ? 0 : (DropReason[flow.dropReason as "POLICY_DENIED"] ?? 0),
      isReply: flow.isReply ?? undefined,
      egressAllowedBy: flow.egressAllowedBy.map((p) => ({ kind: p.kind, name: p.name, namespace: p.namespace ?? "" })),
    },
    nodeName: `default/${flow.node}`,
    time: stamp(flow.time),
  });
};

export const wireStatus = (state: number, nodes: readonly string[], time: number, message = ""): GetFlowsResponse =>
  GetFlowsResponse.fromPartial({
    nodeStatus: { stateChange: state as 1, nodeNames: nodes.map((n) => `default/${n}`), message },
    time: stamp(time),
  });

export const wireLost = (count: number, node: string, time: number): GetFlowsResponse =>
  GetFlowsResponse.fromPartial({
    lostEvents: { source: 3, numEventsLost: count },
    nodeName: `default/${node}`,
    time: stamp(time),
  });
