import { HOUR, MINUTE } from "../facts/clock.ts";
import type { Coverage, Interval, NodeCoverage, PositiveControl, WorkloadStart } from "../facts/coverage.ts";
import type { EvidenceHour, PodRecord } from "../facts/evidence.ts";

export interface CoverageRules {
  /** The share of events a minute may lose and still be covered. */
  readonly loss: number;
  /** Minutes in a row without any flow of a node after which its tap counts as dead. */
  readonly silence: number;
}

export const defaultCoverageRules: CoverageRules = { loss: 0.01, silence: 5 };

export interface CoverageRequest extends Interval {
  readonly namespace: string | null;
  readonly nodes: readonly string[] | null;
}

/** One minute of one node: how much was watched, seen and lost. */
interface Minute {
  readonly start: number;
  isUp: boolean;
  seen: number;
  lost: number;
  /** Null when covered. */
  why: string | null;
}

/** Of the sixty minutes of an hour of the day, so many must have been covered on some day. */
const HOUR_OF_DAY = 54;

const CONTROLS = [
  "kubelet-probe",
  "scrape",
  "dns",
  "node-traffic",
] as const satisfies readonly PositiveControl["kind"][];

const minutesOf = (from: number, to: number): Minute[] => {
  const minutes: Minute[] = [];
  for (let start = Math.floor(from / MINUTE) * MINUTE; start < to; start += MINUTE)
    minutes.push({ start, isUp: false, seen: 0, lost: 0, why: null });
  return minutes;
};

/** Watched throughout: one interval holds all of the minute that lies in the window. */
const isWithin = (minute: Minute, window: Interval, up: readonly Interval[]): boolean => {
  const from = Math.max(minute.start, window.from);
  const to = Math.min(minute.start + MINUTE, window.to);
  return up.some((u) => u.from <= from && u.to >= to);
};

/** Intervals that meet at the turn of the hour are one. */
const joined = (intervals: readonly Interval[]): Interval[] => {
  const out: Interval[] = [];
  for (const next of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && next.from <= last.to)
      out[out.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    else out.push(next);
  }
  return out;
};

