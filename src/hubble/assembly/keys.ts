/** Keys of a flow that are read here, as numbers: places in `SAID` (`Key` in scan-keys.ts). */
export const SKIPPED: u32 = 0;
export const TIME: u32 = 1;
export const VERDICT: u32 = 2;
export const ADDRESSES: u32 = 3;
export const LAYER_4: u32 = 4;
export const SOURCE: u32 = 5;
export const DESTINATION: u32 = 6;
export const TYPE: u32 = 7;
export const NODE: u32 = 8;
export const SOURCE_NAMES: u32 = 9;
export const DESTINATION_NAMES: u32 = 10;
export const EVENT_TYPE: u32 = 11;
export const DIRECTION: u32 = 12;
export const POINT: u32 = 13;
export const DROP_REASON: u32 = 14;
export const DROP_REASON_DESC: u32 = 15;
export const IS_REPLY: u32 = 16;
export const REPLY: u32 = 17;
export const EGRESS_ALLOWED_BY: u32 = 18;
export const INGRESS_ALLOWED_BY: u32 = 19;
export const LAYER_7: u32 = 20;

/** In the place of the time stand the TCP flags. */
export const FLAGS: u32 = TIME;
