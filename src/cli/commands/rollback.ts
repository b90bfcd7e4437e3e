import { createHash } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { OperatorError } from "../../facts/errors.ts";
import type { Undo } from "../../facts/rollback.ts";
import { exitCodeOfAnswer, type Answer } from "../../graph/answer.ts";
import type { RehearsedLock, RollbackDesk } from "../../compose.ts";
import { common, faceOf, type Face } from "../face.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { all?: boolean; rehearse?: boolean; confirm?: string };

/** Fewer signs of a digest than this are guessed rather than read. */
const SHOWN = 12;

/** What one namespace's rollback came to, or waits for. */
interface Told {
  readonly namespace: string;
  readonly digest: string | null;
  readonly undo: Undo | null;
  readonly steps: readonly string[];
  /** Null: nothing was asked of the graph. */
  readonly answer: Answer | null;
}

interface Asked {
  readonly namespace: string;
  readonly thread: string;
  readonly digest: string;
  readonly lines: readonly string[];
}

const threadOf = (namespace: string): string => `rollback:${namespace}`;

/** The digest of one rollback, or of several that are confirmed together. */
const digestOf = (asked: readonly Asked[]): string => {
  const [only, ...more] = asked;
  if (only !== undefined && more.length === 0) return only.digest;
  const rows = asked.map(({ namespace, digest }) => [namespace, digest]);
  return createHash("sha256").update(JSON.stringify(rows)).digest("hex");
};

const planText = ({ namespace, lines }: Asked): string =>
  [`${namespace} would be rolled back:`, ...lines.map((line) => `  ${printable(line)}`)].join("\n");

const stepsText = ({ namespace, steps }: Told): string => [`# ${namespace}`, ...steps].join("\n");

/** An act that cannot be done without looking: the name, and signs that stand nowhere but in what was shown. */
const typed = async (asked: readonly Asked[], digest: string): Promise<boolean> => {
  const name = asked.length === 1 ? (asked[0]?.namespace ?? "") : "all";
  const wanted = `${name} ${digest.slice(0, 6)}`;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await lines.question(`Type "${wanted}" to do this; anything else leaves it as it is: `);
    return said.trim() === wanted;
  } catch {
    return false;
  } finally {
    lines.close();
  }
};

/** A person's yes: typed at this terminal, or, where there is none, by the digest of exactly what was shown. */
const isConfirmed = async (asked: readonly Asked[], face: Face, given: string | undefined): Promise<boolean> => {
  const digest = digestOf(asked);
  const again = `network-operator rollback ${asked.length === 1 ? asked[0]?.namespace : "--all"} --confirm ${digest.slice(0, SHOWN)}`;
  if (given !== undefined) {
    if (digest.startsWith(given)) return true;
    face.note(`Nothing was done: that digest is not of what would be undone now. Look at it, then: ${again}`);
    return false;
  }
  if (process.stdin.isTTY) return typed(asked, digest);
  face.note(`Nothing was done: nobody sits here to confirm it. Look at it, then: ${again}`);
  return false;
};

const tell = (face: Face, told: readonly Told[], text: () => string): void =>
  face.answer({ version: 1, rollbacks: told }, text);

/** Without an identity of its own the program does nothing, and says what to type. */
const onlySteps = async (desk: RollbackDesk, face: Face, namespace: string | null): Promise<void> => {
  const found = await desk.agent.rollbacks(namespace);
  face.progress.clear();
  const told = found.map((one): Told => ({ ...one, digest: one.undo?.digest ?? null, answer: null }));
  tell(face, told, () =>
    told.length === 0 ? "No default-deny of the rollout was found." : told.map(stepsText).join("\n\n"),
  );
  face.note(
    "No identity for a rollback is configured (rollback.context): nothing was done. Type the lines above, in order.",
  );
  process.exitCode = 1;
};

const rollBack = async (
  desk: RollbackDesk,
  face: Face,
  namespaces: readonly string[],
  given?: string,
): Promise<void> => {
  const { agent } = desk;
  const told = new Map<string, Told>();
  const asked: Asked[] = [];
  for (const namespace of namespaces) {
    const thread = threadOf(namespace);
    const answer = await agent.request({ kind: "request-rollback", namespace, thread });
    const pending = answer.outcome === "waiting" ? await agent.pending(thread) : null;
    const [plan] = pending === null ? [] : await agent.rollbacks(namespace);
    told.set(namespace, {
      namespace,
      digest: pending?.digest ?? null,
      undo: plan?.undo ?? null,
      steps: plan?.steps ?? [],
      answer,
    });
    if (pending !== null) asked.push({ namespace, thread, digest: pending.digest, lines: pending.lines });
  }
  face.progress.clear();
  if (asked.length > 0) {
    const shown = `${asked.map(planText).join("\n\n")}\ndigest ${digestOf(asked).slice(0, SHOWN)}`;
    // With JSON on stdout a person still has to see what is asked.
    const noted = face.format === "json" || process.stdin.isTTY || given !== undefined;
    if (noted) face.note(shown);
    const yes = await isConfirmed(asked, face, given);
    if (!yes) {
      tell(face, [...told.values()], () => (noted ? "Nothing was done." : shown));
      process.exitCode = 1;
      return;
    }
    for (const { namespace, thread, digest } of asked) {
      const answer = await agent.confirm(desk.confirm({ namespace, digest }), digest, thread);
      const before = told.get(namespace);
      if (before !== undefined) told.set(namespace, { ...before, answer });
    }
    face.progress.clear();
  }
  const all = [...told.values()];
  tell(face, all, () =>
    all.map(({ namespace, answer }) => printable(answer?.answer ?? answer?.question ?? namespace)).join("\n\n"),
  );
  if (all.some(({ answer }) => answer === null || exitCodeOfAnswer(answer) === 1)) process.exitCode = 1;
};

