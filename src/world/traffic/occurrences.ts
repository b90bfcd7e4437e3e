import { DAY, HOUR, MINUTE } from "../../facts/clock.ts";
import { isReplica, type Pod } from "../cluster/pods.ts";
import { chance, hash, pick } from "../hash.ts";
import { JOURNEYS, TALKS } from "../scenario/areas.ts";
import type { Cadence, Journey, Party, Talk } from "../scenario/model.ts";
import { NODES, OUTSIDERS } from "../scenario/nodes.ts";
import type { Action } from "../state.ts";
import type { End } from "./ends.ts";

/** Something that happens at a moment: talks in order, each only when the one before got through. */
export interface Occurrence {
  readonly time: number;
  /** Tells this occurrence from every other; the only source of chance in it. */
  readonly dice: string;
  readonly steps: readonly Step[];
  readonly long: boolean;
}

export interface Step {
  readonly talk: Talk;
  readonly source: End;
  readonly destination: End;
}

export interface Cast {
  readonly seed: number;
  readonly start: number;
  readonly pods: readonly Pod[];
  readonly actions: readonly Action[];
}

const byId = new Map(TALKS.map((talk) => [talk.id, talk]));

/** Everything that begins in `[from, to)`. */
export const occurrencesBetween = (cast: Cast, from: number, to: number): Occurrence[] => {
  const found: Occurrence[] = [];
  for (const talk of TALKS) {
    for (const source of sources(cast, talk)) {
      for (const time of moments(cast, talk.cadence, `${talk.id} ${source.who}`, phase(cast, talk, source), from, to)) {
        add(found, occurrence(cast, time, `${talk.id} ${source.who} ${String(time)}`, [talk], source.end, false));
      }
    }
  }
  for (const journey of JOURNEYS) {
    for (const time of moments(cast, journey.cadence, journey.id, 0, from, to))
      add(found, journeyAt(cast, journey, time));
  }
  for (const action of cast.actions) {
    if (action.kind !== "journey") continue;
    const time = action.time + 1_000;
    const journey = JOURNEYS.find((j) => j.id === action.journey);
    if (journey !== undefined && time >= from && time < to) add(found, journeyAt(cast, journey, time));
  }
  for (const pod of cast.pods) {
    if (pod.startedAt + START_UP < from || pod.startedAt >= to) continue;
    for (const start of startOf(cast, pod)) if (start.time >= from && start.time < to) found.push(start);
  }
  return found;
};

const add = (list: Occurrence[], item: Occurrence | null): void => {
  if (item !== null) list.push(item);
};

export const journeyAt = (cast: Cast, journey: Journey, time: number): Occurrence | null => {
  const talks = journey.steps.flatMap((id) => byId.get(id) ?? []);
  return occurrence(cast, time, `${journey.id} ${String(time)}`, talks, null, true);
};

/** How long a fresh pod is busy with what it does only when it starts (lesson 33). */
const START_UP = 10_000;

const startOf = (cast: Cast, pod: Pod): Occurrence[] =>
  TALKS.filter((talk) => talk.atStart).flatMap((talk, index) => {
    const end = endOf(pod);
    const own = talk.from.kind === "workload" && talk.from.id === pod.workload.id && inReplica(talk.from, pod);
    const probed = talk.from.kind === "kubelet" && talk.to.kind === "workload" && talk.to.id === pod.workload.id;
    if (!own && !probed) return [];
    const time = pod.startedAt + (probed ? 6_000 : 2_000 + ((index * 137) % 3_000));
    const source: End = probed ? { kind: "node", node: pod.node } : end;
    const happens = occurrence(cast, time, `start ${pod.name} ${pod.ip} ${talk.id}`, [talk], source, false);
    return happens === null ? [] : [happens];
  });

/** A host-network pod is its node to everybody (lesson 35). */
const endOf = (pod: Pod): End => (pod.workload.hostNetwork ? { kind: "node", node: pod.node } : { kind: "pod", pod });

const inReplica = (party: Extract<Party, { kind: "workload" }>, pod: Pod): boolean => isReplica(party.replica, pod);

interface Source {
  readonly who: string;
  readonly end: End;
}

/** A steady talk happens once for each pod of its source; a probe for each pod of its target. */
const sources = (cast: Cast, talk: Talk): Source[] => {
  const { from, to } = talk;
  if (talk.cadence.kind === "asked") return [];
  const of = (party: Party): Pod[] =>
    party.kind === "workload" ? cast.pods.filter((p) => p.workload.id === party.id && inReplica(party, p)) : [];
  if (from.kind === "workload") {
    return of(from).map((pod) => ({ who: `${pod.workload.id}#${String(pod.replica)}`, end: endOf(pod) }));
  }
  if (from.kind === "kubelet") {
    return of(to).map((pod) => ({
      who: `${pod.node.name} ${String(pod.replica)}`,
      end: { kind: "node", node: pod.node },
    }));
  }
  return [];
};

/**
 * When in its period a steady talk happens. Probes of a node's pods take turns by the minute, so that a node with two
 * pods is heard every minute: the positive control depends on it.
 */
