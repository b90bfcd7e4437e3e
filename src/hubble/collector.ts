import type { ClientReadableStream } from "@grpc/grpc-js";
import { type Clock, HOUR, MINUTE, systemClock } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { CollectorPosition, EvidenceWriter } from "../facts/evidence.ts";
import type { HubbleEvent } from "../facts/flow.ts";
import { eventFromProto } from "./decode-proto.ts";
import { GetFlowsResponse } from "./proto/observer/observer.ts";
import { recentFlows } from "./recent.ts";
import { recordOf } from "./record.ts";
import { reducer as newReducer, type ReducerOptions } from "./reducer.ts";
import { type FlowsRequest, isPassing, type RelayAddress, type RelayClient, relayClient, relayError } from "./relay.ts";
import { wireScanner } from "./scan-wire.ts";
import { nodeWatcher } from "./watch.ts";
import { nodeName } from "./words.ts";

export interface CollectProgress {
  /** Flows counted since the start of this call. */
  readonly flows: number;
  readonly lost: number;
  readonly bad: number;
  /** Flow time of the newest, milliseconds since the epoch. */
  readonly time: number;
  readonly nodes: number;
  readonly connected: boolean;
  /** How often the stream had to be opened again. */
  readonly reconnects: number;
}

export interface CollectOptions extends ReducerOptions {
  readonly relay: RelayAddress | RelayClient;
  readonly writer: EvidenceWriter;
  /** Whose flows these are; one collector per source writes at a time. */
  readonly source?: string;
  readonly since?: number;
  /**
   * Ends with the stream. With `follow`, the window is being played while we are attached: all of it counts as watched and
   * time is the flows' own. Without, flows come from the rings' past, which nobody watched: they count, the minutes do not.
   */
  readonly until?: number;
  readonly follow?: boolean;
  readonly filters?: Pick<FlowsRequest, "only" | "never">;
  readonly clock?: Clock;
  /** Milliseconds, or flows, after which what was counted is committed. */
  readonly commitEvery?: number;
  readonly commitFlows?: number;
  readonly httpPaths?: boolean;
  /** While another collector writes this source: wait beside it and take over when it is gone, instead of refusing. */
  readonly standBy?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CollectProgress) => void;
}

/** A dead connection is noticed this late, so a running watch is claimed only up to here. */
const CLAIM = 20_000;
/** Flows further ahead than this come from a clock that is wrong; they must not move the position. */
const AHEAD = 10 * MINUTE;
const BACKOFF = [250, 500, 1_000, 2_000, 5_000, 10_000] as const;
/** How often a collector that waits asks whether it is its turn. */
const STAND_BY = 500;
/** Hours held in memory behind the newest: late flows come minutes late, not hours. */
const HELD = 2 * HOUR;

const isClient = (relay: RelayAddress | RelayClient): relay is RelayClient => "flows" in relay;

