import type { WalkedUrl } from "../../facts/attestation.ts";
import { answered, hostsWithLogin, publicUrls } from "../facts/sign-off.ts";
import { renderedView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : url);

const wrong = (url: string, walk: WalkedUrl | undefined, login: boolean): string | null => {
  if (walk === undefined) return `${url} was not walked`;
  if (!walk.external) return `${url} was not opened from outside`;
  if (walk.outcome !== "app-loaded")
    return `${url}: ${walk.outcome === "failed" ? "the app did not load" : "not tried"}`;
  if (walk.login === "not-completed") return `${url}: the login did not come back to a loaded app`;
  if (login && walk.login !== "completed") return `${url} has a login, and nobody completed it`;
  return null;
};

/** A 302 is not a login, and a request from inside is not the user's path: only a person's walk counts. */
export const externalPath = gate(
  "external-path",
  {
    title: "a person walked every public URL to a loaded app, logins included",
    lessons: [8],
    depth: "full",
    needs: ["request", "attestations", "inventory"],
  },
  (facts) => {
    if (!facts.attestations.known) return refusesUnknown("Who walked what", facts.attestations);
    const view = renderedView(facts);
    if (view === null)
      return refuses(
        "which URLs the namespace publishes cannot be told: it does not build",
        "Make the repository build.",
      );
    const attestation = answered(facts);
    if (attestation === null)
      return refuses("there is no sign-off with that id for this namespace", "Walk the page again and sign there.");
    const { namespace } = facts.request;
    const urls = [...new Set([...publicUrls(view.before, namespace), ...attestation.request.urls])];
    const byHost = new Map(attestation.walked.map((w) => [hostOf(w.url), w]));
    const logins = hostsWithLogin(view.before, namespace);
    const open = urls
      .map((url) => wrong(url, byHost.get(hostOf(url)), logins.has(hostOf(url))))
      .filter((w) => w !== null);
    if (open.length > 0)
      return refuses(
        `the walk is not complete: ${some(open)}`,
        "Open each URL in a browser outside the cluster, log in, and see the app itself; then sign again.",
      );
    return passes(
      urls.length === 0
        ? `${namespace} publishes no URL: there was nothing to walk.`
        : `${urls.length} public URLs walked by ${attestation.by}.`,
    );
  },
);
