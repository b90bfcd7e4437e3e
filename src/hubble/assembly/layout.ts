/** Where everything lies: one memory, laid out once. Nothing is ever freed; what is full is emptied as a whole. */

const KB: usize = 1024;

/** What is being read. A zero byte behind it ends every search, because no line of JSON holds one. */
export const WINDOW: usize = 64 * KB;
export const WINDOW_SIZE: usize = 256 * KB;

/** Keys of the line at hand and what was said under each: `SLOTS` numbers of values, two bytes each. */
export const SAID: usize = WINDOW + WINDOW_SIZE + 4 * KB;
export const SLOTS: usize = 24;

/** Of the message that was read last: time, print, and the number of its node. */
export const NOW: usize = SAID + 64;

/** The first sixteen bytes of a vector, by how many are wanted. */
export const MASKS: usize = SAID + KB;

export const STEPS: usize = MASKS + KB;
export const MAX_STEPS: u32 = 1000;
export const STEP_SIZE: usize = 128;

/** Ends of lines (`tails.ts`). */
export const TAILS: usize = STEPS + <usize>MAX_STEPS * STEP_SIZE;
export const MAX_TAILS: u32 = 4_095;
export const TAIL_SIZE: usize = 64;
const TAIL_BUCKETS_SIZE: usize = 4 * 4_096;
export const TAIL_BUCKETS: usize = TAILS + (<usize>MAX_TAILS + 1) * TAIL_SIZE;
export const TAIL_BYTES: usize = TAIL_BUCKETS + TAIL_BUCKETS_SIZE;
export const TAIL_BYTES_END: usize = TAIL_BYTES + 2 * 1024 * KB;

/** Two tables of pieces of JSON: values, and messages of layer 7, of which there may be one for every flow. */
export const VALUES: usize = TAIL_BYTES_END;
export const MAX_VALUES: u32 = 0xffff;
const VALUES_SIZE: usize = 64 + 4 * 32_768 + 16 * 65_536;
const VALUE_BYTES: usize = 8 * 1024 * KB;

export const MESSAGES: usize = VALUES + VALUES_SIZE + VALUE_BYTES;
export const MAX_MESSAGES: u32 = 0x1fff;
const MESSAGES_SIZE: usize = 64 + 4 * 8_192 + 16 * 8_192;
const MESSAGE_BYTES: usize = 3 * 1024 * KB;

export const VALUES_END: usize = MESSAGES;
export const MESSAGES_END: usize = MESSAGES + MESSAGES_SIZE + MESSAGE_BYTES;

/** Lines that differ in nothing but time, ports and message. */
export const KINDS: usize = MESSAGES_END;
export const MAX_KINDS: u32 = 32_767;
export const KIND_SIZE: usize = 64;
const KIND_BUCKETS_SIZE: usize = 4 * 65_536;
export const KIND_BUCKETS: usize = KINDS + (<usize>MAX_KINDS + 1) * KIND_SIZE;

/** Kinds with their ports: what is counted. */
export const TALLIES: usize = KIND_BUCKETS + KIND_BUCKETS_SIZE;
export const MAX_TALLIES: u32 = 65_535;
export const TALLY_SIZE: usize = 32;
export const TALLY_BUCKETS: usize = TALLIES + (<usize>MAX_TALLIES + 1) * TALLY_SIZE;
const TALLY_BUCKETS_SIZE: usize = 4 * 131_072;

/** Tallies in the order in which this hour began to count them. */
export const TOUCHED: usize = TALLY_BUCKETS + TALLY_BUCKETS_SIZE;
const TOUCHED_SIZE: usize = 4 * 65_536;

/** Which tally carried which message that asks. */
export const ASKED: usize = TOUCHED + TOUCHED_SIZE;
export const MAX_ASKED: u32 = 65_535;
export const ASKED_SIZE: usize = 8;
export const ASKED_BUCKETS: usize = ASKED + (<usize>MAX_ASKED + 1) * ASKED_SIZE;
const ASKED_BUCKETS_SIZE: usize = 4 * 131_072;

/** Flows by node: of each minute of the hour, and in the place behind them of all. */
export const MINUTES: usize = ASKED_BUCKETS + ASKED_BUCKETS_SIZE;
export const MAX_NODES: u32 = 5_120;
export const NODE_SIZE: usize = 4 * 61;

/** When each message was last seen in the hour that is being counted; zero for never. */
export const LASTS: usize = ((MINUTES + NODE_SIZE * <usize>MAX_NODES + 15) / 16) * 16;

/** What each message is: 1, or 2 for DNS, and 4 more when it asks; 0 when it could not be decoded. */
export const CLASSES: usize = LASTS + 8 * (<usize>MAX_MESSAGES + 1);

/** The memory has room up to here (`.ci/assemble.mjs`). */
export const END: usize = CLASSES + <usize>MAX_MESSAGES + 1;
