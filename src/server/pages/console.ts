import { html } from "hono/html";
import type { SignOffRequest } from "../../facts/attestation.ts";
import type { StatusReport } from "../../facts/status.ts";
import type { Session } from "../sessions.ts";
import { page, when, type Markup } from "./layout.ts";

type Row = StatusReport["namespaces"][number];

/** A forge's own address, where it is one that a browser opens. */
const pullRequest = ({ pullRequest }: Row): Markup | string => {
  if (pullRequest === null) return "";
  const { number, url } = pullRequest;
  return /^https?:\/\//.test(url) ? html`<a href="${url}" rel="noreferrer">#${number}</a>` : `#${number}`;
};

const policies = ({ policies }: Row): Markup | string =>
  policies.length === 0
    ? ""
    : html`<details>
        <summary>${String(policies.length)}</summary>
        <ul>
          ${policies.map(({ kind, name, file, line }) => html`<li>${kind} <code>${name}</code> <small>${file}:${String(line)}</small></li>`)}
        </ul>
      </details>`;

const waits = ({ stage, waitingFor }: Row): string => {
  if (waitingFor !== null) return `${waitingFor.what}: ${waitingFor.detail}`;
  return stage === "surveyed" ? "nobody: its turn has come" : "";
};

const row = (one: Row): Markup =>
  html`<tr>
    <th scope="row"><code>${one.name}</code></th>
    <td data-name="stage"><span class="stage ${one.stage}">${one.stage}</span></td>
    <td data-name="waits for">${waits(one)}</td>
    <td data-name="pull request">${pullRequest(one)}</td>
    <td data-name="policies">${policies(one)}</td>
  </tr>`;

const table = (rows: readonly Row[], title: string): Markup =>
  rows.length === 0
    ? html``
    : html`<table>
        <caption>
          ${title}
        </caption>
        <thead>
          <tr>
            <th scope="col">namespace</th>
            <th scope="col">stage</th>
            <th scope="col">waits for</th>
            <th scope="col">pull request</th>
            <th scope="col">policies</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(row)}
        </tbody>
      </table>`;

const asks = (pending: readonly SignOffRequest[], session: Session | null): Markup =>
  pending.length === 0
    ? html``
    : html`<section class="ask" aria-labelledby="person">
        <h2 id="person">Waiting for a person</h2>
        <ul>
          ${pending.map(
            (request) =>
              html`<li>
                <a href="/signoff/${request.id}">Sign off <strong>${request.namespace}</strong></a
                >, until ${when(request.expiresAt)}
              </li>`,
          )}
        </ul>
        ${
          session?.roles.includes("sign") === true
            ? ""
            : html`<p><small>Signing needs a passkey: log out, and log in with yours.</small></p>`
        }
      </section>`;

const dropped = (reports: NonNullable<StatusReport["drops"]>): Markup =>
  reports.length === 0
    ? html``
    : html`<section class="ask" aria-labelledby="drops">
        <h2 id="drops">New drops</h2>
        ${reports.map(
          ({ namespace, pullRequest, drops, remedy }) =>
            html`<p><strong>${namespace}</strong>, since pull request #${String(pullRequest)} was merged. ${remedy}</p>
              <ul>
                ${drops
                  .slice(0, 20)
                  .map(
                    ({ source, destination, port, protocol, flows, lastSeen }) =>
                      html`<li>
                        <code>${source} → ${destination} ${String(port)}/${protocol}</code>: ${String(flows)} flows,
                        last ${when(Date.parse(lastSeen))}
                      </li>`,
                  )}
              </ul>`,
        )}
      </section>`;

/** Untouched: nothing is proposed for them, and nothing is waited for but their turn. */
const AT_REST: ReadonlySet<Row["stage"]> = new Set(["surveyed", "waiting", "out-of-scope", "suspended", "carved-out"]);

/** What needs a person first, then what is under way, then the rest. */
export const consolePage = (view: {
  readonly report: StatusReport;
  readonly pending: readonly SignOffRequest[];
  readonly session: Session | null;
}): Markup => {
  const { report, pending, session } = view;
  const underWay = report.namespaces.filter(({ stage }) => !AT_REST.has(stage));
  const atRest = report.namespaces.filter(({ stage }) => AT_REST.has(stage));
  return page(
    "Console",
    html`<h1>Rollouts</h1>
      ${dropped(report.drops ?? [])} ${asks(pending, session)}
      <form id="ask">
        <label for="text">Ask</label>
        <div class="line">
          <input id="text" name="text" maxlength="4000" placeholder="lock down selfhosted" required />
          <button>Send</button>
        </div>
        <div id="say" role="status" aria-live="polite"></div>
      </form>
      ${table(underWay, "Under way, enforced or signed off")} ${table(atRest, "Not begun, or set aside")}
      <p><small>As of ${when(Date.parse(report.clock))}, computed when this page was opened.</small></p>`,
    { scripts: ["console.js"], session },
  );
};