/** Losses that were told by something that is no node (Relay itself): nobody knows whose, so they are everybody's. */
const nobodys = (hours: readonly EvidenceHour[]): Set<string> => {
  const seen = new Set<string>();
  const all = new Set<string>();
  for (const { watch } of hours)
    for (const [name, node] of Object.entries(watch.nodes)) {
      all.add(name);
      if (node.up.length > 0 || node.minutes.some(([, events]) => events > 0)) seen.add(name);
    }
  return new Set([...all].filter((name) => !seen.has(name)));
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const judgeMinutes = (minutes: readonly Minute[], rules: CoverageRules, breaks: ReadonlyMap<number, string>): void => {
  let quiet = 0;
  for (const [i, minute] of minutes.entries()) {
    if (!minute.isUp) minute.why = breaks.get(minute.start) ?? "nobody was watching";
    else if (minute.lost > 0 && minute.lost > rules.loss * (minute.seen + minute.lost)) minute.why = "events were lost";
    quiet = minute.isUp && minute.seen === 0 ? quiet + 1 : 0;
    if (quiet <= rules.silence) continue;
    for (const silent of minutes.slice(i - quiet + 1, i + 1)) silent.why ??= "no flow at all: the tap may be dead";
  }
};

const holesOf = (minutes: readonly Minute[], window: Interval): (Interval & { why: string })[] => {
  const holes: { from: number; to: number; whys: Set<string>; seen: number; lost: number }[] = [];
  for (const { start, why, seen, lost } of minutes) {
    if (why === null) continue;
    const last = holes.at(-1);
    if (last !== undefined && last.to === start) {
      last.to = start + MINUTE;
      last.whys.add(why);
      last.seen += seen;
      last.lost += lost;
    } else holes.push({ from: start, to: start + MINUTE, whys: new Set([why]), seen, lost });
  }
  return holes.map(({ from, to, whys, seen, lost }) => ({
    from: Math.max(from, window.from),
    to: Math.min(to, window.to),
    why: [...whys]
      .map((why) => (why === "events were lost" ? `${lost} events were lost (${percent(lost / (seen + lost))})` : why))
      .slice(0, 4)
      .join("; "),
  }));
};

const judgedMinutes = (
  hours: readonly EvidenceHour[],
  node: string,
  window: Interval,
  rules: CoverageRules,
  strangers: ReadonlySet<string>,
): Minute[] => {
  const minutes = minutesOf(window.from, window.to);
  const first = minutes[0]?.start ?? 0;
  const up: Interval[] = [];
  const breaks = new Map<number, string>();
  for (const { hour, watch } of hours) {
    for (const [name, record] of Object.entries(watch.nodes)) {
      if (name !== node && !strangers.has(name)) continue;
      for (const [minute, seen, lost] of record.minutes) {
        const at = minutes[(hour + minute * MINUTE - first) / MINUTE];
        if (at === undefined) continue;
        at.seen += name === node ? seen : 0;
        at.lost += lost;
      }
      if (name !== node) continue;
      up.push(...record.up);
      for (const { time, why } of record.breaks) breaks.set(Math.floor(time / MINUTE) * MINUTE, why);
    }
  }
  const watched = joined(up);
  for (const minute of minutes) minute.isUp = isWithin(minute, window, watched);
  judgeMinutes(minutes, rules, breaks);
  return minutes;
};

/** The first kind of flow that must be there and was, for one node. */
const controlOf = (hours: readonly EvidenceHour[], node: string, window: Interval): PositiveControl | null => {
  for (const kind of CONTROLS) {
    let [flows, lastSeen] = [0, 0];
    for (const { watch } of hours) {
      const control = watch.nodes[node]?.controls[kind];
      if (control === undefined || control[1] < window.from) continue;
      flows += control[0];
      lastSeen = Math.max(lastSeen, control[1]);
    }
    if (flows > 0) return { kind, node, flows, lastSeen };
  }
  return null;
};

/** The weakest of the nodes' controls; none at all when one node has none. */
const weakest = (controls: readonly (PositiveControl | null)[]): PositiveControl | null => {
  const known = controls.filter((c) => c !== null);
  if (known.length < controls.length || known.length === 0) return null;
  return known.reduce((a, b) => {
    const [x, y] = [CONTROLS.indexOf(a.kind), CONTROLS.indexOf(b.kind)];
    return y > x || (y === x && b.lastSeen < a.lastSeen) ? b : a;
  });
};

const coveredHours = (minutes: readonly Minute[]): boolean[] => {
  const covered = new Set<number>();
  for (const { start, why } of minutes) if (why === null) covered.add(Math.floor(start / MINUTE) % 1_440);
  return Array.from({ length: 24 }, (_, hour) => {
    let count = 0;
    for (let m = 0; m < 60; m++) if (covered.has(hour * 60 + m)) count += 1;
    return count >= HOUR_OF_DAY;
  });
};

/**
 * How much of a window was seen on the nodes that count. A minute of a node is covered when the reader was connected
 * throughout, the loss stayed within bounds and the tap gave a sign of life; a node nobody ever saw is one long hole.
 */
export const coverageOf = (
  hours: readonly EvidenceHour[],
  request: CoverageRequest,
  rules: CoverageRules = defaultCoverageRules,
): Coverage => {
  const { from, to } = request;
  const strangers = nobodys(hours);
  const known = new Set(hours.flatMap((h) => Object.keys(h.watch.nodes)));
  const names = request.nodes ?? [...known].filter((name) => !strangers.has(name)).sort();
  const judged = names.map((node) => ({ node, minutes: judgedMinutes(hours, node, request, rules, strangers) }));
  const nodes: NodeCoverage[] = judged.map(({ node, minutes }) => ({
    node,
    minutes: minutes.length,
    coveredMinutes: minutes.filter((m) => m.why === null).length,
    holes: holesOf(minutes, request),
    seen: minutes.reduce((all, m) => all + m.seen, 0),
    lost: minutes.reduce((all, m) => all + m.lost, 0),
  }));
  const isVacuous = request.nodes !== null && request.nodes.length === 0;
  const total = nodes.reduce((all, n) => all + n.minutes, 0);
  const covered = nodes.reduce((all, n) => all + n.coveredMinutes, 0);
  const ofDay = judged.map(({ minutes }) => coveredHours(minutes));
  return {
    from,
    to,
    nodes,
    // No node at all is nothing seen, unless there was nothing to see.
    completeness: isVacuous ? 1 : total === 0 ? 0 : covered / total,
    vacuous: isVacuous,
    hoursOfDay: Array.from(
      { length: 24 },
      (_, h) => isVacuous || (ofDay.length > 0 && ofDay.every((d) => d[h] === true)),
    ),
    control: weakest(names.map((node) => controlOf(hours, node, request))),
  };
};

/** A pod that was never seen before was started, if its node was watched for this long before. */
const WATCHED_BEFORE = HOUR;
/** ... but for this share, which loss or a reconnect may cost. */
const WATCHED_SHARE = 0.9;

/**
 * Starts of a namespace's pods: the first sight of a pod, or of a pod at a new address, on a node that was watched for an
 * hour before. What was there when the watch began was not seen starting (lesson 33).
 */
export const startsOf = (
  hours: readonly EvidenceHour[],
  request: Interval & { readonly namespace: string },
): readonly WorkloadStart[] => {
  const first = new Map<string, PodRecord>();
  for (const { watch } of hours) {
    for (const pod of watch.pods) {
      if (pod.namespace !== request.namespace) continue;
      const key = `${pod.pod} ${pod.ip}`;
      const known = first.get(key);
      if (known === undefined || pod.firstSeen < known.firstSeen) first.set(key, pod);
    }
  }
  const strangers = nobodys(hours);
  const wasWatched = (pod: PodRecord): boolean => {
    const before = { from: pod.firstSeen - WATCHED_BEFORE, to: pod.firstSeen };
    const near = hours.filter((h) => h.hour + HOUR > before.from && h.hour <= before.to);
    const minutes = judgedMinutes(near, pod.node, before, defaultCoverageRules, strangers);
    return minutes.filter((m) => m.why === null).length >= WATCHED_SHARE * minutes.length;
  };
  return [...first.values()]
    .filter((pod) => pod.firstSeen >= request.from && pod.firstSeen < request.to && wasWatched(pod))
    .sort((a, b) => a.firstSeen - b.firstSeen)
    .map(({ namespace, workload, pod, node, firstSeen }) => ({ namespace, workload, pod, node, firstSeen }));
};
