import { OperatorError } from "../facts/errors.ts";

/** A head that no merge could bring in. */
export const unrelated = (head: string, branch: string, where: string): OperatorError =>
  new OperatorError("input", `${head.slice(0, 12)} shares no history with ${branch}`, {
    where,
    remedy: `Make the branch anew from ${branch}.`,
  });
