import { html } from "hono/html";
import type { SignOffRequest } from "../../facts/attestation.ts";
import type { Session } from "../sessions.ts";
import { page, when, type Markup } from "./layout.ts";
import { unexercisedSection, walkSection, type WalkLines } from "./walk.ts";

const outcomes = [
  ["app-loaded", "the app loaded, and I used it"],
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
        >Open<span class="unseen"> ${url} in a new tab</span></a
      >
      <code>${url}</code>
      <span class="opened ${opened === undefined ? "wait" : "good"}"
        >${opened === undefined ? "not opened yet" : `opened ${when(opened)}`}</span
      >
    </p>
    ${choices(`outcome-${index}`, "What happened?", outcomes, opened !== undefined)}
    ${choices(`login-${index}`, "And the login?", logins, opened !== undefined)}
  </li>`;

const signedFor = (request: SignOffRequest): Markup =>
  html`<details>
    <summary>What exactly you sign</summary>
    <p>
      This record, what you say above of each address and when you opened it, and the note. Your passkey signs the
      digest of all that, and it counts only while exactly these policies are applied.
    </p>
    <dl>
      <dt>namespace</dt>
      <dd><code>${request.namespace}</code></dd>
      <dt>policies</dt>
      <dd><code>${request.policiesDigest}</code></dd>
      <dt>applied commit</dt>
      <dd><code>${request.commit}</code></dd>
      <dt>request</dt>
      <dd><code>${request.id}</code>, prepared ${when(request.createdAt)}</dd>
    </dl>
  </details>`;

/** The few lines that matter, and an act that cannot be done without looking (lesson 30). */
export const signOffPage = (view: {
  readonly request: SignOffRequest;
  readonly openings: ReadonlyMap<string, number>;
  readonly walk: WalkLines;
  readonly aboutLinks: string | null;
  readonly now: number;
  readonly session: Session | null;
}): Markup => {
  const { request, openings, walk, aboutLinks, now, session } = view;
  const { namespace, urls } = request;
  const expired = request.expiresAt <= now;
  return page(
    `Sign off ${namespace}`,
    html`<h1>Sign off <strong>${namespace}</strong></h1>
      ${
        expired
          ? html`<p class="bad" role="alert">
              This request expired ${when(request.expiresAt)}. Ask for a new one:
              <code>network-operator ask "sign off ${namespace}"</code>
            </p>`
          : html`<p class="until">Valid until ${when(request.expiresAt)}.</p>`
      }
      <p>
        Default-deny is on. Open each address from where your users are, log in, come back, and use the app. A redirect
        to a login proves nothing; you in front of the loaded app do.
      </p>
      ${aboutLinks === null ? "" : html`<p class="sample">${aboutLinks}</p>`}
      <form id="signoff" data-id="${request.id}" data-namespace="${namespace}">
        ${
          urls.length === 0
            ? html`<p>This namespace publishes no address. Say in the note what you looked at instead.</p>`
            : html`<ol class="walks">
                ${urls.map((url, index) => walkItem(request, url, index, openings.get(url)))}
              </ol>`
        }
        ${walkSection(walk)}
        <p>
          What lives in an app's own database (a redirect address typed into its settings, say) or in a browser alone is
          beyond every gate: here is where it shows, so look for it.
        </p>
        <label class="note" for="note">Note <small>(signed with the rest)</small></label>
        <textarea id="note" name="note" rows="2" maxlength="2000"></textarea>
        <p id="failed" class="bad" hidden>
          Then do not sign. Put it back first: <code>network-operator rollback ${namespace}</code>
        </p>
        <button class="primary" ${expired ? "disabled" : ""}>Sign off with my passkey</button>
        <p id="say" role="status" aria-live="polite"></p>
        <button id="again" type="button" hidden>Begin a new walk</button>
      </form>
      ${unexercisedSection(walk)} ${signedFor(request)}`,
    { scripts: ["webauthn.js", "signoff.js"], session },
  );
};
