import { DIRECTIONS } from "../../facts/verdict.ts";
import type { Rule } from "../rule.ts";
import { REVISIT, tunnelsIn } from "../tunnels.ts";
import { list, relatedRules } from "./shared.ts";

export const tunnelLocked: Rule = {
  id: "tunnel-under-default-deny",
  severity: "error",
  lesson: 21,
  about:
    "An end of a VXLAN tunnel with DHCP in it (pod-gateway) is under default deny: its clients get their address by broadcast inside the tunnel, and stay without one.",
  remedy: `Take the default deny off both ends and leave the allows. Look again when ${REVISIT.join("; or when ")}.`,
  *check(context) {
    const ends = tunnelsIn(context.inventory);
    for (const { namespace, role, signs } of ends) {
      const endpoint = context.judge.endpoint(namespace);
      const locks = DIRECTIONS.flatMap((d) => context.judge.defaultDeny(endpoint, d).by);
      const [place] = relatedRules(context, locks, "the default deny");
      const view = locks[0] === undefined ? null : context.view(locks[0].policy);
      if (place === undefined || view === null) continue;
      const others = ends.filter((e) => e.namespace !== namespace).map((e) => `${e.namespace} (${e.role})`);
      yield {
        namespace,
        policy: view.ref,
        origin: { file: place.file, line: place.line, column: 1 },
        message: `${namespace} is the ${role} end of a VXLAN tunnel with DHCP in it (${list(signs, 3)}) and is under default deny: addresses are given by broadcast inside the tunnel, which no rule allows. Take the default deny off it${others.length === 0 ? "" : `, and off ${list(others)}`}`,
        key: [role],
      };
    }
  },
};
