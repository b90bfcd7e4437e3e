import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Ask: talk to the agent. Sign: sign off. Operate: enrol, and whatever a person at the terminal may do. */
export const ROLES = ["ask", "sign", "operate"] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  readonly id: string;
  readonly who: string;
  readonly roles: readonly Role[];
  /** The passkey that opened it: it lasts no longer than that is enrolled. Null: the token. */
  readonly key: string | null;
  readonly expiresAt: number;
}

const TWELVE_HOURS = 12 * 3_600_000;
const MOST = 1_000;

/** Sessions live in this process's memory alone: nothing that is stored anywhere can be presented as one. */
export interface Sessions {
  open(who: string, roles: readonly Role[], key: string | null): Session;
  find(id: string | undefined): Session | null;
  close(id: string): void;
}

export const sessions = (now: () => number = Date.now): Sessions => {
  const all = new Map<string, Session>();
  return {
    open: (who, roles, key) => {
      if (all.size >= MOST) {
        const oldest = all.keys().next().value;
        if (oldest !== undefined) all.delete(oldest);
      }
      const session = { id: randomBytes(32).toString("base64url"), who, roles, key, expiresAt: now() + TWELVE_HOURS };
      all.set(session.id, session);
      return session;
    },
    find: (id) => {
      const session = id === undefined ? undefined : all.get(id);
      if (session === undefined) return null;
      if (session.expiresAt > now()) return session;
      all.delete(session.id);
      return null;
    },
    close: (id) => {
      all.delete(id);
    },
  };
};

/** Compares in constant time, whatever the lengths. */
export const sameSecret = (a: string, b: string): boolean => {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
};
