import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { PublicApp } from "./apps.ts";

export type Page = HtmlEscapedString | Promise<HtmlEscapedString>;

export const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem; }
aside { border-top: 1px solid #8884; margin-top: 2.5rem; padding-top: 0.5rem; font-size: 0.9rem; }
button, input { font: inherit; padding: 0.45rem 1rem; }
code { overflow-wrap: anywhere; }
`;

const page = (title: string, body: Page): Page =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <main>${body}</main>
        <aside>
          The sample cluster's front door: what you do here happens in the sample world, through its tunnel, gateways
          and policies, and takes a minute of its time. Close this tab to go back.
        </aside>
      </body>
    </html>`;

export const appPage = (app: PublicApp, user: string | null, used: boolean): Page =>
  page(
    app.name,
    html`<h1>${app.name}</h1>
      <p>
        ${user === null ? "The app has loaded." : html`Welcome back, <strong>${user}</strong>: logged in, and the app has loaded.`}
      </p>
      ${used ? html`<p>It did what it is for, and answered.</p>` : ""}
      ${app.use === null ? "" : html`<form method="post" action="/use"><button>Use it</button></form>`}`,
  );

/** Looks healthy, whatever becomes of the login: that is what a redirect is worth (lesson 8). */
export const loginPage = (back: string): Page =>
  page(
    "Log in",
    html`<h1>Log in</h1>
      <p>The identity provider asks who you are, and sends you back to <strong>${back}</strong>.</p>
      <form method="post" action="/login">
        <input type="hidden" name="back" value="${back}" />
        <label>User <input name="user" value="robin" required maxlength="40" /></label>
        <button>Log in</button>
      </form>`,
  );

export const failedPage = (app: PublicApp, stoppedAt: string): Page =>
  page(
    `${app.name}: 504`,
    html`<h1>504: upstream request timeout</h1>
      <p><strong>${app.name}</strong> did not answer in time.</p>
      <p>What the person cannot see, and Hubble can: <code>${stoppedAt}</code> was dropped.</p>`,
  );

export const notNowPage = (why: string): Page =>
  page(
    "Not now",
    html`<h1>Not now</h1>
      <p>${why}</p>`,
  );

export const nothingPage = (host: string): Page =>
  page(
    "404",
    html`<h1>404</h1>
      <p>The sample cluster's gateways know no <code>${host}</code>.</p>`,
  );
