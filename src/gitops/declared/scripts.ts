import type { Certainty } from "../../facts/known.ts";
import { CLIENTS, FETCHERS, VALUED, type Client, type Fetcher } from "../knowledge/commands.ts";
import { isHostName, type Target } from "./targets.ts";

/** A place that a command in a script goes to, though no URL says so. */
export interface Called {
  /** Null: mirrors that are chosen anew each time, so that no name can be given. */
  readonly target: Target | null;
  readonly port: number;
  /** The command as a person would name it: `apk add`. */
  readonly key: string;
  /** Counted from 0. */
  readonly line: number;
  readonly sure: Certainty;
}

interface Command {
  readonly words: readonly string[];
  readonly line: number;
}

const MAX_TEXT = 256 * 1024;
/** Words that may stand before a command without being one. */
const BEFORE = new Set([
  "if",
  "then",
  "else",
  "elif",
  "do",
  "while",
  "until",
  "!",
  "time",
  "exec",
  "sudo",
  "env",
  "nohup",
  "command",
  "{",
  "(",
]);

const isBlank = (c: string): boolean => c === " " || c === "\t" || c === "\n";

/** A command's words, quotes taken off: `a="b c"` is one. */
const wordsOf = (text: string): readonly string[] => {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (quote !== "") {
      if (c === quote) quote = "";
      else word = `${word ?? ""}${c}`;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= "";
    } else if (isBlank(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = `${word ?? ""}${c}`;
  }
  return word === null ? words : [...words, word];
};

/** Also what a shell is handed with `-c`. */
const SEPARATORS = /&&|\|\||[;|`]|\$\(|&\s|(?:^|\s)(?:\/\S*\/)?(?:ba|a|da|z)?sh\s+(?:-\w+\s+)*-\w*c\s+["']?/;

/** Lines, those that end in a backslash joined with the next. */
const linesOf = (script: string): readonly { readonly written: string; readonly line: number }[] => {
  const found: { written: string; line: number }[] = [];
  let open = false;
  for (const [line, written] of script.split("\n").entries()) {
    const last = found.at(-1);
    if (open && last !== undefined) last.written = `${last.written.slice(0, -1)} ${written}`;
    else found.push({ written, line });
    open = written.endsWith("\\");
  }
  return found;
};

/** The simple commands of a script: a line, or what stands between `&&`, `||`, `;`, `|`, `$(` and backquotes. */
const commandsOf = (script: string): readonly Command[] => {
  const found: Command[] = [];
  for (const { written, line } of linesOf(script)) {
    if (/^\s*(#|\/\/)/.test(written)) continue;
    for (const part of written.split(SEPARATORS)) {
      const words = wordsOf(part);
      let first = 0;
      while (first < words.length && (BEFORE.has(words[first] ?? "") || /^[A-Za-z_]\w*=/.test(words[first] ?? "")))
        first += 1;
      if (first < words.length) found.push({ words: words.slice(first), line });
    }
  }
  return found;
};

const nameOf = (word: string): string => word.replace(/^.*\//, "");

const place = (host: string, port: number, protocol: Target["protocol"], line: number): Target => ({
  host,
  port,
  protocol,
  scheme: null,
  speaks: null,
  discovers: false,
  line,
  column: 0,
});

const fetcherFor = (command: string, words: readonly string[], image: string): Fetcher | null => {
  const fitting = FETCHERS.filter(
    (f) =>
      f.commands.includes(command) &&
      (f.verbs === undefined || words.some((w) => f.verbs?.includes(w) === true)) &&
      !words.some((w) => f.otherwise?.some((flag) => w === flag || w.startsWith(`${flag}=`)) === true),
  );
  return fitting.find((f) => f.images?.some((word) => image.includes(word)) === true) ?? fitting[0] ?? null;
};

const fetched = (command: string, { words, line }: Command, image: string): readonly Called[] => {
  const fetcher = fetcherFor(command, words, image);
  if (fetcher === null) return [];
  const fits = fetcher.images === undefined || fetcher.images.some((word) => image.includes(word));
  const verb = fetcher.verbs === undefined ? undefined : words.find((w) => fetcher.verbs?.includes(w) === true);
  const key = verb === undefined ? command : `${command} ${verb}`;
  const { port } = fetcher;
  const sure = fits ? ("likely" as const) : ("guess" as const);
  if (fetcher.anywhere === true) return [{ target: null, port, key, line, sure }];
  return fetcher.hosts.map((host) => ({ target: place(host, port, "TCP", line), port, key, line, sure }));
};

const after = (words: readonly string[], flags: readonly string[]): string | null => {
  for (const [index, word] of words.entries())
    for (const flag of flags) {
      if (word === flag) return words[index + 1] ?? null;
      if (flag.startsWith("--") && word.startsWith(`${flag}=`)) return word.slice(flag.length + 1);
      if (
        !flag.startsWith("--") &&
        flag.length === 2 &&
        word.startsWith(flag) &&
        word.length > 2 &&
        !word.startsWith("--")
      )
        return word.slice(2);
    }
  return null;
};

/** Words that are neither the command, nor flags, nor what follows a flag that takes a value. */
const plainWords = (command: string, words: readonly string[]): readonly string[] => {
  const valued = new Set((VALUED[command] ?? "").split(" "));
  return words.filter((word, index) => {
    const before = words[index - 1] ?? "";
    if (index === 0 || word.startsWith("-")) return false;
    // Short flags may stand together: `-fsSLo file`.
    const short = /^-[A-Za-z]+$/.test(before) ? `-${before.at(-1) ?? ""}` : before;
    return index === 1 || (!valued.has(before) && !valued.has(short));
  });
};

/** `git@host:path`, `user@host`, `host:path`: the host. A path or a bare word is none. */
const hostIn = (word: string, client: Client): string | null => {
  if (word.includes("://")) return null;
  const isCopy = client.commands.includes("scp");
  if (isCopy && !/^[^/\s]+:/.test(word)) return null;
  const [host = ""] = word.replace(/^[^@\s/]*@/, "").split(isCopy ? /:/ : /[/:?]/);
  return isHostName(host) ? host : null;
};

const called = (
  command: string,
  { words, line }: Command,
  known: (host: string) => string | null,
): readonly Called[] => {
  const client = CLIENTS.find((c) => c.commands.includes(command));
  if (client === undefined) return [];
  const plain = client.bare === undefined ? [] : plainWords(command, words);
  const candidates = client.bare === "anywhere" ? plain : plain.slice(0, 1);
  const bare = candidates.map((word) => hostIn(known(word) ?? word, client)).find((h) => h !== null) ?? null;
  const flagged = after(words, client.host);
  const host = flagged === null ? bare : (known(flagged) ?? flagged);
  const written = client.barePort === true ? plain[1] : after(words, client.ports ?? []);
  const port = written !== undefined && written !== null && /^\d{1,5}$/.test(written) ? Number(written) : client.port;
  // A word without a dot is as likely a file as a host.
  if (host === null || !isHostName(host) || port < 1 || port > 65_535) return [];
  if (client.bare !== undefined && !host.includes(".")) return [];
  return [{ target: place(host, port, client.protocol ?? "TCP", line), port, key: command, line, sure: "likely" }];
};

const GIT_VERBS = new Set(["clone", "fetch", "pull", "push", "ls-remote", "submodule"]);

/** `git clone git@host:path`: SSH, whatever the rest is. */
const cloned = ({ words, line }: Command): readonly Called[] =>
  words.flatMap((word): readonly Called[] => {
    const host = /(?:^|[.=])(?:[\w-]+)@([\w.-]+):(?!\/\/)/.exec(word)?.[1];
    return host === undefined || !host.includes(".")
      ? []
      : [
          {
            target: place(host, 22, "TCP", line),
            port: 22,
            key: `git ${words.find((w) => GIT_VERBS.has(w)) ?? ""}`.trim(),
            line,
            sure: "likely",
          },
        ];
  });

/** Whether the container is told of a mirror or a proxy, so that package managers do not ask their defaults. */
const hasMirror = (environment: ReadonlyMap<string, string>): boolean =>
  [...environment].some(
    ([name, value]) =>
      /(?:^|_)(?:mirror|https?_proxy|all_proxy|index_url|registry|goproxy|repositor(?:y|ies))(?:_|$)/i.test(name) &&
      value.includes("://"),
  );

/** The container that runs a script: what its image and its environment say. */
export interface Shell {
  readonly image: string | null;
  readonly environment: ReadonlyMap<string, string>;
}

/** The places that a script's commands go to by themselves; URLs are read elsewhere. */
export const callsIn = (script: string, shell: Shell): readonly Called[] =>
  script.length > MAX_TEXT ? [] : callsOf(commandsOf(script), shell);

/** One command as a list of words, without a shell around it. */
export const callsBy = (words: readonly string[], shell: Shell): readonly Called[] =>
  words.length > 1_000 ? [] : callsOf([{ words, line: 0 }], shell);

const callsOf = (commands: readonly Command[], told: Shell): readonly Called[] => {
  const image = (told.image ?? "").toLowerCase();
  const mirrored = hasMirror(told.environment);
  const known = (word: string): string | null => {
    const name = /^\$\$?\{?([A-Za-z_]\w*)(?::?-[^}]*)?\}?$/.exec(word)?.[1];
    return name === undefined ? null : (told.environment.get(name) ?? null);
  };
  const found = commands.flatMap((command) => {
    const name = nameOf(command.words[0] ?? "");
    if (name === "git") return cloned(command);
    return [...(mirrored ? [] : fetched(name, command, image)), ...called(name, command, known)];
  });
  const unique = new Map(found.map((c) => [`${c.key} ${c.target?.host ?? ""} ${c.port}`, c]));
  return [...unique.values()];
};
