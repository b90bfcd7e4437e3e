import { readFileSync } from "node:fs";
import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status as Status,
} from "@grpc/grpc-js";
import { OperatorError } from "../facts/errors.ts";
import type { FlowFilter } from "./proto/flow/flow.ts";
import {
  GetFlowsRequest,
  type GetNodesResponse,
  ObserverClient,
  ObserverService,
  type ServerStatusResponse,
} from "./proto/observer/observer.ts";

/** How to reach Relay, or one agent: both serve the same API (C F.4). */
export interface RelayAddress {
  /** `host:port`, or a gRPC target such as `unix:///var/run/cilium/hubble.sock`. */
  readonly address: string;
  /** Null: plain text. */
  readonly tls: {
    /** PEM files; without `ca` the system's authorities are trusted. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    /** The name in the server's certificate, where it is not the address: `ui.hubble-relay.cilium.io` matches `*.hubble-relay.cilium.io`. */
    readonly serverName?: string;
  } | null;
}

export interface FlowsRequest {
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly until?: number;
  readonly follow?: boolean;
  /** Evaluated by the server: what matches none of `only`, or any of `never`, is not sent. */
  readonly only?: readonly Partial<FlowFilter>[];
  readonly never?: readonly Partial<FlowFilter>[];
}

export interface RelayClient {
  readonly address: string;
  status(): Promise<ServerStatusResponse>;
  /** Null where the server does not offer it (a single agent). */
  nodes(): Promise<GetNodesResponse | null>;
  /** One stream of encoded GetFlowsResponses, decoded by who reads it: one bad message must not end the stream. */
  flows(request: FlowsRequest): ClientReadableStream<Buffer>;
  close(): void;
}

const readPem = (path: string | undefined): Buffer | null => {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new OperatorError("input", "this certificate or key cannot be read", {
      where: path,
      remedy: "Name a PEM file that this process may read.",
      cause,
    });
  }
};

const credentialsOf = ({ tls }: RelayAddress): ChannelCredentials => {
  if (tls === null) return credentials.createInsecure();
  const [ca, key, cert] = [readPem(tls.ca), readPem(tls.key), readPem(tls.cert)];
  if ((key === null) !== (cert === null))
    throw new OperatorError("input", "mutual TLS needs a certificate and its key, and only one is configured", {
      remedy: "Configure both, or neither.",
    });
  return credentials.createSsl(ca, key, cert);
};

const stamp = (time: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(time / 1_000),
  nanos: Math.floor(time % 1_000) * 1_000_000,
});

const messageOf = ({ since, until, follow = false, only = [], never = [] }: FlowsRequest): GetFlowsRequest =>
  GetFlowsRequest.fromPartial({
    follow,
    whitelist: [...only],
    blacklist: [...never],
    ...(since === undefined ? {} : { since: stamp(since) }),
    ...(until === undefined ? {} : { until: stamp(until) }),
  });

/** Errors that go away by trying again; anything else needs a person. */
const PASSING: ReadonlySet<number> = new Set([
  Status.UNAVAILABLE,
  Status.DEADLINE_EXCEEDED,
  Status.RESOURCE_EXHAUSTED,
  Status.ABORTED,
  Status.INTERNAL,
  Status.UNKNOWN,
  Status.CANCELLED,
]);

export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && typeof error.code === "number";

export const isPassing = (error: unknown): boolean => isServiceError(error) && PASSING.has(error.code);

/** A gRPC failure in words a person can act on. */
export const relayError = (address: string, error: unknown): OperatorError => {
  const said = isServiceError(error) ? error.details : String(error);
  const code = isServiceError(error) ? error.code : Status.UNKNOWN;
  const remedy =
    code === Status.UNIMPLEMENTED
      ? "Something else listens there: name Hubble Relay's address, host:port."
      : code === Status.UNAUTHENTICATED || code === Status.PERMISSION_DENIED
        ? "Check the client certificate and key."
        : /certificate|altname|SSL|TLS/i.test(said)
          ? "Check flows.tls: the authority, and the server name (ui.hubble-relay.cilium.io for Relay's own certificate)."
          : "Check the address, TLS on or off, and that Relay runs (kubectl -n kube-system port-forward svc/hubble-relay 4245:80).";
  return new OperatorError("outside", `Hubble Relay: ${said}`, { where: address, remedy, cause: error });
};

/** Milliseconds a unary call may take. */
const DEADLINE = 10_000;

/** Keep-alive finds a dead connection in some fifteen seconds, which is what an uncovered minute costs at least. */
const CHANNEL = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  // A whole second of a busy cluster may be under way.
  "grpc-node.flow_control_window": 4 * 1024 * 1024,
  "grpc.max_receive_message_length": 16 * 1024 * 1024,
  "grpc.initial_reconnect_backoff_ms": 250,
  "grpc.max_reconnect_backoff_ms": 5_000,
} as const;

const channelOptions = ({ tls }: RelayAddress): Partial<ClientOptions> => {
  const name = tls?.serverName;
  if (name === undefined) return CHANNEL;
  return { ...CHANNEL, "grpc.ssl_target_name_override": name, "grpc.default_authority": name };
};

/** A client of no service, for calls made by path. */
export const channelOf = (at: RelayAddress): Client => new Client(at.address, credentialsOf(at), channelOptions(at));

export const relayClient = (at: RelayAddress): RelayClient => {
  const client = new ObserverClient(at.address, credentialsOf(at), channelOptions(at));
  const { path, requestSerialize } = ObserverService.getFlows;
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + DEADLINE });
  return {
    address: at.address,
    status: () =>
      new Promise((resolve, reject) => {
        client.serverStatus({}, new Metadata(), deadline(), (error, response) => {
          if (error === null) resolve(response);
          else reject(relayError(at.address, error));
        });
      }),
    nodes: () =>
      new Promise((resolve, reject) => {
        client.getNodes({}, new Metadata(), deadline(), (error, response) => {
          if (error === null) resolve(response);
          else if (error.code === Status.UNIMPLEMENTED) resolve(null);
          else reject(relayError(at.address, error));
        });
      }),
    flows: (request) =>
      client.makeServerStreamRequest(path, requestSerialize, (bytes: Buffer) => bytes, messageOf(request)),
    close: () => client.close(),
  };
};
