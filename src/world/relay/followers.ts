import { status, type ServerWritableStream } from "@grpc/grpc-js";
import type { GetFlowsRequest, GetFlowsResponse } from "../../hubble/proto/observer/observer.ts";
import { GetFlowsResponse as Response } from "../../hubble/proto/observer/observer.ts";
import { LostEventSource } from "../../hubble/proto/flow/flow.ts";
import { NodeState } from "../../hubble/proto/relay/relay.ts";
import type { Notice, RelayEvent } from "./faults.ts";
import { passes } from "./filter.ts";
import { flowOf, responseBytes, timestamp } from "./wire.ts";

/** The stream's own type says message objects; this server's serializer passes bytes through. */
export type FlowStream = ServerWritableStream<GetFlowsRequest, GetFlowsResponse | Buffer>;

const millis = (time: GetFlowsRequest["since"]): number | null =>
  time === undefined ? null : time.seconds * 1_000 + Math.floor(time.nanos / 1_000_000);

const RELAY = "hubble-relay";

export const nodeNotice = (nodes: readonly string[], up: boolean, message: string, time: number): Buffer =>
  Buffer.from(
    Response.encode(
      Response.fromPartial({
        nodeStatus: {
          stateChange: up ? NodeState.NODE_CONNECTED : NodeState.NODE_UNAVAILABLE,
          nodeNames: [...nodes],
          message,
        },
        nodeName: RELAY,
        time: timestamp(time),
      }),
    ).finish(),
  );

const lostNotice = (notice: Extract<Notice, { kind: "lost" }>): Buffer =>
  Buffer.from(
    Response.encode(
      Response.fromPartial({
        lostEvents: {
          source: LostEventSource.HUBBLE_RING_BUFFER,
          numEventsLost: notice.count,
          last: timestamp(notice.time),
        },
        nodeName: notice.node,
        time: timestamp(notice.time),
      }),
    ).finish(),
  );

export const bytesOf = (event: RelayEvent): Buffer => {
  if (event.kind === "node") return nodeNotice([event.node], event.up, event.message, event.time);
  return event.kind === "lost" ? lostNotice(event) : responseBytes(event.record);
};

/** One client that reads flows as they happen. Writing waits for its socket, so that nothing is ever thrown away. */
export class Follower {
  readonly since: number | null;
  readonly until: number | null;
  readonly #stream: FlowStream;
  #closed = false;

  constructor(stream: FlowStream) {
    this.#stream = stream;
    this.since = millis(stream.request.since);
    this.until = millis(stream.request.until);
    stream.on("cancelled", () => (this.#closed = true));
    stream.on("close", () => (this.#closed = true));
    stream.on("error", () => (this.#closed = true));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Null when the client can take more at once, else what to wait for: its window is full. */
  write(bytes: Buffer): Promise<void> | null {
    if (this.#closed || this.#stream.write(bytes)) return null;
    return new Promise<void>((resolve) => {
      const done = (): void => {
        this.#stream.off("drain", done);
        this.#stream.off("cancelled", done);
        this.#stream.off("close", done);
        resolve();
      };
      this.#stream.on("drain", done);
      this.#stream.on("cancelled", done);
      this.#stream.on("close", done);
    });
  }

  /** Whether this client asked for the event: its time, and for a flow its filters. */
  wants(event: RelayEvent): boolean {
    if (this.since !== null && event.time < this.since) return false;
    if (this.until !== null && event.time > this.until) return false;
    const { whitelist, blacklist } = this.#stream.request;
    if (event.kind !== "flow" || whitelist.length + blacklist.length === 0) return true;
    return passes(flowOf(event.record), whitelist, blacklist);
  }

  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.end();
  }

  refuse(details: string): void {
    this.#closed = true;
    this.#stream.emit("error", { code: status.INVALID_ARGUMENT, details });
  }
}
