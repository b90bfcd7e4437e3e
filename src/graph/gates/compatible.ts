import { REVISIT, tunnelsIn } from "../../audit/tunnels.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

export const compatible = gate(
  "compatible",
  {
    title: "no tunnel with DHCP in it ends here",
    lessons: [21],
    depth: "full",
    needs: ["request", "inventory", "evidence"],
  },
  (facts) => {
    const { before, after } = facts.inventory;
    if (!before.known) return refusesUnknown("Which workloads run here", before);
    const edges = facts.evidence.known ? facts.evidence.value.edges : [];
    // By what stands as well: a change must not talk a tunnel away by removing the rule that shows it.
    const tunnels = [...tunnelsIn(before.value, edges), ...(after.known ? tunnelsIn(after.value) : [])];
    const { namespace } = facts.request;
    const here = tunnels.find((t) => t.namespace === namespace);
    if (here === undefined) return passes();
    const partners = tunnels.filter((t) => t.namespace !== namespace).map((t) => `${t.namespace} (${t.role})`);
    return refuses(
      `${namespace} is the ${here.role} end of a VXLAN tunnel with DHCP in it (${some(here.signs, 3)}); it does not live under default-deny` +
        (partners.length === 0 ? "" : `, and its partner is carved out with it: ${some(partners)}`),
      `Leave it carved out. Look again when ${REVISIT.join("; or when ")}.`,
    );
  },
);
