import { html } from "hono/html";
import type { ExpectedFlow } from "../../replay/walk.ts";
import type { Walked } from "../ports.ts";
import { when, type Markup } from "./layout.ts";

/** One line of what Hubble sees of a walk. */
export interface FlowLine {
  readonly what: string;
  readonly why: string;
  /** `rest`: another way to what was seen already. */
  readonly state: "good" | "bad" | "wait" | "rest";
  readonly said: string;
}

export interface WalkLines {
  /** What the walk itself causes. */
  readonly walk: readonly FlowLine[];
  /** Configured, never seen, and caused by something else. */
  readonly unexercised: readonly { readonly what: string; readonly why: string; readonly exercise: string }[];
  /** What can be told at all. */
  readonly reading: string;
}

const nameOf = ({ source, destination, port, protocol }: ExpectedFlow): string =>
  `${source} to ${destination}, port ${port}${protocol === "TCP" ? "" : ` ${protocol}`}`;

const sightOf = ({ seen }: ExpectedFlow, since: number): Pick<FlowLine, "state" | "said"> => {
  if (seen === null) return { state: "wait", said: "not seen yet, nor ever before" };
  if (seen.at < since) return { state: "wait", said: `not seen yet; before, at ${when(seen.at)}` };
  const at = when(seen.at);
  return seen.dropped ? { state: "bad", said: `dropped at ${at}` } : { state: "good", said: `seen at ${at}` };
};

const lineOf = (flow: ExpectedFlow, since: number, reached: ReadonlySet<string>): FlowLine => {
  const sight = sightOf(flow, since);
  const isSpare = sight.state === "wait" && reached.has(flow.purpose);
  const told = isSpare ? { state: "rest" as const, said: "another way to the same, not taken" } : sight;
  return { what: nameOf(flow), why: flow.reason, ...told };
};

const readingOf = (readUntil: number | null, now: number): string => {
  if (readUntil === null)
    return "Nobody reads Hubble, so nothing can be told here: start network-operator flows collect.";
  const behind = Math.round((now - readUntil) / 60_000);
  return behind < 2
    ? "Hubble is being read."
    : `Hubble was read until ${when(readUntil)}; later flows are not known yet.`;
};

/** The same lines for the page as it is made and for the page as it watches. `since`: when the request was prepared. */
export const walkLines = ({ flows, readUntil }: Walked, since: number, now: number): WalkLines => {
  const walk = flows.filter((flow) => flow.by === "walk");
  const seen = walk.filter((flow) => sightOf(flow, since).state === "good");
  const reached = new Set(seen.map((flow) => flow.purpose));
  return {
    walk: walk.map((flow) => lineOf(flow, since, reached)),
    unexercised: flows
      .filter((flow) => flow.by === "other" && flow.seen === null)
      .map((flow) => ({ what: nameOf(flow), why: flow.reason, exercise: flow.exercise })),
    reading: readingOf(readUntil, now),
  };
};

export const walkSection = ({ walk, reading }: WalkLines): Markup =>
  html`<section aria-labelledby="flows-title">
    <h2 id="flows-title">What Hubble sees of your walk</h2>
    ${
      walk.length === 0
        ? html`<p>No route leads here and no login is configured, so a walk causes no flow of its own.</p>`
        : html`<ul class="flows">
            ${walk.map(
              (line) =>
                html`<li>
                  <code>${line.what}</code> <span class="flow ${line.state}">${line.said}</span>
                  <small>${line.why}</small>
                </li>`,
            )}
          </ul>`
    }
    <p id="reading" role="status"><small>${reading}</small></p>
  </section>`;

export const unexercisedSection = ({ unexercised }: WalkLines): Markup =>
  unexercised.length === 0
    ? html``
    : html`<details>
        <summary>
          ${String(unexercised.length)} configured
          ${unexercised.length === 1 ? "connection that nobody has" : "connections that nobody has"} ever seen, and what
          would show ${unexercised.length === 1 ? "it" : "them"}
        </summary>
        <ul>
          ${unexercised.map(
            (line) => html`<li><code>${line.what}</code> (${line.why})<br />To see it: ${line.exercise}.</li>`,
          )}
        </ul>
      </details>`;