const phase = (cast: Cast, talk: Talk, source: Source): number => {
  if (talk.cadence.kind !== "steady") return 0;
  const dice = hash(cast.seed, "phase", talk.id, source.who);
  if (talk.from.kind !== "kubelet" || source.end.kind !== "node") return dice % talk.cadence.every;
  const { node } = source.end;
  const here = cast.pods.filter((p) => p.node.name === node.name).map((p) => p.workload.id);
  const turn = talk.to.kind === "workload" ? here.indexOf(talk.to.id) : 0;
  return (turn % Math.round(talk.cadence.every / MINUTE)) * MINUTE + (dice % 50_000);
};

const moments = (cast: Cast, cadence: Cadence, who: string, phase: number, from: number, to: number): number[] => {
  const found: number[] = [];
  const keep = (time: number): void => {
    if (time >= from && time < to && time >= cast.start) found.push(time);
  };
  const days = function* (): Generator<number> {
    for (let day = Math.floor(from / DAY) * DAY; day < to; day += DAY) yield day;
  };
  if (cadence.kind === "steady") {
    // A few seconds of jitter keep two talks of one period from marching in step.
    const first = Math.floor((from - cast.start - phase) / cadence.every) - 1;
    for (let k = Math.max(0, first); cast.start + k * cadence.every + phase < to; k++) {
      keep(cast.start + k * cadence.every + phase + Math.floor(chance(cast.seed, who, k) * 5_000));
    }
  }
  if (cadence.kind === "days") {
    for (let at = cast.start + cadence.every * DAY + cadence.hour * HOUR; at < to; at += cadence.every * DAY) keep(at);
  }
  for (const day of cadence.kind === "daily" || cadence.kind === "weekly" ? days() : []) {
    if (cadence.kind === "weekly") {
      if (new Date(day).getUTCDay() === cadence.day) keep(day + cadence.hour * HOUR + cadence.minute * MINUTE);
    } else if (cadence.kind === "daily") {
      const span = (cadence.to - cadence.from) * HOUR;
      for (let i = 0; i < cadence.times; i++) {
        const share = (i + chance(cast.seed, who, day, i)) / cadence.times;
        keep(day + cadence.from * HOUR + Math.floor(share * span));
      }
    }
  }
  return found;
};

/** Chooses the ends; null when an end has no pod to be. */
const occurrence = (
  cast: Cast,
  time: number,
  dice: string,
  talks: readonly Talk[],
  source: End | null,
  long: boolean,
): Occurrence | null => {
  const steps: Step[] = [];
  // A request that goes on through a pod goes on from that same pod.
  const chosen = new Map<string, Pod>();
  if (source?.kind === "pod") chosen.set(source.pod.workload.id, source.pod);
  const resolve = (party: Party, other: End | null): End | null => {
    if (party.kind === "workload") {
      const known = chosen.get(party.id);
      if (known !== undefined && inReplica(party, known)) return endOf(known);
      const pods = cast.pods.filter((p) => p.workload.id === party.id && inReplica(party, p) && p.startedAt <= time);
      const pod = pick(pods, cast.seed, dice, party.id);
      if (pod === null) return null;
      chosen.set(party.id, pod);
      return endOf(pod);
    }
    if (party.kind === "kubelet")
      return source ?? (other?.kind === "pod" ? { kind: "node", node: other.pod.node } : null);
    if (party.kind === "apiserver" || party.kind === "node") {
      const node = NODES.find((n) => (party.kind === "node" ? n.name === party.name : n.controlPlane));
      return node === undefined ? null : { kind: "node", node };
    }
    if (party.kind === "client") return clientEnd(cast, party.id, other, dice);
    const outsider = OUTSIDERS.find((o) => o.id === party.id);
    const ip = pick(outsider?.ips ?? [], cast.seed, dice, party.id);
    return outsider === undefined || ip === null ? null : { kind: "world", ip, name: outsider.name };
  };
  for (const [index, talk] of talks.entries()) {
    const kubelet = talk.from.kind === "kubelet";
    const target =
      kubelet && source?.kind === "node" ? probedPod(cast, talk, source.node.name, dice) : resolve(talk.to, null);
    const origin = index === 0 && source !== null ? source : resolve(talk.from, target);
    if (target === null || origin === null) return null;
    steps.push({ talk, source: origin, destination: target });
  }
  return { time, dice, steps, long };
};

const probedPod = (cast: Cast, talk: Talk, node: string, dice: string): End | null => {
  const { to } = talk;
  if (to.kind !== "workload") return null;
  const pod = pick(
    cast.pods.filter((p) => p.workload.id === to.id && p.node.name === node),
    cast.seed,
    dice,
  );
  return pod === null ? null : { kind: "pod", pod };
};

/**
 * A client of a load-balancer address comes in at whichever node announces it that day: to a pod of that node with its
 * own address, to a pod elsewhere with that node's, as remote-node (C D.3).
 */
const clientEnd = (cast: Cast, id: string, other: End | null, dice: string): End | null => {
  const ip = OUTSIDERS.find((o) => o.id === id)?.ips[0];
  const entry = pick(NODES, cast.seed, "announced", dice);
  if (ip === undefined || entry === null) return null;
  const here = other?.kind === "pod" && other.pod.node.name === entry.name;
  return here ? { kind: "world", ip, name: null } : { kind: "node", node: entry };
};
