import { expected, fault, layersOf, mutantsOf, run, type Layer, type Vector } from "./vector.ts";

export interface MutantResult {
  readonly name: string;
  readonly out: readonly Layer[];
  /** What was to be seen: the next layer's code, or the effect. */
  readonly wanted: string;
  /** Null where it was seen. */
  readonly fault: string | null;
}

/** Every vector with its layers taken out one after the other: the next one refuses, and behind the last is the effect. */
export const runMutants = async (
  vectors: readonly Vector[],
  said: (result: MutantResult) => void,
): Promise<readonly MutantResult[]> => {
  const results: MutantResult[] = [];
  // One server at a time: those that need its auth come first.
  const runs = vectors
    .flatMap((vector) => mutantsOf(vector).map((out) => ({ vector, out })))
    .toSorted((a, b) => Number(a.out.has("L3")) - Number(b.out.has("L3")));
  for (const { vector, out } of runs) {
    const result = {
      name: `${vector.id} ${vector.what} (${vector.over})`,
      out: [...out],
      wanted: expected(vector, out) ?? "the effect",
      fault: fault(vector, out, await run(vector, out)),
    };
    results.push(result);
    said(result);
  }
  return results;
};

/** A layer that no vector has nothing left to show for it. */
export const layersTried = (vectors: readonly Vector[]): ReadonlySet<Layer> => new Set(vectors.flatMap(layersOf));
