import { DAY, HOUR, iso, MINUTE } from "../facts/clock.ts";
import type { Coverage, Interval, NodeCoverage } from "../facts/coverage.ts";

/** More than this in one piece and the soak begins anew: what happened in it is nobody's knowledge. */
const LONGEST_HOLE = 6 * HOUR;
/** What a workload that is new to the namespace has to serve by itself. */
const NEW_WORKLOAD = DAY;

export interface SoakInput {
  readonly now: number;
  /** Length of the soak in milliseconds. */
  readonly window: number;
  readonly resets: readonly { readonly at: number; readonly why: string }[];
  /** From the last reset or before, to now, over the nodes that host the namespace's pods. */
  readonly coverage: Coverage;
  readonly newWorkloads: readonly { readonly workload: string; readonly firstSeen: number }[];
}

/** One thing that the soak still misses. `until`: when time alone will have mended it, if it can. */
export interface Missing {
  readonly what: "minutes" | "hour-of-day" | "workload" | "control" | "never-began";
  readonly detail: string;
  readonly until: number | null;
}

export interface SoakState {
  /** When the clock last began, and why then. */
  readonly since: number;
  readonly because: string;
  readonly vacuous: boolean;
  /** Covered minutes on the node that has fewest, and how many it takes. */
  readonly coveredMinutes: number;
  readonly neededMinutes: number;
  readonly complete: boolean;
  readonly missing: readonly Missing[];
  /** When it will be complete if nothing else happens; null when time alone will not do it. */
  readonly until: number | null;
}

const overlap = (a: Interval, b: Interval): number => Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));

/** Holes of one node, sorted and merged, so that two reasons for the same minute count once. */
const mergedHoles = (holes: readonly Interval[]): readonly Interval[] => {
  const sorted = [...holes].sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const hole of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && hole.from <= last.to) last.to = Math.max(last.to, hole.to);
    else merged.push({ from: hole.from, to: hole.to });
  }
  return merged;
};

const lastReset = (input: SoakInput): { at: number; why: string } | null => {
  const { coverage, now } = input;
  const resets = input.resets.filter((r) => r.at <= now).map((r) => ({ at: r.at, why: r.why }));
  if (resets.length === 0) return null;
  // Evidence that begins later than the allows went live: nothing before it counts.
  const first = Math.max(...resets.map((r) => r.at));
  if (coverage.from > first) resets.push({ at: coverage.from, why: "evidence begins" });
  for (const node of coverage.nodes)
    for (const hole of mergedHoles(node.holes))
      if (hole.to - hole.from > LONGEST_HOLE)
        resets.push({ at: Math.min(hole.to, now), why: `a hole of ${hours(hole.to - hole.from)} on ${node.node}` });
  return resets.reduce((a, b) => (b.at >= a.at ? b : a));
};

const hours = (ms: number): string => {
  const h = ms / HOUR;
  return h >= 1 ? `${Number(h.toFixed(1))} h` : `${Math.round(ms / MINUTE)} min`;
};

const coveredMs = (node: NodeCoverage, window: Interval): number =>
  window.to - window.from - mergedHoles(node.holes).reduce((sum, hole) => sum + overlap(hole, window), 0);

/**
 * Hours of the day (UTC) that no single day of the window covered on this node. An hour counts once half of it was seen
 * in one piece of day: a short hole stretches the clock by its own length and does not cost another day.
 */
const hoursMissed = (node: NodeCoverage, window: Interval): readonly number[] => {
  const holes = mergedHoles(node.holes);
  const seen = new Set<number>();
  for (let start = Math.floor(window.from / HOUR) * HOUR; start < window.to; start += HOUR) {
    const hour = { from: Math.max(start, window.from), to: Math.min(start + HOUR, window.to) };
    const covered = hour.to - hour.from - holes.reduce((sum, hole) => sum + overlap(hole, hour), 0);
    if (covered >= HOUR / 2) seen.add(new Date(start).getUTCHours());
  }
  return Array.from({ length: 24 }, (_, h) => h).filter((h) => !seen.has(h));
};

/** The next moment after `now` at which half of this hour of the day will have passed. */
const halfPast = (hour: number, now: number): number => {
  const today = Math.floor(now / DAY) * DAY + hour * HOUR + HOUR / 2;
  return today > now ? today : today + DAY;
};

/**
 * Minutes covered, not minutes passed: uncovered ones stretch the clock, a long hole or a changed policy begins it anew,
 * each hour of the day is seen once, a new workload serves its own day, and a positive control shows that the tap lives.
 */
export const soakState = (input: SoakInput): SoakState => {
  const { now, window, coverage } = input;
  const reset = lastReset(input);
  const neededMinutes = Math.ceil(window / MINUTE);
  const blank = { neededMinutes, coveredMinutes: 0, vacuous: coverage.vacuous };
  if (reset === null) {
    const missing: Missing = { what: "never-began", detail: "the allows are not live yet", until: null };
    return { ...blank, since: now, because: "not begun", complete: false, missing: [missing], until: null };
  }
  if (coverage.vacuous) {
    const because = "the namespace has no pods: there is nothing to soak";
    return { ...blank, since: reset.at, because, complete: true, missing: [], until: reset.at };
  }
  const span = { from: reset.at, to: now };
  const missing: Missing[] = [];
  const perNode = coverage.nodes.map((node) => coveredMs(node, span));
  const covered = perNode.length === 0 ? 0 : Math.max(0, Math.min(...perNode));
  const coveredMinutes = Math.floor(covered / MINUTE);
  if (coveredMinutes < neededMinutes) {
    const left = window - covered;
    const detail = `${hours(covered)} of ${hours(window)} covered since ${iso(reset.at)} (${reset.why}); ${hours(left)} to go`;
    missing.push({ what: "minutes", detail, until: coverage.nodes.length === 0 ? null : now + left });
  }
  const missedHours = [...new Set(coverage.nodes.flatMap((node) => hoursMissed(node, span)))].sort((a, b) => a - b);
  const lastHour = Math.max(...missedHours.map((h) => halfPast(h, now)));
  // While minutes are missing anyway, the hours that they will bring are no news.
  if (missedHours.length > 0 && lastHour > Math.max(now, ...missing.map((m) => m.until ?? now)))
    missing.push({
      what: "hour-of-day",
      detail: `hours of the day never seen (UTC): ${missedHours.join(", ")}`,
      until: lastHour,
    });
  for (const { workload, firstSeen } of input.newWorkloads) {
    const until = firstSeen + NEW_WORKLOAD;
    if (firstSeen <= reset.at || until <= now) continue;
    missing.push({
      what: "workload",
      detail: `${workload} is new since ${iso(firstSeen)} and serves its own 24 h`,
      until,
    });
  }
  if (coverage.control === null) {
    const detail = "no probe, scrape, DNS query or other flow of its nodes was seen: the tap may be dead";
    missing.push({ what: "control", detail, until: null });
  }
  const untils = missing.map((m) => m.until);
  return {
    since: reset.at,
    because: reset.why,
    vacuous: false,
    coveredMinutes,
    neededMinutes,
    complete: missing.length === 0,
    missing,
    until: untils.includes(null) ? null : Math.max(reset.at, ...untils.filter((u) => u !== null)),
  };
};
