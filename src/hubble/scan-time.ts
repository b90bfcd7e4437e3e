import { QUOTE, has, pattern } from "./scan-bytes.ts";

const digit = (bytes: Uint8Array, at: number): number => {
  const d = (bytes[at] ?? 0) - 0x30;
  return d <= 9 ? d : -1;
};

export interface TimeReader {
  /** Milliseconds since the epoch. */
  read(bytes: Buffer, at: number, end: number): number;
  /** Position after what was read; -1 when it is printed in any other way than Hubble does. */
  after(): number;
}

/** `2026-05-17T09:30:01.123456789Z`: the minute is parsed once and then recognised. */
export const timeReader = (): TimeReader => {
  let minute = pattern(new Uint8Array(17));
  let minuteTime = Number.NaN;
  let after = -1;

  const read = (bytes: Buffer, at: number, end: number): number => {
    after = -1;
    if (bytes[at] !== QUOTE || at + 22 > end) return Number.NaN;
    if (!has(bytes, at + 1, minute)) {
      const text = bytes.toString("latin1", at + 1, at + 18);
      if (!/^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:$/.test(text)) return Number.NaN;
      minuteTime = Date.parse(`${text}00Z`);
      if (Number.isNaN(minuteTime)) return Number.NaN;
      minute = pattern(bytes.subarray(at + 1, at + 18));
    }
    const [tens, ones] = [digit(bytes, at + 18), digit(bytes, at + 19)];
    if (tens < 0 || tens > 5 || ones < 0) return Number.NaN;
    let ms = (tens * 10 + ones) * 1_000;
    let i = at + 20;
    if (bytes[i] === 0x2e) {
      i += 1;
      for (let scale = 100; ; scale = scale === 100 ? 10 : scale === 10 ? 1 : 0) {
        const d = digit(bytes, i);
        if (d < 0) break;
        ms += d * scale;
        i += 1;
      }
      if (i === at + 21) return Number.NaN;
    }
    if (bytes[i] !== 0x5a || bytes[i + 1] !== QUOTE) return Number.NaN;
    after = i + 2;
    return minuteTime + ms;
  };

  return { read, after: () => after };
};
