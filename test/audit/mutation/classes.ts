import { HALVES } from "./halves.ts";
import { ABSENCES } from "./absences.ts";
import type { DefectClass } from "./kit.ts";
import { OBJECTS } from "./objects.ts";
import { PEERS } from "./peers.ts";

/** The classes of defects that a rollout meets, each planted wherever the repository has room for it. */
export const CLASSES: readonly DefectClass[] = [...HALVES, ...PEERS, ...OBJECTS, ...ABSENCES];
