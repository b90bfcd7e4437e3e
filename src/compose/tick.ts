import { exitCodeOf, OperatorError } from "../facts/errors.ts";
import type { DropReport } from "../facts/status.ts";
import type { Answer } from "../graph/answer.ts";
import { checkPullRequests, type Checked } from "../rollout/checks.ts";
import { dropReport, type DropWatch } from "../rollout/drop-watch.ts";
import { nextProposals } from "../rollout/stage.ts";
import type { Survey } from "../rollout/survey.ts";
import type { Place } from "./place.ts";

/** New drops, and what the rollback that was proposed waits for; null where there is no lock to take back. */
export interface DropNotice extends DropReport {
  readonly proposal: Answer | null;
}

/** `run --format json`. */
export interface Tick {
  readonly version: 1;
  readonly answers: readonly Answer[];
  readonly checks: readonly Checked[];
  readonly drops: readonly DropNotice[];
  /** What could not be asked; it held nothing else back. */
  readonly failures: readonly { readonly what: string; readonly why: string; readonly exit: 2 | 3 }[];
}

export interface TickPorts {
  readonly place: Pick<Place, "forge" | "check">;
  readonly look: { survey(): Promise<Survey>; drops(survey: Survey): Promise<readonly DropWatch[] | null> };
  readonly request: (asked: {
    readonly kind: "propose-allows" | "propose-default-deny" | "request-sign-off" | "request-rollback" | "report-gates";
    readonly namespace: string | null;
    readonly pullRequest?: number;
    readonly thread: string;
  }) => Promise<Answer>;
}

/**
 * One tick of the campaign: the next proposal of each rollout, the check of every open pull request, and new drops. A drop
 * proposes the rollback of its namespace; a person confirms it, nothing here does.
 */
export const tickOnce = async (ports: TickPorts, settled: Set<string>): Promise<Tick> => {
  const { place, look } = ports;
  const survey = await look.survey();
  const failures: Tick["failures"][number][] = [];
  const ask: (asked: Parameters<TickPorts["request"]>[0]) => Promise<Answer | null> = async (asked) => {
    try {
      return await ports.request(asked);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      failures.push({ what: asked.thread, why: error.line, exit: exitCodeOf(error) });
      return null;
    }
  };
  const drops: DropNotice[] = [];
  for (const watch of (await look.drops(survey)) ?? []) {
    const { namespace, locked } = watch;
    const rollback = { kind: "request-rollback", namespace, thread: `rollback:${namespace}` } as const;
    drops.push({ ...dropReport(watch), proposal: locked ? await ask(rollback) : null });
  }
  const answers: Answer[] = [];
  for (const { kind, namespace, thread } of nextProposals(survey.placed, survey.phases)) {
    const answer = await ask({ kind, namespace, thread });
    if (answer !== null) answers.push(answer);
  }
  const checks = await checkPullRequests({
    forge: place.forge,
    read: place.check.read,
    notices: place.check.notices,
    settled,
    judge: async (number) => {
      const thread = `check:${number}`;
      const answer = await ports.request({ kind: "report-gates", namespace: null, pullRequest: number, thread });
      return { byBytesAlone: answer.outcome === "answered" && answer.namespace === null };
    },
  });
  return { version: 1, answers, checks, drops, failures };
};
