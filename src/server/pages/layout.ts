import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Session } from "../sessions.ts";

export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

interface Frame {
  readonly scripts?: readonly string[];
  /** Whose page it is; left out where nobody is known yet. */
  readonly session?: Session | null;
}

/** Every page: no inline code or style, so that the content security policy can be strict. */
export const page = (title: string, body: Markup, { scripts = [], session = null }: Frame = {}): Markup =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · network-operator</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href="/assets/style.css" />
        ${scripts.map((name) => html`<script src="/assets/${name}" ${name === "webauthn.js" ? "" : "type=module"} defer></script>`)}
      </head>
      <body>
        <header>
          <a href="/">network-operator</a>
          ${
            session === null
              ? ""
              : html`<form method="post" action="/logout">
                  <span>${session.who === "token" ? "the operator's token" : session.who}</span>
                  <button>Log out</button>
                </form>`
          }
        </header>
        <main>${body}</main>
      </body>
    </html>`;

/** To the minute, and never mistaken for local time. */
export const when = (time: number): string =>
  new Date(time)
    .toISOString()
    .replace("T", " ")
    .replace(/:\d\d\.\d+Z$/, " UTC");

export const errorPage = (what: string, session: Session | null): Markup =>
  page(
    "Not possible",
    html`<h1>Not possible</h1>
      <p class="bad" role="alert">${what}</p>`,
    { session },
  );
