import type { FlowRecord } from "../traffic/traffic.ts";

/** As small as a real agent's default (C F.4): what is older is gone, and evidence must have been collected before. */
export const RING_CAPACITY = 4_095;

/** The last events of one node, oldest first. */
export class Ring {
  #records: FlowRecord[] = [];
  #start = 0;

  push(record: FlowRecord): void {
    this.#records.push(record);
    if (this.#records.length - this.#start > RING_CAPACITY) this.#start += 1;
    // The array is cut now and then, because shifting thousands of entries per event is what a ring avoids.
    if (this.#start >= RING_CAPACITY) {
      this.#records = this.#records.slice(this.#start);
      this.#start = 0;
    }
  }

  clear(): void {
    this.#records = [];
    this.#start = 0;
  }

  get size(): number {
    return this.#records.length - this.#start;
  }

  *[Symbol.iterator](): Iterator<FlowRecord> {
    for (let i = this.#start; i < this.#records.length; i++) {
      const record = this.#records[i];
      if (record !== undefined) yield record;
    }
  }
}
