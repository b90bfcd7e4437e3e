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
import type { Action } from "../state.ts";
import type { Traffic } from "../traffic/traffic.ts";
import { ringStart, throughRelay, unavailableNodes, type RelayEvent } from "./faults.ts";
import { Follower, nodeNotice, type FlowStream } from "./followers.ts";
import { passes } from "./filter.ts";
import { RING_CAPACITY, Ring } from "./ring.ts";
import { flowOf } from "./wire.ts";

/** What Relay shows at any moment; the world hands in a new one when something changed. */
export interface Scene {
  readonly start: number;
  readonly now: number;
  readonly traffic: Traffic;
  readonly actions: readonly Action[];
}

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
  const rings = new Map(NODES.map((n) => [n.name, new Ring()]));
  const followers = new Set<Follower>();
  let filledTo: number | null = null;
  let seen = 0;

  const keep = (event: RelayEvent, actions: readonly Action[]): void => {
    if (event.kind === "flow") {
      seen += 1;
      rings.get(event.record.shape.node.name)?.push(event.record);
    } else if (event.kind === "node" && event.up && ringStart(actions, event.node, event.time) === event.time) {
      // Only a restarted agent forgets; one that was merely out of reach still has its ring.
      rings.get(event.node)?.clear();
    }
  };

  /** A fresh process has to remember what a real agent's ring would still hold. */
  const fill = (scene: Scene): void => {
    if (filledTo === scene.now) return;
    for (const ring of rings.values()) ring.clear();
    let from = scene.now;
    const windows: RelayEvent[][] = [];
    const full = (): boolean =>
      NODES.every(
        (n) =>
          windows.flat().filter((e) => e.kind === "flow" && e.record.shape.node.name === n.name).length >=
          RING_CAPACITY,
      );
    while (from > scene.start && !full()) {
      const since = Math.max(scene.start, from - HOUR);
      windows.unshift(throughRelay(scene.traffic.between(since, from), scene.actions, since, from));
      from = since;
    }
    for (const event of windows.flat()) {
      if (event.kind === "flow" && event.time >= ringStart(scene.actions, event.record.shape.node.name, scene.now))
        keep(event, scene.actions);
    }
    filledTo = scene.now;
  };

  const past = (request: GetFlowsRequest, follower: Follower): RelayEvent[] => {
    const all = [...rings.values()]
      .flatMap((ring) => [...ring])
      .filter(
        (r) =>
          (follower.since === null || r.time >= follower.since) &&
          (follower.until === null || r.time <= follower.until),
      )
      .filter(
        (r) =>
          request.whitelist.length + request.blacklist.length === 0 ||
          passes(flowOf(r), request.whitelist, request.blacklist),
      )
      .sort((a, b) => a.time - b.time)
      .map((record): RelayEvent => ({ kind: "flow", time: record.time, record }));
    if (request.number === 0) return all;
    return request.first ? all.slice(0, request.number) : all.slice(-request.number);
  };

  const getFlows = async (stream: FlowStream): Promise<void> => {
    const { request } = stream;
    const follower = new Follower(stream);
    if (request.first && request.follow) return follower.refuse("first cannot be combined with follow");
    const scene = await current();
    fill(scene);
    const away = unavailableNodes(scene.actions, scene.now);
    const up = NODES.map((n) => n.name).filter((name) => !away.includes(name));
    await follower.write(nodeNotice(up, true, "", scene.now));
    if (away.length > 0) await follower.write(nodeNotice(away, false, "rpc error: connection refused", scene.now));
    const wantsPast = !request.follow || request.number > 0 || follower.since !== null;
    const replay = wantsPast ? past(request, follower) : [];
    if (request.follow && (follower.until === null || follower.until > scene.now)) followers.add(follower);
    for (const event of replay) {
      const bytes = follower.bytesOf(event);
      if (bytes !== null) await follower.write(bytes);
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
      fill(scene);
      const away = unavailableNodes(scene.actions, scene.now);
      return {
        numFlows: [...rings.values()].reduce((sum, ring) => sum + ring.size, 0),
        maxFlows: RING_CAPACITY * NODES.length,
        seenFlows: seen,
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
      fill(scene);
      const away = unavailableNodes(scene.actions, scene.now);
      return {
        nodes: NODES.map((node) => ({
          name: node.name,
          version: VERSION,
          address: `${node.ip}:4244`,
          state: away.includes(node.name) ? NodeState.NODE_UNAVAILABLE : NodeState.NODE_CONNECTED,
          tls: { enabled: true, serverName: `${node.name}.${CLUSTER_NAME}.hubble-grpc.cilium.io` },
          uptimeNs: (scene.now - scene.start + UPTIME_AT_START) * 1_000_000,
          numFlows: rings.get(node.name)?.size ?? 0,
          maxFlows: RING_CAPACITY,
          seenFlows: Math.round(seen / NODES.length),
        })),
      };
    }),
    getNamespaces: unary(async (): Promise<GetNamespacesResponse> => {
      const scene = await current();
      fill(scene);
      const names = new Set<string>();
      for (const ring of rings.values()) {
        for (const { time, shape } of ring) {
          if (time < scene.now - HOUR) continue;
          for (const end of [shape.flow.source, shape.flow.destination])
            if (end !== undefined && end.namespace !== "") names.add(end.namespace);
        }
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
          keep(event, scene.actions);
          for (const follower of followers) {
            const bytes = follower.bytesOf(event);
            if (bytes !== null) await follower.write(bytes);
          }
        }
        for (const follower of followers) if (follower.closed) followers.delete(follower);
        // The client may live in this very process: let it read.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      filledTo = to;
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
