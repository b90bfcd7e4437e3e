import type { End } from "./ends.ts";

/** What drives a browser engine follows every announcement of HTTP/3, inside the cluster as on the net. */
const BROWSER =
  /chrom(?:e|ium)|firefox|browser(?!ify)|playwright|puppeteer|selenium|flaresolverr|byparr|camoufox|kasmweb|webtop/i;

export const isBrowser = (end: End): boolean =>
  [end.id, ...(end.pod?.fact.containers ?? []).flatMap((c) => [c.name, c.image ?? ""])].some((text) =>
    BROWSER.test(text),
  );
