import type { CheckReader, ForgeReader, GreenWriter } from "../../facts/ports.ts";
import { greenWord } from "../../rollout/pull-request/check.ts";
import { spend, type Clearance } from "../clearance.ts";
import type { EffectOutcome } from "./outcome.ts";

/**
 * Green on exactly the commit whose bytes the door judged, on top of the main that it read. Looks first: where this word
 * stands there already, nothing is written.
 */
export const postGreen = async (
  clearance: Clearance,
  { forge, check }: { forge: ForgeReader; check: { readonly read: CheckReader; readonly green: GreenWriter } },
): Promise<EffectOutcome> => {
  const { facts, base, decisions } = spend(clearance);
  if (facts.reported === null)
    return {
      kind: "refused",
      refusals: [{ gate: "door", reason: "no pull request was judged", lesson: null, remedy: "Ask for its check." }],
    };
  const { pullRequest, head } = facts.reported;
  const { number } = pullRequest;
  if ((await forge.head()) !== base) return { kind: "again", why: `${forge.defaultBranch} moved` };
  const now = (await forge.pullRequests({ state: "open" })).find((pull) => pull.number === number);
  if (now?.head !== head) return { kind: "again", why: `pull request #${number} was pushed to or closed` };
  const word = greenWord({ base, decisions });
  const said = await check.read.check(head);
  const done = { kind: "green", number, head, summary: word.summary } as const;
  if (said?.state === "success" && said.summary === word.summary) return { ...done, adopted: true };
  await check.green.green({ head, ...word });
  return { ...done, adopted: false };
};
