import { performance } from "node:perf_hooks";
import { audit, type AuditReport } from "../../../src/audit/audit.ts";
import { Context } from "../../../src/audit/context.ts";
import { causesOf } from "../../../src/audit/format/causes.ts";
import type { ClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import { overlay, type SourceTree } from "../../../src/facts/tree.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import type { Inventory } from "../../../src/facts/inventory.ts";
import { CLASSES } from "./classes.ts";
import { DIALECTS, spokenIn, type Dialect } from "./dialects.ts";
import { fieldOf, workingOf, type DefectClass, type Mutant } from "./kit.ts";

export interface Measured {
  readonly id: string;
  readonly planted: number;
  readonly caught: number;
  readonly missed: readonly string[];
}

const loud = (report: AuditReport): AuditReport["findings"] => report.findings.filter((f) => f.severity !== "info");

/** At most this many of a list, spread over all of it. */
const spread = <T>(items: readonly T[], most: number): readonly T[] =>
  items.length <= most
    ? items
    : Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)] as T);

export interface Options {
  readonly each: number;
  readonly classes?: readonly DefectClass[];
  readonly facts?: ClusterFacts;
  readonly only?: string | undefined;
  /** In which words the repository's policies are read. */
  readonly dialect?: Dialect | undefined;
  readonly onClass?: (measured: Measured) => void;
}

/** Plants every class of defect in many places and asks whether the audit says so, where it is. */
export const measure = (
  tree: SourceTree,
  { each, classes: wantedClasses = CLASSES, facts = defaultClusterFacts, only, dialect, onClass }: Options,
): { readonly noise: AuditReport["findings"]; readonly classes: readonly Measured[] } => {
  const settings = defaultSettings();
  const read = (of: SourceTree): Inventory => readInventory(dialect === undefined ? of : spokenIn(of, dialect), facts);
  const inventory = readInventory(tree, facts);
  const before = audit(read(tree), facts, { now: 0 });
  const known = new Set(loud(before).map((f) => f.fingerprint));
  const field = fieldOf(tree, inventory, facts, settings);
  const broke = workingOf(field.context);
  const isDefect = (wanted: DefectClass, mutant: Mutant): "no" | readonly string[] | "yes" => {
    const after = read(overlay(tree, mutant.changes));
    if (wanted.breaks !== undefined && !broke(new Context(after, facts, settings), wanted.breaks)) return "no";
    const files = new Set(mutant.changes.map((c) => c.path));
    const found = loud(audit(after, facts, { now: 0 })).filter((f) => !known.has(f.fingerprint));
    const here = found.filter(
      (f) =>
        files.has(f.origin.file) ||
        f.related.some((r) => files.has(r.file)) ||
        mutant.namespaces.includes(f.namespace ?? "\0"),
    );
    return here.length > 0 ? here.map((f) => f.rule) : "yes";
  };
  const classes = wantedClasses
    .filter((c) => only === undefined || c.id.includes(only))
    .map((wanted) => {
      const mutants = [...wanted.plant(field)];
      let [planted, caught] = [0, 0];
      const missed: string[] = [];
      // Plantings that break nothing are passed over, so more are looked at than counted.
      for (const mutant of spread(mutants, wanted.breaks === undefined ? each : Math.max(each * 2, 16))) {
        if (planted >= each) break;
        const result = isDefect(wanted, mutant);
        if (result === "no") continue;
        planted += 1;
        if (result === "yes") missed.push(mutant.what);
        else caught += 1;
      }
      const measured = { id: wanted.id, planted, caught, missed };
      onClass?.(measured);
      return measured;
    });
  return { noise: loud(before), classes };
};

const flag = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

const bench = (name: string, tree: SourceTree, each: number): void => {
  const started = performance.now();
  const shows = process.argv.includes("--missed");
  let [planted, caught] = [0, 0];
  const { noise } = measure(tree, {
    each,
    only: flag("class"),
    dialect: DIALECTS.find((d) => d.id === flag("dialect")),
    onClass: (m) => {
      planted += m.planted;
      caught += m.caught;
      const rate = m.planted === 0 ? "   –" : `${String(Math.floor((100 * m.caught) / m.planted)).padStart(3)}%`;
      process.stdout.write(`${rate}  ${String(m.caught).padStart(4)} of ${String(m.planted).padEnd(4)} ${m.id}\n`);
      if (shows) for (const what of m.missed) process.stdout.write(`        missed: ${what}\n`);
    },
  });
  const causes = causesOf(noise).length;
  process.stdout.write(
    `${name}: ${caught} of ${planted} planted defects caught (${((100 * caught) / Math.max(1, planted)).toFixed(1)} %); ${causes} causes of warnings and errors on it as it is; ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  );
};

/**
 * `npm run bench audit` plants them in the two repositories that work; in another: `node test/audit/mutation/run.ts [DIR]
 * [--each N] [--class WORDS] [--dialect ID] [--missed]`.
 */
export const main = async (): Promise<void> => {
  const dir = process.argv[2]?.startsWith("--") === false ? process.argv[2] : undefined;
  const each = Number(flag("each") ?? (dir === undefined ? 1000 : 12));
  if (dir !== undefined) {
    const { folderTree } = await import("../../../src/gitops/folder-tree.ts");
    bench(dir, folderTree(dir), each);
    return;
  }
  const { platform, repository } = await import("./repository.ts");
  bench("repository", repository(), each);
  bench("platform", platform(), each);
};

if (process.argv[1] === import.meta.filename) await main();
