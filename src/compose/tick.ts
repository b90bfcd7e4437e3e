import { iso } from "../facts/clock.ts";
import { exitCodeOf, OperatorError } from "../facts/errors.ts";
import type { Answer } from "../graph/answer.ts";
import { checkPullRequests, type Checked } from "../rollout/checks.ts";
import type { DropWatch } from "../rollout/drop-watch.ts";
import { nextProposals } from "../rollout/stage.ts";
import type { Survey } from "../rollout/survey.ts";
import type { Place } from "./place.ts";

/** New drops at a namespace's pods, and what was proposed about them. */
export interface DropNotice {
  readonly namespace: string;
  readonly since: string;
  /** The pull request that was merged then. */
  readonly pullRequest: number;
  readonly drops: readonly {
    readonly source: string;
    readonly destination: string;
    readonly port: number;
    readonly protocol: string;
    readonly direction: string | null;
    readonly flows: number;
    readonly lastSeen: string;
  }[];
  readonly remedy: string;
  /** What the rollback that was proposed waits for; null where there is no lock to take back. */
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
  readonly look: { survey(): Promise<Survey>; drops(survey: Survey): Promise<readonly DropWatch[]> };
  readonly request: (asked: {
    readonly kind: "propose-allows" | "propose-default-deny" | "request-sign-off" | "request-rollback" | "report-gates";
    readonly namespace: string | null;
    readonly pullRequest?: number;
    readonly thread: string;
  }) => Promise<Answer>;
}

const rowsOf = ({ drops }: DropWatch): DropNotice["drops"] =>
  drops.map(({ edge, direction, flows, lastSeen }) => ({
    source: edge.source.id,
    destination: edge.destination.id,
    port: edge.port,
    protocol: edge.protocol,
    direction,
    flows,
    lastSeen: iso(lastSeen),
  }));

const remedyOf = ({ namespace, locked, pullRequest }: DropWatch): string =>
  locked
    ? `Roll it back: network-operator rollback ${namespace}. Or allow what is missing: network-operator ask "repair ${namespace}".`
    : `Nothing is locked yet: revert pull request #${pullRequest}, whose DNS rule redirects from its merge on, or allow what is missing.`;

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
  for (const watch of await look.drops(survey)) {
    const { namespace, since, pullRequest, locked } = watch;
    const rollback = { kind: "request-rollback", namespace, thread: `rollback:${namespace}` } as const;
    drops.push({
      namespace,
      since: iso(since),
      pullRequest,
      drops: rowsOf(watch),
      remedy: remedyOf(watch),
      proposal: locked ? await ask(rollback) : null,
    });
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