const sleep = (time: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/**
 * Collects evidence until the stream ends, the signal says stop, or a person is needed. Whatever was committed stays exact
 * through a kill at any moment: counts and position move in one transaction.
 * @throws OperatorError `busy` when another collector has the source, `outside` when Relay cannot be reached at the start
 *   or refuses us
 */
export const collect = async (options: CollectOptions): Promise<CollectProgress> => {
  const { writer, clock = systemClock, source = "relay", until, follow = false, signal } = options;
  const { commitEvery = 5_000, commitFlows = 100_000 } = options;
  const relay = isClient(options.relay) ? options.relay : relayClient(options.relay);
  const isPlayed = follow && until !== undefined;

  const begin = async (): Promise<CollectorPosition | null> => {
    for (;;) {
      try {
        return await writer.begin(source);
      } catch (error) {
        const isBusy = error instanceof OperatorError && error.kind === "busy";
        if (!isBusy || options.standBy !== true || signal?.aborted === true) throw error;
        await sleep(STAND_BY, signal);
      }
    }
  };

  const recent = recentFlows(await begin());
  let reducer = newReducer(options);
  let scan = wireScanner(reducer, options.httpPaths);
  const watcher = nodeWatcher(() => reducer);
  const loaded = new Set<number>();
  const total = { flows: 0, lost: 0, bad: 0, reconnects: 0 };
  let isConnected = false;
  let uncommitted = 0;
  let lastReceived = 0;

  const progress = (): CollectProgress => ({
    ...total,
    time: recent.newest(),
    nodes: watcher.nodes().length,
    connected: isConnected,
  });

  const now = (): number => (isPlayed ? Math.max(recent.newest(), options.since ?? 0) : clock.now());
  const latest = (): number => (isPlayed ? (until ?? 0) : clock.now()) + AHEAD;

  /** Whether a flow is to be counted. */
  const isNew = (time: number, node: string, print: number): boolean => {
    if (time > latest() || time <= 0) {
      total.bad += 1;
      reducer.broke(node, now(), "flows came with a clock that is far ahead or not set");
      return false;
    }
    if (recent.isCounted(time, print)) return false;
    recent.add(time, print);
    watcher.sign(node, isPlayed ? time : now());
    total.flows += 1;
    uncommitted += 1;
    return true;
  };

  const take = (event: HubbleEvent, bytes: Buffer): void => {
    if (event.kind === "lost") {
      const { lost } = event;
      total.lost += lost.count;
      reducer.lost(lost.time === 0 ? { ...lost, time: now(), from: now() } : lost);
      return;
    }
    if (event.kind === "node-status") {
      watcher.status(event.status, isPlayed && event.status.time > 0 ? event.status.time : now());
      return;
    }
    const { flow } = event;
    if (isNew(flow.time, flow.node, scan.printOf(bytes))) reducer.add(recordOf(flow, reducer.ends, options.httpPaths));
  };

  const receive = (bytes: Buffer): void => {
    lastReceived = clock.now();
    let event: HubbleEvent | null;
    try {
      if (scan.read(bytes)) {
        if (isNew(scan.time, scan.node, scan.print)) scan.count();
        return;
      }
      event = eventFromProto(GetFlowsResponse.decode(bytes));
    } catch {
      // One message that cannot be read is one event lost on a node nobody can name.
      total.bad += 1;
      reducer.lost({ time: now(), from: now(), node: "", source: "undecodable", count: 1 });
      return;
    }
    if (event !== null) take(event, bytes);
  };

  const commit = async (): Promise<void> => {
    scan.settle();
    for (const { hour } of reducer.hours()) {
      if (loaded.has(hour)) continue;
      const kept = await writer.load(source, hour);
      if (kept !== null) reducer.merge(kept);
      loaded.add(hour);
    }
    const hours = reducer.take();
    uncommitted = 0;
    await writer.commit({ source, hours, position: recent.position() });
    const oldest = recent.newest() - HELD;
    for (const { hour } of reducer.hours()) {
      if (hour + HOUR > oldest) continue;
      reducer.forget(hour);
      loaded.delete(hour);
    }
    if (reducer.ends.size() > 50_000) {
      reducer = newReducer(options);
      scan = wireScanner(reducer, options.httpPaths);
      loaded.clear();
    }
    options.onProgress?.(progress());
  };

  const drain = (stream: ClientReadableStream<Buffer>): Promise<void> =>
    new Promise((resolve, reject) => {
      let pending: Promise<void> | null = null;
      let failure: unknown = null;
      const save = (): void => {
        if (pending !== null) return;
        stream.pause();
        if (follow) watcher.reach(reducer, isPlayed ? now() : now() - CLAIM);
        pending = commit()
          .catch((error: unknown) => {
            failure = error;
            stream.cancel();
          })
          .finally(() => {
            pending = null;
            stream.resume();
          });
      };
      const timer = setInterval(save, commitEvery);
      const stop = (): void => stream.cancel();
      signal?.addEventListener("abort", stop, { once: true });
      const done = (error: unknown): void => {
        clearInterval(timer);
        signal?.removeEventListener("abort", stop);
        void (pending ?? Promise.resolve()).then(() => {
          if (failure !== null) reject(failure);
          else if (error === null || signal?.aborted === true) resolve();
          else reject(error);
        });
      };
      stream.on("data", (bytes: Buffer) => {
        isConnected = true;
        receive(bytes);
        if (uncommitted >= commitFlows) save();
      });
      stream.on("error", done);
      stream.on("end", () => done(null));
    });

  const watched = options.since === undefined || !isPlayed ? null : options.since;

  /** One connection, to its end. Returns whether the server ended it in good order. */
  const session = async (isResumed: boolean): Promise<void> => {
    const nodes = await relay.nodes();
    const from = isResumed || recent.newest() > 0 ? Math.max(recent.resume(), options.since ?? 0) : options.since;
    const start = isResumed || watched === null ? now() : watched;
    const up = nodes?.nodes.filter((n) => n.state <= 1).map((n) => nodeName(n.name)) ?? [];
    if (follow) watcher.connect(start, up);
    const since = from ?? (follow ? clock.now() : undefined);
    lastReceived = clock.now();
    const stream = relay.flows({
      ...options.filters,
      follow,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    });
    await drain(stream);
  };

  let attempt = 0;
  try {
    for (;;) {
      const before = total.flows;
      try {
        await session(total.reconnects > 0);
        if (follow) watcher.reach(reducer, isPlayed && signal?.aborted !== true ? (until ?? now()) : now());
        if (until !== undefined || !follow || signal?.aborted === true) break;
        watcher.disconnect(reducer, now(), "Relay ended the stream");
      } catch (error) {
        if (error instanceof OperatorError && error.kind !== "outside") throw error;
        const isFirst = total.flows === 0 && total.reconnects === 0;
        const cause = error instanceof OperatorError ? error.cause : error;
        if (isFirst || !follow || !isPassing(cause))
          throw error instanceof OperatorError ? error : relayError(relay.address, error);
        watcher.disconnect(reducer, isPlayed ? now() : Math.min(now(), lastReceived), "the connection to Relay broke");
      }
      isConnected = false;
      await commit();
      total.reconnects += 1;
      attempt = total.flows > before ? 0 : attempt + 1;
      await sleep(BACKOFF[Math.min(attempt, BACKOFF.length - 1)] ?? 10_000, signal);
      if (signal?.aborted === true) break;
    }
    isConnected = false;
    await commit();
    return progress();
  } finally {
    await writer.end(source);
    if (!isClient(options.relay)) relay.close();
  }
};