/** Everything that can be tried while nothing has to be undone; then both kinds of owner, on a sample cluster of their own. */
const rehearse = async (face: Face, namespace: string | null): Promise<void> => {
  const { openRollbackDesk, playRollback } = await import("../../compose.ts");
  const desk = await openRollbackDesk(face);
  try {
    face.progress.step("asking the API server");
    const locks = await desk.agent.rehearse(namespace);
    face.progress.step("playing the whole path on a sample cluster");
    const played = await playRollback(face.progress);
    face.progress.clear();
    face.answer({ version: 1, locks, played }, () =>
      [
        ...(locks.length === 0 ? ["No default-deny of the rollout stands."] : locks.map(lockText)),
        "played on a sample cluster, from the request to an interval after the revert:",
        ...played.map(({ kind, steps }) => [`  ${kind}`, ...steps.map((step) => `    ${printable(step)}`)].join("\n")),
      ].join("\n"),
    );
    if (locks.some(({ fault }) => fault !== null)) process.exitCode = 1;
  } finally {
    face.progress.clear();
    await desk.agent.dispose();
  }
};

const lockText = ({ namespace, policy, rehearsal, fault }: RehearsedLock): string => {
  const { owner, access, dryRuns, played } = rehearsal;
  const owned = owner.known
    ? `${owner.value.id} (${owner.value.alone ? "carries nothing else" : "shared"})`
    : owner.why;
  return [
    `${namespace}/${policy}: ${fault === null ? "rehearsed" : `NOT rehearsed: ${printable(fault)}`}`,
    `  owner ${printable(owned)}`,
    ...access.map((a) => `  ${a.allowed ? "may" : "may NOT"} ${a.verb} ${a.resource} in ${a.namespace ?? "*"}`),
    ...dryRuns.map((d) => `  dry run: ${printable(d.what)}: ${d.refused === null ? "accepted" : printable(d.refused)}`),
    `  executed in a world of its own: ${played.known ? "it came off, and stayed off" : printable(played.why)}`,
  ].join("\n");
};

const run = async (namespace: string | undefined, options: Options): Promise<void> => {
  const face = faceOf(options);
  const { all = false, confirm } = options;
  if (options.rehearse === true) return rehearse(face, namespace ?? null);
  if (confirm !== undefined && (!/^[0-9a-f]+$/.test(confirm) || confirm.length < SHOWN))
    throw new OperatorError("input", `--confirm takes at least ${SHOWN} signs of the digest`, {
      remedy: "Run it without --confirm: it shows what would be undone, and the digest of that.",
    });
  if (all === (namespace !== undefined))
    throw new OperatorError("input", all ? "--all and a namespace at once" : "which namespace?", {
      remedy: "Name one, or say --all.",
    });
  const { openRollbackDesk } = await import("../../compose.ts");
  const desk = await openRollbackDesk(face);
  try {
    if (!desk.canRollBack) return await onlySteps(desk, face, namespace ?? null);
    const found = namespace === undefined ? await desk.agent.rollbacks(null) : [];
    const namespaces = namespace === undefined ? found.map((one) => one.namespace) : [namespace];
    if (namespaces.length === 0) {
      face.progress.clear();
      return tell(face, [], () => "Nothing is locked by a default-deny that the rollout placed or adopted.");
    }
    return await rollBack(desk, face, namespaces, confirm);
  } finally {
    face.progress.clear();
    await desk.agent.dispose();
  }
};

/** The rehearsed rollback. A confirmation is made here and nowhere else: by a person who was shown what it is for. */
export const rollbackCommand = (): Command =>
  common(new Command("rollback").description("the rehearsed rollback: shows what it would undo, asks, and does it"))
    .argument("[namespace]", "whose default-deny comes off")
    .option("--all", "every default-deny that the rollout placed or adopted")
    .option("--rehearse", "try it: owner, rights, dry runs, and the whole path on a sample cluster")
    .option("--confirm <digest>", "without a terminal: the digest of what was shown")
    .action(run);
