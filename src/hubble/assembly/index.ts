import { makeMasks, newline } from "./bytes";
import { forget, parse } from "./host";
import { END, NOW } from "./layout";
import { readLine } from "./line";
import { forgetValues } from "./steps";
import { clearTallies, countPlaced, nodeNow, turn } from "./tallies";
import { clearTails } from "./tails";
import { hour, minuteOfHour, time } from "./time";
import { clearMessages, clearValues, isFull, messagesFull } from "./values";
import { messageInWire, print, readWire } from "./wire";

/** What JavaScript uses: addresses, what stands at the moment, and the functions below. */
export { ASKED, LASTS, MINUTES, NOW, SAID, TALLIES, TOUCHED, VALUES, WINDOW, WINDOW_SIZE } from "./layout";
export { asked, current, touched, turn } from "./tallies";
export { printOf } from "./wire";

/** Lines and flows since `begin`, and the first and last time of a flow. */
export let lines: u32 = 0;
export let flows: u32 = 0;
export let first: f64 = Infinity;
export let last: f64 = -Infinity;

export function begin(): void {
  lines = 0;
  flows = 0;
  first = Infinity;
  last = -Infinity;
}

/** Makes room, between lines. */
function forgetWhatIsFull(): void {
  if (messagesFull) {
    turn();
    clearMessages();
  }
  if (!isFull) return;
  turn();
  clearTallies();
  clearValues();
  clearTails();
  forgetValues();
  forget();
}

/** Reads whole lines in `[from, end)`. Returns where the first unfinished one begins. */
export function scan(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const next = readLine(at);
    if (next != 0) {
      lines += 1;
      flows += 1;
      first = min(first, time);
      last = max(last, time);
      at = next;
      continue;
    }
    forgetWhatIsFull();
    const stop = newline(at, end);
    if (stop == end) return at;
    lines += 1;
    parse(at, stop);
    at = stop + 1;
  }
  return at;
}

/** Every whole line for the full parse. Returns where the unfinished one begins. */
export function split(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const stop = newline(at, end);
    if (stop == end) return at;
    lines += 1;
    parse(at, stop);
    at = stop + 1;
  }
  return at;
}

/**
 * Reads one encoded GetFlowsResponse in `[from, end)` without counting it; `NOW` then tells of it. False when it is for the generated code.
 */
export function wire(from: usize, end: usize): bool {
  if (readWire(from, end)) {
    store<f64>(NOW, time);
    store<f64>(NOW, print, 8);
    store<u32>(NOW, nodeNow, 16);
    return true;
  }
  forgetWhatIsFull();
  return false;
}

/** Counts the message that was read last. */
export function countWire(): void {
  countPlaced(time, hour, minuteOfHour, messageInWire);
}

if (END > (<usize>memory.size()) << 16) unreachable();
makeMasks();
clearTallies();
clearValues();
clearTails();
