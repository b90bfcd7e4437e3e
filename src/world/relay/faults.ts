import { MINUTE } from "../../facts/clock.ts";
import { chance } from "../hash.ts";
import { NODES } from "../scenario/nodes.ts";
import type { Action } from "../state.ts";
import type { FlowRecord } from "../traffic/traffic.ts";

type Fault = Extract<Action, { kind: "fault" }>;

/** What a client of Relay gets besides flows. */
export type Notice =
  | {
      readonly kind: "node";
      readonly time: number;
      readonly node: string;
      readonly up: boolean;
      readonly message: string;
    }
  | { readonly kind: "lost"; readonly time: number; readonly node: string; readonly count: number };

export type RelayEvent = { readonly kind: "flow"; readonly time: number; readonly record: FlowRecord } | Notice;

/** Share of events a node under pressure drops. */
const LOSS = 0.84;
/** An agent that restarts is away for so long, and comes back with an empty ring. */
export const RESTART_TAKES = 40_000;

const faultsOf = (actions: readonly Action[]): Fault[] => actions.filter((a) => a.kind === "fault");

const endOf = (fault: Fault): number => (fault.fault === "restart" ? fault.time + RESTART_TAKES : fault.until);

const active = (faults: readonly Fault[], node: string, time: number): Fault | undefined =>
  faults.find((f) => f.node === node && f.time <= time && time < endOf(f));

/** The flows of a window as Relay can show them: faults take some away and say so, or, when silent, do not. */
export const throughRelay = (
  records: readonly FlowRecord[],
  actions: readonly Action[],
  from: number,
  to: number,
): RelayEvent[] => {
  const faults = faultsOf(actions);
  if (faults.length === 0) return records.map((record) => ({ kind: "flow", time: record.time, record }));
  const lost = new Map<string, number>();
  const events: RelayEvent[] = notices(faults, from, to);
  for (const record of records) {
    const node = record.shape.node.name;
    const fault = active(faults, node, record.time);
    if (fault === undefined) events.push({ kind: "flow", time: record.time, record });
    else if (fault.fault === "lost") {
      if (chance(record.uuid) >= LOSS) events.push({ kind: "flow", time: record.time, record });
      else {
        const minute = Math.floor(record.time / MINUTE) * MINUTE;
        const slot = `${String(minute)} ${node}`;
        lost.set(slot, (lost.get(slot) ?? 0) + 1);
      }
    }
  }
  for (const [slot, count] of lost) {
    const [minute = "0", node = ""] = slot.split(" ");
    events.push({ kind: "lost", time: Math.min(Number(minute) + MINUTE - 1, to - 1), node, count });
  }
  return events.sort((a, b) => a.time - b.time);
};

const notices = (faults: readonly Fault[], from: number, to: number): Notice[] =>
  faults
    .filter((f) => f.fault === "unavailable" || f.fault === "restart")
    .flatMap((f): Notice[] => [
      { kind: "node", time: f.time, node: f.node, up: false, message: "rpc error: connection refused" },
      { kind: "node", time: endOf(f), node: f.node, up: true, message: "" },
    ])
    .filter((notice) => notice.time >= from && notice.time < to);

/** When a node's agent last came up again before `time`: its ring holds nothing older. */
export const ringStart = (actions: readonly Action[], node: string, time: number): number =>
  Math.max(
    0,
    ...faultsOf(actions)
      .filter((f) => f.fault === "restart" && f.node === node && endOf(f) <= time)
      .map(endOf),
  );

export const unavailableNodes = (actions: readonly Action[], time: number): string[] =>
  NODES.map((n) => n.name).filter((name) => {
    const fault = active(faultsOf(actions), name, time);
    return fault !== undefined && (fault.fault === "unavailable" || fault.fault === "restart");
  });
