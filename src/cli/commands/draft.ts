import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { ciliumSettings, clusterFacts } from "../../config/settings.ts";
import type { Draft } from "../../facts/draft.ts";
import { OperatorError } from "../../facts/errors.ts";
import { common, faceOf } from "../face.ts";
import { needNamespace, readRecording } from "../recorded.ts";
import { readFolder } from "../repository.ts";
import { printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & {
  repo: string;
  flows: readonly string[];
  namespace: string;
  out?: string;
  variant: "tight" | "normal" | "wide";
};

const text = (draft: Draft): string =>
  [
    ...draft.files.map((file) => `── ${file.path}\n${file.text ?? "(removed)"}`),
    table(
      draft.rules.map((rule) => [
        rule.source,
        `${rule.policy.name} ${rule.rule}`,
        printable(rule.summary),
        rule.unexercised ? "never seen" : "",
      ]),
    ),
    ...draft.neededElsewhere.map((n) => `needed in ${n.namespace}: ${printable(n.summary)}`),
    ...draft.leftOut.map((l) => `left out: ${printable(l.what)} (${printable(l.why)})`),
    ...draft.notes.map(printable),
  ]
    .filter((part) => part !== "")
    .join("\n");

/** All or nothing: every byte stands beside its place before the first file takes it. */
const write = (draft: Draft, out: string): void => {
  const root = resolve(out);
  const targets = draft.files.flatMap(({ path, text }) =>
    text === null ? [] : [{ path: resolve(join(root, path)), waiting: `${resolve(join(root, path))}.drafting`, text }],
  );
  for (const { path } of targets)
    if (!path.startsWith(`${root}/`))
      throw new OperatorError("input", "the draft would leave the folder", { where: path, remedy: "Report this." });
  try {
    for (const { path, waiting, text } of targets) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(waiting, text);
    }
    for (const { path, waiting } of targets) renameSync(waiting, path);
  } catch (cause) {
    for (const { waiting } of targets) rmSync(waiting, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError("input", `the draft cannot be written: ${why}`, {
      where: root,
      remedy: "Name a folder that may be written to (--out)",
      cause,
    });
  }
};

/** The policies it would propose, without opening anything. */
export const draftCommand = (): Command =>
  common(new Command("draft").description("the policies it would propose, without opening anything"))
    .requiredOption("--repo <dir>", "the repository")
    .requiredOption("--flows <file...>", "export files (JSON lines, plain or .gz), a folder of them, or -")
    .requiredOption("--namespace <ns>", "the namespace to lock down")
    .option("--out <dir>", "write the files below this folder")
    .addOption(
      new Option("--variant <how>", "how far rules may stand for more than what was seen")
        .choices(["tight", "normal", "wide"])
        .default("normal"),
    )
    .action(async (options: Options) => {
      const face = faceOf(options);
      const [{ readInventory }, { draftAllows }, { writer }] = await Promise.all([
        import("../../gitops/inventory.ts"),
        import("../../drafting/draft.ts"),
        import("../../gitops/edit.ts"),
      ]);
      const facts = clusterFacts(face.config);
      const tree = await readFolder(options.repo);
      const inventory = readInventory(tree, facts);
      needNamespace(inventory, options.namespace, options.repo);
      const { evidence, coverage, remarks } = await readRecording(options.flows, face, options.namespace);
      face.progress.step("drafting");
      const draft = draftAllows({
        tree,
        inventory,
        edges: await evidence.edges({ namespace: options.namespace }),
        coverage,
        namespace: options.namespace,
        facts,
        settings: ciliumSettings(face.config),
        writer,
        variant: options.variant,
      });
      face.progress.clear();
      for (const remark of remarks) face.note(printable(remark));
      if (options.out !== undefined) write(draft, options.out);
      face.answer({ version: 1, ...draft }, () => text(draft));
    });
