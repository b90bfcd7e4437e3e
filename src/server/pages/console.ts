import { html } from "hono/html";
import type { SignOffRequest } from "../../facts/attestation.ts";
import type { StatusReport } from "../../facts/status.ts";
import { page, when, type Markup } from "./layout.ts";

export const consolePage = (report: StatusReport, pending: readonly SignOffRequest[]): Markup =>
  page(
    "Console",
    html`<h1>Rollouts</h1>
      ${
        pending.length === 0
          ? ""
          : html`<section class="ask">
              <h2>Waiting for a person</h2>
              <ul>
                ${pending.map(
                  (request) =>
                    html`<li>
                      <a href="/signoff/${request.id}">Sign off ${request.namespace}</a>, until
                      ${when(request.expiresAt)}
                    </li>`,
                )}
              </ul>
            </section>`
      }
      <p>The clock says ${report.clock}.</p>
      <table>
        <thead>
          <tr>
            <th>namespace</th>
            <th>stage</th>
            <th>policies</th>
            <th>pull request</th>
            <th>waits for</th>
          </tr>
        </thead>
        <tbody>
          ${report.namespaces.map(
            (row) =>
              html`<tr>
                <td><code>${row.name}</code></td>
                <td>${row.stage}</td>
                <td>${String(row.policies.length)}</td>
                <td>${row.pullRequest === null ? "" : `#${row.pullRequest.number}`}</td>
                <td>${row.waitingFor === null ? "" : `${row.waitingFor.what}: ${row.waitingFor.detail}`}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
  );
