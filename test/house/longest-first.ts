import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders whose files take a minute: begun first, so that no core waits for them at the end. */
const LONG = [/\/test\/story\//, /\/test\/evals\//, /\/test\/(?:cli|house)\//, /\/test\/graph\/effects\//];

/** Looks at what the incidents make: begun among the last, it waits for none of them. */
const LATER = /\/test\/evals\/coverage\./;

const rank = ({ moduleId }: TestSpecification): number => {
  if (LATER.test(moduleId)) return LONG.length;
  const at = LONG.findIndex((folder) => folder.test(moduleId));
  return at < 0 ? LONG.length : at;
};

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
