import { HOUR } from "../../facts/clock.ts";
import { NODES } from "../scenario/nodes.ts";
import type { Action } from "../state.ts";
import type { FlowRecord, Traffic } from "../traffic/traffic.ts";
import { ringStart, throughRelay, type RelayEvent } from "./faults.ts";
import { RING_CAPACITY, Ring } from "./ring.ts";

/** What Relay shows at any moment; the world hands in a new one when something changed. */
export interface Scene {
  readonly start: number;
  readonly now: number;
  readonly traffic: Traffic;
  readonly actions: readonly Action[];
}

/** One ring per node. A fresh process remembers what a real agent would still hold, once somebody asks for it. */
export class Rings {
  readonly #rings = new Map(NODES.map((n) => [n.name, new Ring()]));
  /** The time up to which the rings are whole; null while they hold only what this process played. */
  #wholeTo: number | null = null;
  #seen = 0;

  /** Events that went through in this process, and those the rings began with. */
  get seen(): number {
    return this.#seen;
  }

  get size(): number {
    return [...this.#rings.values()].reduce((sum, ring) => sum + ring.size, 0);
  }

  sizeOf(node: string): number {
    return this.#rings.get(node)?.size ?? 0;
  }

  keep(event: RelayEvent, actions: readonly Action[]): void {
    if (event.kind === "flow") {
      this.#seen += 1;
      this.#rings.get(event.record.shape.node.name)?.push(event.record);
    } else if (event.kind === "node" && event.up && ringStart(actions, event.node, event.time) === event.time) {
      // Only a restarted agent forgets; one that was merely out of reach still has its ring.
      this.#rings.get(event.node)?.clear();
    }
  }

  /** Everything in `[from, to)` was kept. */
  played(from: number, to: number): void {
    this.#wholeTo = this.#wholeTo === from ? to : null;
  }

  /** Makes the rings whole up to the scene's time. */
  fill(scene: Scene): void {
    if (this.#wholeTo === scene.now) return;
    for (const ring of this.#rings.values()) ring.clear();
    this.#seen = 0;
    const counts = new Map(NODES.map((n) => [n.name, 0]));
    const windows: RelayEvent[][] = [];
    let from = scene.now;
    while (from > scene.start && [...counts.values()].some((count) => count < RING_CAPACITY)) {
      const since = Math.max(scene.start, from - HOUR);
      const events = throughRelay(scene.traffic.between(since, from), scene.actions, since, from);
      for (const event of events) {
        if (event.kind !== "flow") continue;
        const { name } = event.record.shape.node;
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      windows.unshift(events);
      from = since;
    }
    for (const event of windows.flat()) {
      if (event.kind !== "flow") continue;
      const born = ringStart(scene.actions, event.record.shape.node.name, scene.now);
      if (event.time >= born) this.keep(event, scene.actions);
    }
    this.#wholeTo = scene.now;
  }

  /** What the rings hold, in order of time. */
  records(): FlowRecord[] {
    return [...this.#rings.values()].flatMap((ring) => [...ring]).sort((a, b) => a.time - b.time);
  }
}
