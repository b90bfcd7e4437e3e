import * as fc from "fast-check";
import { BARRIERS, isBarrier, type BarrierError } from "../../../src/facts/barrier.ts";
import { OperatorError } from "../../../src/facts/errors.ts";
import { openArena, type Arena } from "./arena.ts";
import { libraryHands, type Hands } from "./hands.ts";
import { openHttp } from "./http-hands.ts";
import { httpMove, libraryMove, scenario, serveMove, type Move, type Scenario } from "./moves.ts";
import { perform } from "./perform.ts";
import { openServe } from "./serve-hands.ts";

/** What came of many attempts. */
export interface Tally {
  attempts: number;
  /** Attempts that got as far as a door, and of those the ones on a sealed graph. */
  doors: number;
  sealedDoors: number;
  /** Writes that reached the world, each behind its gates. */
  effects: number;
  /** Attempts that a barrier refused, by its code or status. */
  readonly refused: Map<string, number>;
  /** Errors that are nobody's refusal: a defect, if one of ours is among them. */
  readonly strange: Map<string, number>;
}

export const newTally = (): Tally => ({
  attempts: 0,
  doors: 0,
  sealedDoors: 0,
  effects: 0,
  refused: new Map(),
  strange: new Map(),
});

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

const note = (tally: Tally, error: unknown): void => {
  if (isBarrier(error)) return;
  if (error instanceof OperatorError) count(tally.refused, error.kind);
  else if (typeof error === "object" && error !== null && "status" in error)
    count(tally.refused, `HTTP ${String(error.status)}`);
  else if (error instanceof Error)
    count(tally.strange, `${error.name}: ${error.message.split("\n")[0]?.slice(0, 120) ?? ""}`);
  else count(tally.strange, typeof error);
};

const movesOf = (step: Scenario["steps"][number]): readonly Move[] => (step.do === "both" ? step.moves : [step]);

/** Plays one scenario, and throws when anything was written that its gates had not passed. */
export const play = async (
  made: Scenario,
  tally: Tally,
  open: (made: Scenario) => Promise<{ readonly arena: Arena; readonly hands: Hands }>,
): Promise<void> => {
  const { arena, hands } = await open(made);
  const hear = (barrier: unknown): void => count(tally.refused, (barrier as BarrierError).code);
  BARRIERS.subscribe(hear);
  try {
    await playSteps(made, tally, arena, hands);
  } finally {
    BARRIERS.unsubscribe(hear);
  }
};

const playSteps = async (made: Scenario, tally: Tally, arena: Arena, hands: Hands): Promise<void> => {
  for (const step of made.steps) {
    const before = arena.doors();
    const tried = await Promise.allSettled(movesOf(step).map((move) => perform(arena, hands, move)));
    tally.attempts += tried.length;
    for (const result of tried) if (result.status === "rejected") note(tally, result.reason);
    const reached = Math.min(tried.length, arena.doors() - before);
    tally.doors += reached;
    if (made.sealed) tally.sealedDoors += reached;
    const bad = arena.watch.effects.find(({ fault }) => fault !== null);
    if (bad !== undefined) throw new Error(`an effect without clearance: ${bad.what}: ${bad.fault}`);
  }
  tally.effects += arena.watch.effects.length;
};

export const openLibrary = async (made: Scenario): Promise<{ readonly arena: Arena; readonly hands: Hands }> => {
  const arena = openArena(made);
  return { arena, hands: libraryHands(arena.graph) };
};

const ROUND = 50;
/** Moves of a scenario, about. */
const MOVES = 3.7;

/** Plays scenarios until so many attempts were made; a failure is shrunk, and named with its seed. */
export const playMany = async (options: {
  readonly attempts: number;
  readonly seed: number;
  readonly tally: Tally;
  readonly by: WayIn;
  readonly said?: (tally: Tally) => void;
}): Promise<void> => {
  const { tally, by } = options;
  const { scenarios, open } = WAYS_IN[by];
  const wanted = tally.attempts + options.attempts;
  for (let round = 0; tally.attempts < wanted; round += 1) {
    const property = fc.asyncProperty(scenarios, (made) => play(made, tally, open));
    const numRuns = Math.min(ROUND, Math.ceil((wanted - tally.attempts) / MOVES));
    await fc.assert(property, { seed: options.seed + round, numRuns });
    options.said?.(tally);
  }
};

/** Where attempts come in. */
export const WAYS_IN = {
  library: { scenarios: scenario(libraryMove, fc.boolean()), open: openLibrary },
  langgraph: { scenarios: scenario(httpMove, fc.constant(true)), open: openHttp },
  serve: { scenarios: scenario(serveMove, fc.constant(true)), open: openServe },
} as const;
export type WayIn = keyof typeof WAYS_IN;

/** Upper end of the 95 % interval of a rate when none was seen in so many tries. */
export const upperBound = (tries: number): number => 1 - 0.05 ** (1 / Math.max(1, tries));
