import type { Context } from "../context.ts";
import type { End } from "../ends.ts";
import { isGoverned, peerEnds, subjectEnds } from "../ends.ts";
import type { PortView, RuleView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { weaker } from "../rule.ts";
import { inRule, list } from "./shared.ts";

/** The pods whose ports a rule names: its own on ingress, all its peers on egress. */
const servers = (context: Context, rule: RuleView): readonly End[] =>
  rule.direction === "ingress"
    ? subjectEnds(context, rule.spec)
    : rule.peers.flatMap((peer) => peerEnds(context, peer));

const names = (end: End): readonly string[] => Object.keys(end.endpoint.namedPorts ?? {});

const isName = (port: PortView): boolean =>
  port.number === null && /[a-z]/i.test(port.port) && !port.port.includes("$");

export const portNameUnknown: Rule = {
  id: "port-name-unknown",
  severity: "error",
  lesson: 10,
  about: "A port is given by a name that no container of the pods has: the rule opens nothing, and nobody says so.",
  remedy: "Write the name as the pod's `containerPort` has it, or the container port's number.",
  *check(context) {
    for (const rule of context.rules) {
      const written = (rule.ports ?? []).filter(isName);
      if (rule.deny || written.length === 0) continue;
      // Jobs that bear the same labels for a while open nothing, and are not meant.
      const ends = servers(context, rule).filter((end) => isGoverned(end) && end.pod?.fact.transient !== true);
      if (ends.length === 0 || ends.some((end) => names(end).length === 0)) continue;
      for (const port of written) {
        if (ends.some((end) => names(end).includes(port.port.toLowerCase()))) continue;
        yield inRule(rule, {
          path: port.path,
          sure: ends.map((e) => e.sure).reduce(weaker, "certain"),
          message: `No container of ${list(ends.map((e) => e.id))} has a port called \`${port.port}\`, so this opens nothing; they have ${list(ends.flatMap(names))}. Write one of these, or the container port's number`,
          key: ["port", port.port],
        });
      }
    }
  },
};
