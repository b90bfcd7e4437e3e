import { html } from "hono/html";
import { page, type Markup } from "./layout.ts";

export const loginPage = (next: string, failed: boolean): Markup =>
  page(
    "Log in",
    html`<h1>Log in</h1>
      ${failed ? html`<p class="bad" role="alert">That was not it. The token stands in the state folder, in the file <code>token</code>.</p>` : ""}
      <section>
        <h2>With your passkey, to sign off</h2>
        <button id="passkey" data-next="${next}">Use my passkey</button>
        <p id="say" role="status"></p>
      </section>
      <section>
        <h2>With the token, to ask and operate</h2>
        <form method="post" action="/login">
          <input type="hidden" name="next" value="${next}" />
          <label>Token <input name="token" type="password" autocomplete="off" required /></label>
          <button>Log in</button>
        </form>
      </section>`,
    ["webauthn.js", "login.js"],
  );

export const enrolPage = (): Markup =>
  page(
    "Enrol a passkey",
    html`<h1>Enrol a passkey</h1>
      <p>
        The code was printed by <code>network-operator passkey enroll</code> in the operator's terminal. It works once,
        for ten minutes.
      </p>
      <form id="enrol">
        <label>Code <input name="code" autocomplete="off" autocapitalize="characters" required /></label>
        <button>Enrol this device</button>
      </form>
      <p id="say" role="status"></p>`,
    ["webauthn.js", "enrol.js"],
  );
