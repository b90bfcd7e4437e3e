import { OperatorError } from "../facts/errors.ts";
import type { CheckReader, CheckState, ForgeReader, NoticeWriter, PullRequest } from "../facts/ports.ts";
import type { Known } from "../facts/known.ts";
import { attempt } from "./live.ts";

/** What the check of one open pull request came to. */
export interface Checked {
  readonly number: number;
  readonly branch: string;
  readonly head: string;
  readonly state: CheckState["state"];
  readonly summary: string;
}

/** Judges one pull request by its lane; whether its bytes alone decided, and nothing that time or a cluster can change. */
export type JudgePullRequest = (number: number) => Promise<{ readonly byBytesAlone: boolean }>;

const FAR = "it could not be judged";

/**
 * The check of every open pull request, one after the other. One that cannot be judged is pending and holds none of the
 * others back. `settled` remembers, for one process, heads whose bytes alone decided on this base.
 *
 * @throws OperatorError when the forge cannot be read
 */
export const checkPullRequests = async (options: {
  readonly forge: Pick<ForgeReader, "head" | "pullRequests">;
  readonly read: CheckReader;
  readonly notices: NoticeWriter;
  readonly judge: JudgePullRequest;
  readonly settled: Set<string>;
}): Promise<readonly Checked[]> => {
  const { forge, read, settled } = options;
  const base = await forge.head();
  const done: Checked[] = [];
  for (const pull of (await forge.pullRequests({ state: "open" })).toReversed()) {
    const key = `${pull.head} ${base}`;
    const said = settled.has(key) ? await read.check(pull.head) : null;
    if (said?.state !== "success") {
      const judged = await attempt(() => options.judge(pull.number));
      if (!judged.known) await notJudged(options, pull, judged);
      else if (judged.value.byBytesAlone) settled.add(key);
    }
    const now = await read.check(pull.head);
    const { number, branch, head } = pull;
    done.push({ number, branch, head, state: now?.state ?? "pending", summary: now?.summary ?? FAR });
  }
  return done;
};

/** A green of an earlier day says nothing about today: what cannot be judged now is pending. */
const notJudged = async (
  { read, notices }: { readonly read: CheckReader; readonly notices: NoticeWriter },
  { head }: PullRequest,
  { why, wouldHelp }: Known<unknown> & { readonly known: false },
): Promise<void> => {
  const summary = `${FAR}: ${why}`;
  try {
    const said = await read.check(head);
    if (said?.state === "pending" && said.summary === summary) return;
    await notices.notice({ head, state: "pending", summary, text: wouldHelp });
  } catch (error) {
    // The forge itself is what does not answer: then nothing can be said on it.
    if (!(error instanceof OperatorError)) throw error;
  }
};
