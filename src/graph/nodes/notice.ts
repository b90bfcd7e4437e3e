import { noticeWord, type Told } from "../../rollout/pull-request/check.ts";
import type { LaneRequest } from "../gate.ts";
import { judgeLane } from "../judge.ts";
import type { Lane } from "../lanes.ts";
import type { NodePorts } from "../ports.ts";
import type { Readings } from "../readings.ts";
import type { GraphState } from "../state.ts";
import { reportOf, threadOf, type Node } from "./kit.ts";

const refusalsOf = ({ result }: GraphState): readonly Told[] => {
  if (result?.kind !== "refused") return [];
  const { refusals, waitingFor } = result;
  return waitingFor === null ? refusals : refusals.map((refusal) => ({ ...refusal, waitingFor }));
};

/**
 * Says on the forge why the check is not green: red, or pending while something is waited for. All gates of the lane are
 * told, not only the first that said no. Nothing here could write green.
 */
export const notice =
  ({ check, catalog, ledger }: NodePorts, lanes: readonly Lane[], readings: Readings): Node =>
  async (state, config) => {
    const { run, turn, proposal } = state;
    if (run === null || turn?.kind !== "propose" || turn.wish.pullRequest === undefined) return {};
    const request: LaneRequest = proposal ?? reportOf(turn.wish.pullRequest);
    const facts = await readings.of(run.id, request);
    if (facts.reported === null) return {};
    const { head, pullRequest } = facts.reported;
    const lane = lanes.find(({ id }) => id === request.lane);
    const decisions = proposal === null || lane === undefined ? [] : judgeLane(lane, catalog, facts);
    const judged = decisions.filter((decision) => !decision.pass);
    // The door may have refused what no gate asks, or have seen a later world than these facts.
    const refusals = judged.length > 0 ? judged : refusalsOf(state);
    const { state: colour, summary, text } = noticeWord({ base: facts.base, refusals, decisions });
    const said = await check.read.check(head);
    if (said?.state !== colour || said.summary !== summary)
      await check.notices.notice({ head, state: colour, summary, text });
    await ledger.append({
      kind: "notice",
      thread: threadOf(config),
      namespace: request.namespace === "" ? null : request.namespace,
      body: { run: run.id, pullRequest: pullRequest.number, head, state: colour, summary },
    });
    return {};
  };
