import type { InventoryProblem } from "../../facts/inventory.ts";
import { dig, record } from "../../facts/json.ts";
import { nameOfObject, type RenderedChange } from "../../rollout/rendered-diff.ts";
import { differingKeys } from "../facts/files.ts";
import { amounts } from "../facts/lane-of.ts";
import { renderedView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

const spot = ({ what, origin }: InventoryProblem): string => `${origin?.file ?? "?"}: ${what}`;

const valueAt = (object: unknown, key: string): unknown => dig(object, ...key.split("."));

/** A chart value that may make its chart ship a policy: what comes of it, nothing here can render. */
const shipsPolicies = ({ before, after, object }: RenderedChange): boolean =>
  object.kind === "HelmRelease" &&
  differingKeys(record(before?.object), record(after?.object)).some(
    (key) =>
      /^spec\.values\..*network_?polic/i.test(key) &&
      ![undefined, false].includes(valueAt(after?.object, key) as false),
  );

/** What the check says first: whoever only takes enforcement away, or touches no policy, is never held back. */
export const restrictsNothing = gate(
  "restricts-nothing",
  {
    title: "no policy object changes, or enforcement is removed and nothing else",
    lessons: [25, 31],
    depth: "full",
    needs: ["changeset", "inventory", "live", "settings"],
  },
  (facts) => {
    const found = amounts(facts);
    if (!found.known) return refusesUnknown("What the change does", found);
    const { value } = found;
    if (value.kind === "lane") return refuses(value.why, `Judge it as what it is: ${value.lane}.`, { lesson: 31 });
    if (value.kind === "unlocks") return passes(value.why);
    const view = renderedView(facts);
    const known = new Set((view?.before.problems ?? []).map(spot));
    const fresh = (view?.after.problems ?? []).filter((problem) => !known.has(spot(problem)));
    if (fresh.length > 0)
      return refuses(
        `it brings what cannot be read, so that nobody can tell whether a policy is in it: ${some(fresh.map(spot))}`,
        fresh[0]?.remedy ?? "Correct the file that it names.",
        { lesson: 31 },
      );
    const charts = (view?.changes ?? []).filter(shipsPolicies).map(({ object }) => nameOfObject(object));
    if (charts.length > 0)
      return refuses(
        `${some(charts)} has its chart ship a NetworkPolicy, and what that locks is not in this repository`,
        "Write the policy in the repository and leave the chart's own off.",
        { lesson: 31 },
      );
    return passes(value.why);
  },
);
