import { type Flow, HUBBLE_VERDICTS, type HubbleVerdict } from "../facts/flow.ts";
import type { Direction, Protocol } from "../facts/verdict.ts";
import { startsWith } from "./scan-bytes.ts";

const KEYS = [
  "time",
  "verdict",
  "IP",
  "l4",
  "source",
  "destination",
  "Type",
  "node_name",
  "source_names",
  "destination_names",
  "event_type",
  "traffic_direction",
  "trace_observation_point",
  "drop_reason",
  "drop_reason_desc",
  "is_reply",
  "reply",
  "egress_allowed_by",
  "ingress_allowed_by",
  "l7",
] as const;
export type Key = (typeof KEYS)[number];

export type WordKey = "verdict" | "Type" | "traffic_direction" | "trace_observation_point" | "drop_reason_desc";

/** By length, then compared byte for byte: no other key may pass for one of these. */
const BY_LENGTH: readonly (readonly { readonly key: Key; readonly bytes: Uint8Array; readonly bit: number }[])[] =
  Array.from({ length: 32 }, (_, length) =>
    KEYS.flatMap((key, i) => (key.length === length ? [{ key, bytes: Buffer.from(key), bit: 1 << i }] : [])),
  );

export const keyAt = (bytes: Uint8Array, at: number, length: number): (typeof BY_LENGTH)[number][number] | null => {
  const alike = BY_LENGTH[length];
  if (alike === undefined) return null;
  for (let i = 0; i < alike.length; i++) {
    const known = alike[i];
    if (known !== undefined && startsWith(bytes, at, known.bytes)) return known;
  }
  return null;
};

/** From the word as read to the program's own string, which compares by address. */
export const TYPES = new Map<string, Flow["type"]>((["L3_L4", "L7", "SOCK"] as const).map((t) => [t, t]));
export const VERDICTS = new Map<string, HubbleVerdict>(HUBBLE_VERDICTS.map((v) => [v, v]));
export const DIRECTIONS = new Map<string, Direction>([
  ["INGRESS", "ingress"],
  ["EGRESS", "egress"],
]);
export const PROTOCOLS = new Map<string, Protocol>(
  (["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6"] as const).map((p) => [p, p]),
);
