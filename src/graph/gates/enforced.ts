import { DIRECTIONS } from "../../facts/verdict.ts";
import { policyArrived } from "../../rollout/arrival.ts";
import { namedByCilium } from "../../rollout/arrival.ts";
import { standstillInCluster } from "../../rollout/carriers.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { policyView } from "../facts/views.ts";
import { fromInventory } from "../../rollout/policy-documents.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

/** A person's walk through a namespace that is not locked yet would prove nothing. */
export const enforced = gate(
  "enforced",
  {
    title: "the default-deny is live and enforcing",
    lessons: [9, 16],
    depth: "full",
    needs: ["request", "inventory", "live", "settings"],
  },
  (facts) => {
    const { namespace } = facts.request;
    if (!facts.live.known) return refusesUnknown("Whether the default-deny is live", facts.live);
    const live = facts.live.value;
    const view = policyView(facts);
    if (view === null)
      return refuses(
        "what Git says of the namespace cannot be told: it does not build",
        "Make the repository build first.",
      );
    if (facts.settings.enablePolicy === "never")
      return refuses("Cilium's enable-policy is never: nothing is enforced", "Set enable-policy to default first.", {
        lesson: 16,
      });
    const here = view.subjects.filter((s) => s.namespace === namespace);
    const open = here.flatMap((s) =>
      DIRECTIONS.filter((d) => !view.sets.standing.defaultDeny(s.endpoint, d).value).map((d) => `${s.who} (${d})`),
    );
    if (open.length > 0)
      return refuses(
        `${some(open)} is not under default-deny in the cluster`,
        "Merge the default-deny pull request, and let Flux apply it.",
        { waitingFor: { what: "apply", detail: `the default-deny of ${namespace}`, until: null } },
      );
    const written = fromInventory(view.before).filter((p) => p.ref.namespace === namespace);
    const denies = written.filter(onlyTurnsDefaultDeny);
    const named = namedByCilium(facts.evidence.known ? facts.evidence.value.edges : [], 0);
    const gone = written
      // A lock lets nothing pass and is never named in a verdict: its condition alone can tell.
      .map((p) => policyArrived(p, live, denies.includes(p) ? new Set() : named))
      .filter((a) => !a.arrived);
    if (gone.length > 0)
      return refuses(
        `what is merged is not what the cluster enforces: ${some(gone.map((g) => g.why))}`,
        gone.every((g) => g.waits) ? "Wait for Flux to apply it." : "Repair what Cilium refuses first.",
        { waitingFor: { what: "apply", detail: some(gone.map((g) => g.why)), until: null } },
      );
    const owners = [...new Set(written.map((p) => p.owner).filter((o) => o !== null))];
    const still = standstillInCluster(facts.live.value, owners);
    if (still.length > 0)
      return refuses(
        `${some(still.map((s) => s.what))} is suspended: a rollback may be under way`,
        "Finish the rollback, or resume it.",
        { lesson: 22 },
      );
    return passes(`${here.length} endpoints are under default-deny both ways.`);
  },
);
