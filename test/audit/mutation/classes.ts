import { ABSENCES } from "./absences.ts";
import { DENIES } from "./denies.ts";
import { EDGES } from "./edges.ts";
import { HALVES } from "./halves.ts";
import type { DefectClass } from "./kit.ts";
import { NUMBERS } from "./numbers.ts";
import { OBJECTS } from "./objects.ts";
import { PEERS } from "./peers.ts";
import { REWRITES } from "./rewrites.ts";
import { SPELLINGS } from "./spellings.ts";

/** The classes of defects that a rollout meets, each planted wherever the repository has room for it. */
export const USUAL: readonly DefectClass[] = [...HALVES, ...PEERS, ...OBJECTS, ...ABSENCES];

/** Rarer words for the same slips, and the rest of what a policy can say. */
export const RARER: readonly DefectClass[] = [...SPELLINGS, ...NUMBERS, ...DENIES, ...REWRITES, ...EDGES];

export const CLASSES: readonly DefectClass[] = [...USUAL, ...RARER];
