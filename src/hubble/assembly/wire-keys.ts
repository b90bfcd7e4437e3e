import {
  ADDRESSES,
  DESTINATION,
  DESTINATION_NAMES,
  DIRECTION,
  DROP_REASON,
  DROP_REASON_DESC,
  EGRESS_ALLOWED_BY,
  EVENT_TYPE,
  INGRESS_ALLOWED_BY,
  IS_REPLY,
  LAYER_4,
  LAYER_7,
  NODE,
  POINT,
  REPLY,
  SKIPPED,
  SOURCE,
  SOURCE_NAMES,
  TIME,
  TYPE,
  VERDICT,
} from "./keys";

/** Keys whose value is a number. */
export const NUMBERS: u32 =
  (1 << VERDICT) |
  (1 << DROP_REASON) |
  (1 << TYPE) |
  (1 << REPLY) |
  (1 << DIRECTION) |
  (1 << POINT) |
  (1 << DROP_REASON_DESC);

/** Keys that may come more than once. */
export const LISTS: u32 =
  (1 << SOURCE_NAMES) | (1 << DESTINATION_NAMES) | (1 << EGRESS_ALLOWED_BY) | (1 << INGRESS_ALLOWED_BY);

/** The key of a field. */
export function keyOf(number: u32): u32 {
  switch (number) {
    case 1:
      return TIME;
    case 2:
      return VERDICT;
    case 3:
      return DROP_REASON;
    case 5:
      return ADDRESSES;
    case 6:
      return LAYER_4;
    case 8:
      return SOURCE;
    case 9:
      return DESTINATION;
    case 10:
      return TYPE;
    case 11:
      return NODE;
    case 13:
      return SOURCE_NAMES;
    case 14:
      return DESTINATION_NAMES;
    case 15:
      return LAYER_7;
    case 16:
      return REPLY;
    case 19:
      return EVENT_TYPE;
    case 22:
      return DIRECTION;
    case 24:
      return POINT;
    case 25:
      return DROP_REASON_DESC;
    case 26:
      return IS_REPLY;
    case 21_001:
      return EGRESS_ALLOWED_BY;
    case 21_002:
      return INGRESS_ALLOWED_BY;
    default:
      return SKIPPED;
  }
}
