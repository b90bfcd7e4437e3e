import { type Flow, type HubbleVerdict, HUBBLE_VERDICTS, type NodeStatus } from "../facts/flow.ts";
import { DROP_REASONS, LOST_EVENT_SOURCES } from "./wire-enums.ts";

/** Enum numbers and names as Hubble prints them (C E.6, F.1). A number from a newer Cilium keeps its digits as its name. */
const inverse = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]));

const DROP_NAMES = inverse(DROP_REASONS);
const LOST_NAMES = inverse(LOST_EVENT_SOURCES);

export const verdictOf = (number: number): HubbleVerdict => HUBBLE_VERDICTS[number] ?? "VERDICT_UNKNOWN";

export const dropReasonOf = (number: number): string => DROP_NAMES.get(number) ?? `REASON_${number}`;

export const lostSourceOf = (number: number): string => LOST_NAMES.get(number) ?? `SOURCE_${number}`;

const TRACE_POINTS: readonly string[] = [
  "TO_ENDPOINT",
  "TO_PROXY",
  "TO_HOST",
  "TO_STACK",
  "TO_OVERLAY",
  "FROM_ENDPOINT",
  "FROM_PROXY",
  "FROM_HOST",
  "FROM_STACK",
  "FROM_OVERLAY",
  "FROM_NETWORK",
  "TO_NETWORK",
  "FROM_CRYPTO",
  "TO_CRYPTO",
];

/** The datapath's number for a trace point, which is the `sub_type` of a trace event; 101 is the API's TO_ENDPOINT. */
export const tracePointOf = (number: number): string => (number === 101 ? "TO_ENDPOINT" : (TRACE_POINTS[number] ?? ""));

const NODE_STATES: readonly NodeStatus["state"][] = [
  "UNKNOWN_NODE_STATE",
  "NODE_CONNECTED",
  "NODE_UNAVAILABLE",
  "NODE_GONE",
  "NODE_ERROR",
];
export const nodeStateOf = (number: number): NodeStatus["state"] => NODE_STATES[number] ?? "UNKNOWN_NODE_STATE";
export const nodeStateNamed = (name: string): NodeStatus["state"] =>
  NODE_STATES.find((state) => state === name) ?? "UNKNOWN_NODE_STATE";

export const FLOW_TYPES: readonly Flow["type"][] = ["UNKNOWN_TYPE", "L3_L4", "L7", "SOCK"];

/** `cluster/node` is how agents with a cluster name call themselves; Kubernetes knows the node alone. */
export const nodeName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** Names as they are matched: lower case, no trailing dot (C B.4). */
export const plainName = (name: string): string => (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
