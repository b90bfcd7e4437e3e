/** What is asked of JavaScript, rarely. Addresses are of bytes in this memory. */

/** The number of the key in `[from, to)` (`Key`), zero for one that nobody reads. */
export declare function key(from: usize, to: usize): u32;

/** Milliseconds of `2026-05-17T09:30:` at `from`; NaN when it is no minute. */
export declare function minute(from: usize): f64;

/** A kind of line met for the first time, said in `SAID`: how it is to be counted, and from bit 8 on its node. */
export declare function kind(id: u32): u32;

/** A message met for the first time: what it is (`CLASSES`). */
export declare function message(id: u32, from: usize, to: usize): u32;

/** A line for the full parse. */
export declare function parse(from: usize, to: usize): void;

/** Takes what was counted; it is forgotten afterwards. */
export declare function settle(): void;

/** Numbers of kinds, values and messages begin anew. */
export declare function forget(): void;
