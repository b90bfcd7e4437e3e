import { openSteps, publicUrls } from "../../rollout/sign-off.ts";
import { answered } from "../facts/sign-off.ts";
import { renderedView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

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
    const open = openSteps(attestation, view.before, namespace);
    if (open.length > 0)
      return refuses(
        `the walk is not complete: ${some(open)}`,
        "Open each URL in a browser outside the cluster, log in, and see the app itself; then sign again.",
      );
    const urls = publicUrls(view.before, namespace);
    return passes(
      urls.length === 0
        ? `${namespace} publishes no URL: there was nothing to walk.`
        : `${urls.length} public URLs walked by ${attestation.by}.`,
    );
  },
);
