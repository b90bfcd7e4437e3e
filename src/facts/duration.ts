import { OperatorError } from "./errors.ts";

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST = 120 * 86_400_000;

/** `+24h`, `+90m`, `+7d`, in milliseconds. */
export const parseTurn = (text: string): number => {
  const match = /^\+?(\d{1,4})(m|h|d)$/.exec(text);
  const span = Number(match?.[1] ?? 0) * (UNITS[match?.[2] ?? ""] ?? 0);
  if (span > 0 && span <= LONGEST) return span;
  throw new OperatorError("input", `${JSON.stringify(text)} is no time to turn the clock by`, {
    remedy: "Write +90m, +24h or +7d, up to 120 days at a time.",
  });
};
