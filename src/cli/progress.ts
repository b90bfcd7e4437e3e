/** What a long step does and how far it is. Shown on a terminal, silent elsewhere. */
export interface Progress {
  /** Replaces the line that stands; `done` of `total`, where the end is known. */
  step(what: string, done?: number, total?: number): void;
  /** Takes the line away. */
  clear(): void;
}

const WIDTH = 24;

const bar = (share: number): string => {
  const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
  return `${"█".repeat(full)}${"░".repeat(WIDTH - full)}`;
};

export const progressOn = (stream: NodeJS.WriteStream): Progress => {
  if (!stream.isTTY) return { step: () => undefined, clear: () => undefined };
  let shown = 0;
  return {
    step: (what, done, total) => {
      const now = performance.now();
      const finished = done !== undefined && done === total;
      if (now - shown < 80 && !finished) return;
      shown = now;
      const meter =
        done === undefined || total === undefined || total === 0
          ? ""
          : ` ${bar(done / total)} ${Math.floor((100 * done) / total)} %`;
      const line = `${what}${meter}`.slice(0, (stream.columns ?? 80) - 1);
      stream.write(`\r\u001b[2K${line}`);
    },
    clear: () => {
      if (shown > 0) stream.write("\r\u001b[2K");
    },
  };
};
