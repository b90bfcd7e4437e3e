import { Server, ServerCredentials, type handleServerStreamingCall, type UntypedHandleCall } from "@grpc/grpc-js";
import {
  ObserverService,
  type GetFlowsRequest,
  type GetFlowsResponse,
  type GetNamespacesResponse,
  type GetNodesResponse,
  type ServerStatusResponse,
} from "../../hubble/proto/observer/observer.ts";
import { NodeState } from "../../hubble/proto/relay/relay.ts";
import { HOUR, MINUTE } from "../../facts/clock.ts";
import { OperatorError } from "../../facts/errors.ts";
import { CLUSTER_NAME, NODES } from "../scenario/nodes.ts";
import { throughRelay, unavailableNodes, type RelayEvent } from "./faults.ts";
import { Follower, bytesOf, nodeNotice, type FlowStream } from "./followers.ts";
import { RING_CAPACITY } from "./ring.ts";
import { Rings, type Scene } from "./rings.ts";

export interface Relay {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Clients that follow now. */
  readonly followers: number;
  /** Plays `[from, to)` to whoever follows, as fast as the slowest of them reads. */
  play(scene: Scene, from: number, to: number): Promise<void>;
  /** Ends the streams whose `until` has come. */
  settle(now: number): void;
  close(): Promise<void>;
}

const VERSION = "cilium v1.19.4+sample";
/** Agents that came up before the world began. */
const UPTIME_AT_START = 9 * 24 * HOUR;
const STEP = 10 * MINUTE;

/** Hubble Relay's `observer.Observer` on a loopback port of the system's choice. */
export const openRelay = async (current: () => Promise<Scene>): Promise<Relay> => {
  const rings = new Rings();
  const followers = new Set<Follower>();

  const past = (request: GetFlowsRequest, follower: Follower): RelayEvent[] => {
    const all = rings
      .records()
      .map((record): RelayEvent => ({ kind: "flow", time: record.time, record }))
      .filter((event) => follower.wants(event));
    if (request.number === 0) return all;
    return request.first ? all.slice(0, request.number) : all.slice(-request.number);
  };

  const getFlows = async (stream: FlowStream): Promise<void> => {
    const { request } = stream;
    const follower = new Follower(stream);
    if (request.first && request.follow) return follower.refuse("first cannot be combined with follow");
    const scene = await current();
    const wantsPast = !request.follow || request.number > 0 || (follower.since !== null && follower.since < scene.now);
    if (wantsPast) rings.fill(scene);
    const away = unavailableNodes(scene.actions, scene.now);
    const up = NODES.map((n) => n.name).filter((name) => !away.includes(name));
    await follower.write(nodeNotice(up, true, "", scene.now));
    if (away.length > 0) await follower.write(nodeNotice(away, false, "rpc error: connection refused", scene.now));
    const replay = wantsPast ? past(request, follower) : [];
    if (request.follow && (follower.until === null || follower.until > scene.now)) followers.add(follower);
    for (const event of replay) {
      await follower.write(bytesOf(event));
    }
    if (!followers.has(follower)) follower.end();
  };

  const server = new Server({ "grpc.max_send_message_length": -1 });
  server.addService(observerDefinition, {
    getFlows: ((stream) => {
      getFlows(stream as FlowStream).catch((error: unknown) => {
        stream.emit("error", error instanceof OperatorError ? { code: 13, details: error.message } : error);
      });
    }) satisfies handleServerStreamingCall<GetFlowsRequest, GetFlowsResponse> as UntypedHandleCall,
    serverStatus: unary(async (): Promise<ServerStatusResponse> => {
      const scene = await current();
      rings.fill(scene);
      const away = unavailableNodes(scene.actions, scene.now);
      return {
        numFlows: rings.size,
        maxFlows: RING_CAPACITY * NODES.length,
        seenFlows: rings.seen,
        uptimeNs: (scene.now - scene.start + UPTIME_AT_START) * 1_000_000,
        numConnectedNodes: NODES.length - away.length,
        numUnavailableNodes: away.length,
        unavailableNodes: away,
        version: VERSION,
        flowsRate: 1,
      };
    }),
    getNodes: unary(async (): Promise<GetNodesResponse> => {
      const scene = await current();
      rings.fill(scene);
      const away = unavailableNodes(scene.actions, scene.now);
      return {
        nodes: NODES.map((node) => ({
          name: node.name,
          version: VERSION,
          address: `${node.ip}:4244`,
          state: away.includes(node.name) ? NodeState.NODE_UNAVAILABLE : NodeState.NODE_CONNECTED,
          tls: { enabled: true, serverName: `${node.name}.${CLUSTER_NAME}.hubble-grpc.cilium.io` },
          uptimeNs: (scene.now - scene.start + UPTIME_AT_START) * 1_000_000,
          numFlows: rings.sizeOf(node.name),
          maxFlows: RING_CAPACITY,
          seenFlows: Math.round(rings.seen / NODES.length),
        })),
      };
    }),
    getNamespaces: unary(async (): Promise<GetNamespacesResponse> => {
      const scene = await current();
      rings.fill(scene);
      const names = new Set<string>();
      for (const { time, shape } of rings.records()) {
        if (time < scene.now - HOUR) continue;
        for (const end of [shape.flow.source, shape.flow.destination])
          if (end !== undefined && end.namespace !== "") names.add(end.namespace);
      }
      return { namespaces: [...names].sort().map((namespace) => ({ cluster: CLUSTER_NAME, namespace })) };
    }),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });

  return {
    address: `127.0.0.1:${String(port)}`,
    get followers() {
      return followers.size;
    },
    play: async (scene, from, to) => {
      for (let since = from; since < to; since += STEP) {
        const until = Math.min(to, since + STEP);
        for (const event of throughRelay(scene.traffic.between(since, until), scene.actions, since, until)) {
          rings.keep(event, scene.actions);
          for (const follower of followers) {
            const full = follower.wants(event) ? follower.write(bytesOf(event)) : null;
            if (full !== null) await full;
          }
        }
        for (const follower of followers) if (follower.closed) followers.delete(follower);
        // The client may live in this very process: let it read.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      rings.played(from, to);
    },
    settle: (now) => {
      for (const follower of followers) {
        if (follower.until === null || follower.until > now) continue;
        follower.end();
        followers.delete(follower);
      }
    },
    close: async () => {
      for (const follower of followers) follower.end();
      followers.clear();
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
        }, 500);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
};

/** The generated service, except that a flow's bytes are made by hand and pass through. */
const observerDefinition = {
  ...ObserverService,
  getFlows: { ...ObserverService.getFlows, responseSerialize: (value: Buffer): Buffer => value },
};

type Callback<T> = (error: Error | null, value: T | null) => void;

const unary =
  <T>(answer: () => Promise<T>): UntypedHandleCall =>
  (_call: unknown, callback: Callback<T>) => {
    answer().then(
      (value) => callback(null, value),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
