import { html } from "hono/html";
import type { SignOffRequest } from "../../facts/attestation.ts";
import type { ExpectedFlow } from "../ports.ts";
import { page, when, type Markup } from "./layout.ts";

const outcomes = [
  ["app-loaded", "the app loaded and I used it"],
  ["failed", "it failed"],
] as const;

const logins = [
  ["completed", "I logged in and came back to the app"],
  ["none", "it has no login"],
  ["not-completed", "the login did not complete"],
] as const;

const choices = (
  name: string,
  legend: string,
  options: readonly (readonly [string, string])[],
  enabled: boolean,
): Markup =>
  html`<fieldset ${enabled ? "" : "disabled"}>
    <legend>${legend}</legend>
    ${options.map(
      ([value, label]) => html`<label><input type="radio" name="${name}" value="${value}" required /> ${label}</label>`,
    )}
  </fieldset>`;

const walkItem = (request: SignOffRequest, url: string, index: number, opened: number | undefined): Markup =>
  html`<li class="walk" data-url="${url}">
    <p>
      <a class="button" href="/signoff/${request.id}/open/${String(index)}" target="_blank" rel="noreferrer noopener"
        >Open</a
      >
      <code>${url}</code>
      ${opened === undefined ? html`<span class="wait">not opened yet</span>` : html`<span class="good">opened ${when(opened)}</span>`}
    </p>
    ${choices(`outcome-${index}`, "What happened?", outcomes, opened !== undefined)}
    ${choices(`login-${index}`, "And the login?", logins, opened !== undefined)}
  </li>`;

/** The few lines that matter, and an act that cannot be done without looking (lesson 30). */
export const signOffPage = (view: {
  readonly request: SignOffRequest;
  readonly openings: ReadonlyMap<string, number>;
  readonly expected: readonly ExpectedFlow[];
  readonly now: number;
}): Markup => {
  const { request, openings, expected, now } = view;
  const expired = request.expiresAt <= now;
  return page(
    `Sign off ${request.namespace}`,
    html`<h1>Sign off <strong>${request.namespace}</strong></h1>
      ${expired ? html`<p class="bad" role="alert">This request expired ${when(request.expiresAt)}. Ask for a new one.</p>` : ""}
      <p>
        Open each address below, from where your users are, and walk the real path: log in, come back, use the app. A
        redirect to a login page proves nothing; only you in front of the loaded app does. What lives in an app's own
        database or in a browser alone is beyond every other check: here is where it shows.
      </p>
      <form id="signoff" data-id="${request.id}">
        ${
          request.urls.length === 0
            ? html`<p>This namespace publishes no address. Say in the note what you looked at instead.</p>`
            : html`<ol>
                ${request.urls.map((url, index) => walkItem(request, url, index, openings.get(url)))}
              </ol>`
        }
        <h2>What Hubble sees of your walk</h2>
        ${
          expected.length === 0
            ? html`<p>No flow is expected from this walk.</p>`
            : html`<table>
                <tbody>
                  ${expected.map(
                    (flow) =>
                      html`<tr class="${flow.seenAt === null ? "wait" : "good"}">
                        <td>${flow.what}</td>
                        <td>${flow.seenAt === null ? "not seen yet" : `seen ${when(flow.seenAt)}`}</td>
                      </tr>`,
                  )}
                </tbody>
              </table>`
        }
        <label class="note">Note <textarea name="note" rows="2" maxlength="2000"></textarea></label>
        <h2>What you sign</h2>
        <dl>
          <dt>namespace</dt>
          <dd><code>${request.namespace}</code></dd>
          <dt>policies</dt>
          <dd><code>${request.policiesDigest}</code></dd>
          <dt>applied commit</dt>
          <dd><code>${request.commit}</code></dd>
          <dt>valid until</dt>
          <dd>${when(request.expiresAt)}</dd>
        </dl>
        <button ${expired ? "disabled" : ""}>Sign off with my passkey</button>
        <p id="say" role="status"></p>
      </form>`,
    ["webauthn.js", "signoff.js"],
  );
};
