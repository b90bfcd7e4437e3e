import { audit } from "../../audit/audit.ts";
import type { AuditReport } from "../../audit/audit.ts";
import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import type { Finding } from "../../facts/finding.ts";
import type { Inventory } from "../../facts/inventory.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { canonical } from "../../facts/json.ts";

type Waived = AuditReport["waived"][number];

/** What a waiver says, wherever it stands. */
const sayingOf = ({ waiver }: Waived): string =>
  canonical([waiver.rule, waiver.namespace, waiver.policy, waiver.fingerprint, waiver.reason, waiver.until]);

/**
 * The audit at the base and with the changeset. A waiver that the changeset itself brings waives nothing here: no pull
 * request carries its own permission.
 */
export const findingsOf = (options: {
  readonly before: Inventory;
  readonly after: Inventory;
  readonly facts: ClusterFacts;
  readonly settings: CiliumSettings;
  readonly now: number;
}): { readonly before: readonly Finding[]; readonly after: readonly Finding[] } => {
  const { facts, settings, now } = options;
  const before = audit(options.before, facts, { settings, now });
  const after = audit(options.after, facts, { settings, now });
  const standing = new Set(before.waived.map(sayingOf));
  const brought = after.waived.filter((waived) => !standing.has(sayingOf(waived))).map((waived) => waived.finding);
  return { before: before.findings, after: [...after.findings, ...brought] };
};
