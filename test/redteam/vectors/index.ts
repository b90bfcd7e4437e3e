import type { Vector } from "../vector.ts";
import { caller } from "./caller.ts";
import { contributor } from "./contributor.ts";
import { http } from "./http.ts";
import { jumps, jumpsPerEffect } from "./jumps.ts";
import { store } from "./store.ts";

export const VECTORS: readonly Vector[] = [...jumps, ...caller, ...contributor, ...store, ...http];

/** One lane of each effect: what `npm test` has time for. `npm run redteam` tries them all. */
export const BRIEF: readonly Vector[] = [...jumpsPerEffect, ...caller, ...contributor, ...store, ...http];
