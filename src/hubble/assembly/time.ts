import { isDigit, QUOTE } from "./bytes";
import { minute } from "./host";

const HOUR: f64 = 3_600_000;

/** Milliseconds since the epoch of what was read last, the hour it lies in, and the minute of that hour. */
export let time: f64 = NaN;
export let hour: f64 = NaN;
export let minuteOfHour: u32 = 0;

/** `2026-05-17T09:30`, read once and then recognised. */
let head: u64 = 0;
let rest: u64 = 0;
let minuteTime: f64 = NaN;

const COLON: u32 = 0x3a;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const ZULU: u32 = 0x5a;

/** After `"2026-05-17T09:30:01.123456789Z"`; zero when it is printed in any other way than Hubble does. */
export function readTime(at: usize): usize {
  if (load<u8>(at) != QUOTE) return 0;
  if (load<u64>(at, 1) != head || load<u64>(at, 9) != rest || load<u8>(at, 17) != COLON) {
    const read = minute(at + 1);
    if (isNaN(read)) return 0;
    head = load<u64>(at, 1);
    rest = load<u64>(at, 9);
    minuteTime = read;
    hour = Math.floor(read / HOUR) * HOUR;
    minuteOfHour = <u32>((read - hour) / 60_000);
  }
  const tens = <u32>load<u8>(at, 18) - ZERO;
  const ones = <u32>load<u8>(at, 19) - ZERO;
  if (tens > 5 || ones > 9) return 0;
  let ms = (tens * 10 + ones) * 1_000;
  let i = at + 20;
  if (load<u8>(i) == POINT) {
    i += 1;
    const fraction = i;
    for (let scale: u32 = 100; isDigit(load<u8>(i)); i++) {
      ms += (load<u8>(i) - ZERO) * scale;
      scale /= 10;
    }
    if (i == fraction) return 0;
  }
  if (load<u8>(i) != ZULU || load<u8>(i, 1) != QUOTE) return 0;
  time = minuteTime + <f64>ms;
  return i + 2;
}

/** What was read elsewhere. */
export function setTime(read: f64): void {
  time = read;
  hour = Math.floor(read / HOUR) * HOUR;
  minuteOfHour = <u32>((read - hour) / 60_000);
}
