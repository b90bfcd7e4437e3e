import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { softKey } from "../test/signoff/authenticator.ts";
import type { Setting } from "../src/compose.ts";
import type { Clock } from "../src/facts/clock.ts";
import { printKeys } from "../src/signoff/keys.ts";
import { attestationOf, challengeOf, statementOf, type Said, type WalkStep } from "../src/signoff/record.ts";
import { relyingParty } from "../src/signoff/verify.ts";
import { openSignOffStore } from "../src/store/signoff.ts";
import type { Walk } from "./incident.ts";

const partyOf = ({ config }: Setting) =>
  relyingParty(config.signoff.publicUrl ?? `http://localhost:${config.server.port}`);

/**
 * What a person does on the page, without the browser: opens each address from it, says what was seen, and signs with an
 * enrolled passkey. Returns the attestation's id, which is all that goes back to the lane.
 */
export const walkAndSign = (setting: Setting, clock: Clock, namespace: string, walk: Walk): string => {
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), clock);
  try {
    const [request] = store.unanswered(namespace);
    if (request === undefined) throw new Error(`nobody was asked to sign ${namespace} off`);
    const enrolled = softKey("robin");
    writeFileSync(setting.config.signoff.keys ?? join(setting.state, "passkeys.yaml"), printKeys([enrolled.enrolled]));
    const steps = request.urls.map((url): WalkStep => {
      const odd = walk.but.find((entry) => entry.url === url);
      if (odd?.opened !== false) store.opened(request.id, url);
      const openedAt = store.openings(request.id).get(url) ?? 0;
      return { url, outcome: odd?.outcome ?? "app-loaded", login: odd?.login ?? "none", openedAt };
    });
    const said: Said = { request, walk: steps, note: "", signedAt: clock.now() };
    const { id, response } = enrolled.sign(challengeOf(statementOf(said)), partyOf(setting));
    const { clientDataJSON, authenticatorData, signature } = response;
    const body = attestationOf(said, { id, clientDataJSON, authenticatorData, signature });
    if (body === null) throw new Error(`${namespace}: what was signed is no attestation`);
    store.putAttestation({ id: body.id, request: request.id, body });
    return body.id;
  } finally {
    store.dispose();
  }
};

/** Attestations that were spent: what must not grow where an attempt is held. */
export const recordedSignOffs = (setting: Setting, clock: Clock): readonly string[] => {
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), clock);
  try {
    return store.recorded().map(({ attestation }) => attestation);
  } finally {
    store.dispose();
  }
};
