import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Every page: no inline code or style, so that the content security policy can be strict. */
export const page = (title: string, body: Markup, scripts: readonly string[] = []): Markup =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · network-operator</title>
        <link rel="stylesheet" href="/assets/style.css" />
        ${scripts.map((name) => html`<script src="/assets/${name}" ${name === "webauthn.js" ? "" : "type=module"} defer></script>`)}
      </head>
      <body>
        <header><a href="/">network-operator</a></header>
        <main>${body}</main>
      </body>
    </html>`;

export const when = (time: number | null): string =>
  time === null
    ? "—"
    : new Date(time)
        .toISOString()
        .replace("T", " ")
        .replace(/:\d\d\.\d+Z$/, " UTC");
