/** Keys of a flow that are read, as numbers: places in what was said of it (`assembly/keys.ts`). */
export const Key = {
  time: 1,
  verdict: 2,
  IP: 3,
  l4: 4,
  source: 5,
  destination: 6,
  Type: 7,
  node_name: 8,
  source_names: 9,
  destination_names: 10,
  event_type: 11,
  traffic_direction: 12,
  trace_observation_point: 13,
  drop_reason: 14,
  drop_reason_desc: 15,
  is_reply: 16,
  reply: 17,
  egress_allowed_by: 18,
  ingress_allowed_by: 19,
  l7: 20,
} as const;

/** In the place of the time stand the TCP flags, in that of layer 7 whether there is a message: 1, or 2 for DNS. */
export const FLAGS = Key.time;
export const IS_DNS = 2;

/** What stands in the place of layer 4. */
export const PROTOCOLS = [null, "TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6"] as const;
