import { openPlace, type Setting } from "../../src/compose.ts";
import { audit } from "../../src/audit/audit.ts";
import { RULES } from "../../src/audit/rules/index.ts";
import { ciliumSettings } from "../../src/config/settings.ts";
import type { ClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Finding } from "../../src/facts/finding.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import { overlay, type SourceTree } from "../../src/facts/tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { writtenOut } from "../edits.ts";
import type { AuditedIncident, Edit } from "../incident.ts";
import type { Scenes } from "../scenes.ts";
import type { Trial } from "./trial.ts";

interface Main {
  readonly tree: SourceTree;
  readonly facts: ClusterFacts;
  readonly now: number;
}

const readMain = async (setting: Setting): Promise<Main> => {
  const place = await openPlace(setting);
  try {
    const { forge, facts, clock } = place;
    return { tree: await forge.tree(await forge.head()), facts, now: clock.now() };
  } finally {
    await place.dispose();
  }
};

const told = (findings: readonly Finding[]): string =>
  findings.map((f) => `${f.rule} at ${f.origin.file}:${f.origin.line}`).join("; ") || "nothing";

/** What the audit says of files as somebody wrote them, beyond what it says of main. */
export const auditedTrial = async (scenes: Scenes, incident: AuditedIncident): Promise<Trial> =>
  scenes.with(incident, async (setting) => {
    const { tree, facts, now } = await readMain(setting);
    const { rule, attempt, mended } = incident;
    const settings = ciliumSettings(setting.config);
    const after = (edits: readonly Edit[]): Inventory => {
      const files = writtenOut(incident, edits, new Map(), tree).map((file) => ({ ...file, mode: "100644" as const }));
      return readInventory(files.length === 0 ? tree : overlay(tree, files), facts);
    };
    const before = readInventory(tree, facts);
    const written = after(attempt.edits);
    /** What is new, or all of it where nobody wrote anything: then it stands on main. */
    const seen = (inventory: Inventory, out: readonly string[]): readonly Finding[] => {
      const rules = RULES.filter((r) => !out.includes(r.id));
      const base = attempt.edits.length === 0 ? null : audit(before, facts, { settings, now, rules });
      return audit(inventory, facts, { settings, now, rules, base }).findings;
    };
    const touched = new Set([attempt.at, ...attempt.edits.map((edit) => edit.path)]);
    const at = (findings: readonly Finding[]): readonly Finding[] => findings.filter((f) => touched.has(f.origin.file));
    // A note is enough to have been told; it is not enough to stand in for the rule.
    const loud = (findings: readonly Finding[]): readonly Finding[] =>
      at(findings).filter((f) => f.severity !== "info");
    const all = seen(written, attempt.besides);
    const found = at(all);
    const isSeen = found.some((f) => f.rule === rule && f.origin.file === attempt.at);
    const left = loud(seen(written, [rule, ...attempt.besides]));
    const still = mended === undefined ? [] : loud(seen(after(mended), attempt.besides));
    const held = isSeen && still.length === 0;
    const caught = left.length === 0;
    const detail = !isSeen
      ? `found: ${told(all)}`
      : still.length > 0
        ? `mended, and still found: ${told(still)}`
        : caught
          ? null
          : `without the rule: ${told(left)}`;
    return { held, caught, detail };
  });
