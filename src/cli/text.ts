import type { DropReport } from "../facts/status.ts";
import { stripVTControlCharacters } from "node:util";

/** Text from elsewhere, for a terminal: no control characters, so that a label cannot move the cursor or hide a line. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\t\n]|\p{Bidi_Control}/gu, "�");

/** Columns as wide as their widest cell; the last one runs free. */
export const table = (rows: readonly (readonly string[])[], head?: readonly string[]): string => {
  const all = head === undefined ? rows : [head, ...rows];
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...all.map((row) => (row[i] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** `3 h 20 min`, for people. */
export const duration = (milliseconds: number): string => {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
};

/** New drops of one namespace: the connections, and the way out. */
export const dropLines = ({ namespace, since, pullRequest, drops, remedy }: DropReport): readonly string[] =>
  [
    `${namespace}: new drops since pull request #${pullRequest} was merged (${since})`,
    ...drops
      .slice(0, 10)
      .map((d) => `  ${d.source} -> ${d.destination} ${d.port}/${d.protocol}: ${d.flows} flows, last ${d.lastSeen}`),
    ...(drops.length > 10 ? [`  and ${drops.length - 10} more`] : []),
    `  ${remedy}`,
  ].map(printable);
