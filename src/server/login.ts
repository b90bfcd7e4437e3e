import { randomBytes } from "node:crypto";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from "@simplewebauthn/server";
import type { Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { keyById } from "../signoff/keys.ts";
import { cookieName, type ServerContext, type ServerEnv } from "./guard.ts";
import { enrolPage, loginPage } from "./pages/login.ts";
import type { SignOffDesk } from "./ports.ts";
import { sameSecret, type Role, type Sessions } from "./sessions.ts";
import { tickets } from "./tickets.ts";

/**
 * ES256, EdDSA, RS256 (COSE numbers): what every Node 24 verifies. A key is written down once and verified for years, so
 * what a runtime still calls experimental is not among them.
 */
const ALGORITHMS = [-7, -8, -257] as const;

/** Only a path of this site: a link that logs somebody in must not lead them elsewhere. */
const homePath = (next: unknown): string =>
  typeof next === "string" && /^\/(?![/\\])[\w\-./]*$/.test(next) ? next : "/";

const assertionBody = z.object({ challenge: z.string().max(200), assertion: z.looseObject({ id: z.string() }) });
const codeBody = z.object({ code: z.string().max(40) });
const enrolBody = z.object({ ticket: z.string().max(100), registration: z.looseObject({ id: z.string() }) });

export const loginRoutes = (
  app: Hono<ServerEnv>,
  options: {
    readonly desk: SignOffDesk;
    readonly sessions: Sessions;
    readonly token: string;
    readonly secure: boolean;
    readonly now: () => number;
  },
): void => {
  const { desk, sessions } = options;
  const challenges = tickets<true>(options.now);
  const enrolments = tickets<{ readonly name: string; readonly challenge: string }>(options.now);

  const cookie = cookieName(options.secure);

  const start = (c: ServerContext, who: string, roles: readonly Role[], key: string | null): void => {
    const before = c.get("session");
    if (before !== null) sessions.close(before.id);
    const session = sessions.open(who, roles, key);
    setCookie(c, cookie, session.id, {
      httpOnly: true,
      sameSite: "Strict",
      secure: options.secure,
      path: "/",
      maxAge: 12 * 3600,
    });
  };

  app.get("/login", (c) => c.html(loginPage(homePath(c.req.query("next")), false)));

  app.post("/login", async (c) => {
    const form = await c.req.parseBody();
    const token = form["token"];
    if (typeof token !== "string" || !sameSecret(token.trim(), options.token))
      return c.html(loginPage(homePath(form["next"]), true), 401);
    start(c, "token", ["ask", "operate"], null);
    return c.redirect(homePath(form["next"]), 303);
  });

  app.post("/logout", (c) => {
    const session = c.get("session");
    if (session !== null) sessions.close(session.id);
    deleteCookie(c, cookie, { path: "/", secure: options.secure });
    return c.redirect("/login", 303);
  });

  app.post("/login/passkey/options", async (c) => {
    const made = await generateAuthenticationOptions({ rpID: desk.party.id, userVerification: "required" });
    challenges.put(made.challenge, true);
    return c.json(made);
  });

  app.post("/login/passkey", async (c) => {
    const body = assertionBody.safeParse(await c.req.json().catch(() => null));
    if (!body.success || challenges.take(body.data.challenge) === null)
      return c.json({ error: "That challenge is unknown or too old; try again." }, 400);
    const assertion = body.data.assertion as unknown as AuthenticationResponseJSON;
    const key = keyById(await desk.keys(), assertion.id);
    if (key === null || key.revokedAt !== null) return c.json({ error: "This passkey is not enrolled here." }, 403);
    const verified = await verifyAuthenticationResponse({
      response: assertion,
      expectedChallenge: body.data.challenge,
      expectedOrigin: desk.party.origin,
      expectedRPID: desk.party.id,
      requireUserVerification: true,
      credential: { id: key.id, publicKey: new Uint8Array(Buffer.from(key.publicKey, "base64url")), counter: 0 },
    }).catch(() => ({ verified: false }));
    if (!verified.verified) return c.json({ error: "The passkey's answer does not verify." }, 403);
    start(c, key.name, ["ask", "sign"], key.id);
    return c.json({ name: key.name });
  });

  app.get("/enrol", (c) => c.html(enrolPage()));

  app.post("/enrol/options", async (c) => {
    const body = codeBody.safeParse(await c.req.json().catch(() => null));
    const name = body.success ? await desk.useCode(body.data.code) : null;
    if (name === null) return c.json({ error: "That code is wrong, used or too old." }, 403);
    const optionsJSON = await generateRegistrationOptions({
      rpName: "network-operator",
      rpID: desk.party.id,
      userName: name,
      attestationType: "none",
      supportedAlgorithmIDs: [...ALGORITHMS],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: (await desk.keys()).map((key) => ({ id: key.id })),
    });
    const ticket = randomBytes(16).toString("base64url");
    enrolments.put(ticket, { name, challenge: optionsJSON.challenge });
    return c.json({ optionsJSON, ticket });
  });

  app.post("/enrol", async (c) => {
    const body = enrolBody.safeParse(await c.req.json().catch(() => null));
    const pending = body.success ? enrolments.take(body.data.ticket) : null;
    if (!body.success || pending === null)
      return c.json({ error: "This enrolment is too old; ask for a new code." }, 400);
    const result = await verifyRegistrationResponse({
      response: body.data.registration as unknown as RegistrationResponseJSON,
      expectedChallenge: pending.challenge,
      expectedOrigin: desk.party.origin,
      expectedRPID: desk.party.id,
      requireUserVerification: true,
    }).catch(() => ({ verified: false as const }));
    if (!result.verified || !("registrationInfo" in result))
      return c.json({ error: "The passkey's answer does not verify." }, 403);
    const { credential } = result.registrationInfo;
    await desk.enrol({
      id: credential.id,
      name: pending.name,
      publicKey: Buffer.from(credential.publicKey).toString("base64url"),
      enrolledAt: new Date(options.now()).toISOString(),
      revokedAt: null,
    });
    return c.json({ name: pending.name });
  });
};
