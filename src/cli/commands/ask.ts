import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { iso } from "../../facts/clock.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { Answer } from "../../graph/answer.ts";
import { common, faceOf, type Face } from "../face.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { thread?: string };

const refused = (answer: Answer): string[] =>
  answer.refusals.flatMap((r) => [
    `✗ ${r.gate}${r.lesson === null ? "" : ` (lesson ${r.lesson})`}: ${printable(r.reason)}`,
    `  → ${printable(r.remedy)}`,
  ]);

/** An answer for people; the contract's JSON says the same. The agent's own words come first, and nothing twice. */
const render = (answer: Answer): string => {
  const subject = answer.namespace === null ? "" : `${answer.namespace}: `;
  const head = `${subject}${answer.outcome}${answer.stage === null ? "" : ` (stage ${answer.stage})`}`;
  const said = answer.answer ?? answer.question;
  if (said !== null) return [head, "", printable(said.trim())].join("\n");
  const waits =
    answer.waitingFor === null
      ? []
      : [
          `Waiting for ${answer.waitingFor.what}: ${printable(answer.waitingFor.detail)}`,
          ...(answer.waitingFor.until === null ? [] : [`until ${iso(answer.waitingFor.until)}`]),
        ];
  return [head, ...refused(answer), ...waits].join("\n");
};

/** 0: done, waiting or answered; 1: the answer is no. */
const codeOf = (answer: Answer): number => (answer.outcome === "refused" || answer.outcome === "asked-back" ? 1 : 0);

const nextStep = (answer: Answer): string | null => {
  if (answer.outcome !== "pull-request" || answer.pullRequest === null) return null;
  const n = answer.pullRequest.number;
  return `Next: network-operator pr show ${n}, then network-operator pr merge ${n}`;
};

const once = async (words: string, options: Options): Promise<void> => {
  const face = faceOf(options);
  const { openAgent } = await import("../../compose.ts");
  const agent = await openAgent(face);
  try {
    const answer = await agent.ask({ text: words, thread: options.thread ?? null });
    face.progress.clear();
    face.answer(answer, () => render(answer));
    const next = nextStep(answer);
    if (next !== null && face.format === "text") face.note(next);
    process.exitCode = codeOf(answer);
  } finally {
    face.progress.clear();
    await agent.dispose();
  }
};

const converse = async (face: Face, thread: string | null): Promise<void> => {
  const { openAgent } = await import("../../compose.ts");
  const agent = await openAgent(face);
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: process.stdin.isTTY });
  const talk = thread ?? `chat-${process.pid}-${Date.now()}`;
  try {
    face.progress.clear();
    if (process.stdin.isTTY)
      face.note(
        'Ask for a namespace ("lock down selfhosted"), for the status, or why something waits. Empty line or Ctrl-D ends.',
      );
    // Piped input ends before its lines are answered; nobody is there to be prompted then.
    let ended = false;
    lines.once("close", () => {
      ended = true;
    });
    const prompt = (): void => {
      if (!ended) lines.prompt();
    };
    lines.setPrompt("> ");
    prompt();
    for await (const line of lines) {
      if (line.trim() === "") break;
      const answer = await agent.ask({ text: line, thread: talk });
      face.progress.clear();
      // A program that talks reads an answer a line.
      if (face.format === "json") process.stdout.write(`${JSON.stringify(answer)}\n`);
      else face.answer(answer, () => `${render(answer)}\n`);
      prompt();
    }
  } finally {
    lines.close();
    await agent.dispose();
  }
};

const needWords = (words: readonly string[]): string => {
  const text = words.join(" ").trim();
  if (text !== "") return text;
  throw new OperatorError("input", "there is no request", {
    remedy: 'Say what you want: network-operator ask "lock down selfhosted"',
  });
};

/** `ask`, `chat`, and `start`, which is what `npm start` runs: `ask` with words, `chat` without. */
export const askCommands = (): readonly Command[] => {
  const ask = common(new Command("ask").description("one request, one answer"))
    .argument("<words...>", 'e.g. "lock down selfhosted"')
    .option("--thread <id>", "carry on a conversation")
    .action((words: readonly string[], options: Options) => once(needWords(words), options));
  const chat = common(new Command("chat").description("talk; one request a line"))
    .option("--thread <id>", "carry on a conversation")
    .action((options: Options) => converse(faceOf(options), options.thread ?? null));
  const start = common(new Command("start").description("ask with words, chat without"))
    .argument("[words...]")
    .option("--thread <id>", "carry on a conversation")
    .action((words: readonly string[], options: Options) =>
      words.length === 0 ? converse(faceOf(options), options.thread ?? null) : once(needWords(words), options),
    );
  return [chat, ask, start];
};
