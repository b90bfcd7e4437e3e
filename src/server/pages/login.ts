import { html } from "hono/html";
import { page, type Markup } from "./layout.ts";

export const loginPage = (next: string, failed: boolean): Markup =>
  page(
    "Log in",
    html`<h1>Log in</h1>
      <section>
        <h2>With your passkey, to sign off</h2>
        <button id="passkey" class="primary" data-next="${next}">Use my passkey</button>
        <p id="say" role="status" aria-live="polite"></p>
        <p>
          <small
            >None yet? <code>network-operator passkey enroll --name YOU</code> in the operator's terminal prints a code
            for <a href="/enrol">the enrolment page</a>.</small
          >
        </p>
      </section>
      <section>
        <h2>With the token, to ask and operate</h2>
        <form method="post" action="/login">
          <input type="hidden" name="next" value="${next}" />
          <label for="token">Token</label>
          <div class="line">
            <input id="token" name="token" type="password" autocomplete="off" required />
            <button>Log in</button>
          </div>
          ${failed ? html`<p class="bad" role="alert">That was not it.</p>` : ""}
          <p>
            <small>It stands in the file <code>token</code> of the state folder. It can never sign for a person.</small>
          </p>
        </form>
      </section>`,
    { scripts: ["webauthn.js", "login.js"] },
  );

export const enrolPage = (): Markup =>
  page(
    "Enrol a passkey",
    html`<h1>Enrol a passkey</h1>
      <p>
        The code was printed by <code>network-operator passkey enroll</code> in the operator's terminal. It works once,
        for ten minutes. The passkey stays on your device; only its public half is kept, in a file.
      </p>
      <form id="enrol">
        <label for="code">Code</label>
        <div class="line">
          <input id="code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required />
          <button class="primary">Enrol this device</button>
        </div>
      </form>
      <p id="say" role="status" aria-live="polite"></p>
      <p><a href="/login">Log in</a></p>`,
    { scripts: ["webauthn.js", "enrol.js"] },
  );
