import { OperatorError } from "../../facts/errors.ts";

/** One thing the agent relies on. `ok: null`: not configured, or nobody can tell. */
export interface Check {
  readonly name: string;
  readonly ok: boolean | null;
  readonly said: string;
  readonly remedy: string | null;
}

export const good = (name: string, said: string): Check => ({ name, ok: true, said, remedy: null });
export const open = (name: string, said: string, remedy: string | null = null): Check => ({
  name,
  ok: null,
  said,
  remedy,
});
export const bad = (name: string, said: string, remedy: string): Check => ({ name, ok: false, said, remedy });

/** A check that cannot be made is a check that failed, with its reason. */
export const attempt = async (
  name: string,
  check: () => Promise<Check | readonly Check[]>,
): Promise<readonly Check[]> => {
  try {
    const found = await check();
    return "name" in found ? [found] : found;
  } catch (error) {
    if (error instanceof OperatorError)
      return [bad(name, `${error.where === null ? "" : `${error.where}: `}${error.message}`, error.remedy)];
    return [bad(name, error instanceof Error ? error.message : String(error), "Report this.")];
  }
};
