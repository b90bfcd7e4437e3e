import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Hono } from "hono";
import type { ServerEnv } from "./guard.ts";

const own = (name: string): string => readFileSync(new URL(`./assets/${name}`, import.meta.url), "utf8");

/** The browser half of the passkey library, as its package ships it. */
const webauthn = (): string => {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("@simplewebauthn/browser");
  const root = entry.slice(0, entry.lastIndexOf("@simplewebauthn"));
  return readFileSync(`${root}@simplewebauthn/browser/dist/bundle/index.umd.min.js`, "utf8");
};

/** A fixed list: no path of a request ever reaches the disk. */
export const serveAssets = (app: Hono<ServerEnv>): void => {
  const files = new Map<string, { readonly type: string; readonly text: string }>([
    ["style.css", { type: "text/css; charset=utf-8", text: own("style.css") }],
    ["webauthn.js", { type: "text/javascript; charset=utf-8", text: webauthn() }],
  ]);
  files.set("icon.svg", { type: "image/svg+xml", text: own("icon.svg") });
  for (const name of ["shared.js", "login.js", "enrol.js", "signoff.js", "console.js"])
    files.set(name, { type: "text/javascript; charset=utf-8", text: own(name) });
  app.get("/assets/:name", (c) => {
    const file = files.get(c.req.param("name"));
    if (file === undefined) return c.notFound();
    return c.body(file.text, 200, { "content-type": file.type, "cache-control": "no-cache" });
  });
};
