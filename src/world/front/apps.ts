import { JOURNEYS } from "../scenario/areas.ts";

/** What a person can do at one public name: journeys of the scenario, by what they begin with. */
export interface PublicApp {
  readonly name: string;
  /** Opening it, where that is a journey of its own. */
  readonly open: string | null;
  /** The way through the identity provider and back. */
  readonly login: string | null;
  /** Using it beyond its first page. */
  readonly use: string | null;
}

const ids = new Set(JOURNEYS.map((journey) => journey.id));
const first = (...wanted: readonly string[]): string | null => wanted.find((id) => ids.has(id)) ?? null;

/** Somebody who comes from outside comes through the tunnel, wherever there is a way through it. */
export const appOf = (name: string): PublicApp | null => {
  const app = {
    name,
    open: first(`browse ${name} outside`, `browse ${name}`),
    login: first(`login ${name}`),
    use: first(`query ${name}`),
  };
  return app.open === null && app.login === null ? null : app;
};
