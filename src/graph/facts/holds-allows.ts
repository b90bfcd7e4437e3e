import { draftAllows } from "../../drafting/draft.ts";
import type { Writer } from "../../facts/writer.ts";
import type { SurveyPorts } from "../../rollout/survey.ts";

/** Main holds a namespace's allows when the draft would change nothing: they came with the repository. */
export const holdsAllows =
  ({
    evidence,
    clock,
    facts,
    settings,
    writer,
  }: SurveyPorts & { readonly writer: Writer }): NonNullable<SurveyPorts["holdsAllows"]> =>
  async ({ tree, inventory, namespace }) => {
    const span = evidence === null ? null : await evidence.span();
    if (evidence === null || span === null) return false;
    const edges = await evidence.edges({ namespace, window: { from: span.from, to: clock.now() } });
    const draft = draftAllows({ tree, inventory, namespace, edges, coverage: null, facts, settings, writer });
    return draft.files.length === 0;
  };
