import { NAMESPACE_NAME } from "../facts/rollout.ts";

/** What a sentence asks for, read by rules: the playbook's whole understanding of language. */
export type Intent =
  | { readonly kind: "lock"; readonly namespace: string }
  | { readonly kind: "sign-off"; readonly namespace: string }
  | { readonly kind: "rollback"; readonly namespace: string }
  | { readonly kind: "status"; readonly namespace: string | null }
  | { readonly kind: "unknown-namespace"; readonly name: string }
  | { readonly kind: "several"; readonly names: readonly string[] }
  | { readonly kind: "which" }
  | { readonly kind: "unclear" };

const LOCK = /\b(lock(ing)?(\s+down)?|isolate|secure|restrict|propose|enforce|default-deny)\b/;
const ROLLBACK = /\b(roll(ing)?\s*-?back|undo|unlock)\b/;
const SIGN_OFF = /\bsign(ing)?\s*-?off\b/;
const QUESTION =
  /^(how|why|what|where|when|who|which|is|are|can|could|does|do you|show|list|explain|tell|status|state)\b|\bstatus\b|\?\s*$/;
/** Not an order, whatever the rest of the sentence says. */
const NEGATED = /\b(do not|don't|dont|never|stop|cancel|without)\b/;

/** Words around a name that are none. `network` and `default` are not here: namespaces are called that. */
const FILLER = new Set(
  (
    "a an and also app application apps as at be before begin can cluster could do down enforce first for from go hey hi i in is " +
    "isolate it its just k8s kubernetes let lets like lock locking me my namespace namespaces need next now ns of off on one open " +
    "out over please policies policy pr propose pull request restrict rollback rollout roll back secure sign signing start " +
    "that the then this to today undo unlock up us want we will with would you your default-deny"
  ).split(" "),
);

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9-]+/)
    .map((word) => word.replaceAll(/^-+|-+$/g, ""))
    .filter((word) => NAMESPACE_NAME.test(word));

const unique = (words: readonly string[]): string[] => [...new Set(words)];

/** Each item of "a, b and c"; where one holds no known name, what is left of it is a name nobody knows. */
const meant = (text: string, known: ReadonlySet<string>): { names: string[]; strangers: string[] } => {
  const names: string[] = [];
  const strangers: string[] = [];
  for (const item of text.split(/,|;|&|\+|\band\b|\bthen\b/)) {
    const words = wordsOf(item);
    const found = words.filter((word) => known.has(word));
    // A name that is also an everyday word counts only where nothing else is named.
    const surely = found.filter((word) => !FILLER.has(word));
    const these = surely.length > 0 ? surely : found;
    names.push(...these);
    if (these.length === 0) strangers.push(...words.filter((word) => !FILLER.has(word)).slice(0, 1));
  }
  return { names: unique(names), strangers: unique(strangers) };
};

const aimed = (text: string, known: ReadonlySet<string>, make: (namespace: string) => Intent): Intent => {
  const { names, strangers } = meant(text, known);
  const [name] = names;
  const [stranger] = strangers;
  if (names.length + strangers.length > 1) return { kind: "several", names: [...names, ...strangers] };
  if (name !== undefined) return make(name);
  return stranger === undefined ? { kind: "which" } : { kind: "unknown-namespace", name: stranger };
};

/** After the verb stands what it is done to; before it stands politeness, or a name put first. */
const objectOf = (text: string, verb: RegExp, known: ReadonlySet<string>): string => {
  const found = verb.exec(text);
  if (found === null) return text;
  const after = text.slice(found.index + found[0].length);
  return wordsOf(after).some((word) => known.has(word) || !FILLER.has(word)) ? after : text.slice(0, found.index);
};

/**
 * @param text what a person typed; anything at all
 * @param names the namespaces that exist
 */
export const intentOf = (text: string, names: readonly string[]): Intent => {
  const said = text.trim().toLowerCase().slice(0, 2_000);
  const known = new Set(names);
  if (known.has(said)) return { kind: "lock", namespace: said };
  const asks = QUESTION.test(said);
  if (asks || (NEGATED.test(said) && LOCK.test(said))) {
    if (!asks) return { kind: "unclear" };
    const { names: found } = meant(said, known);
    return { kind: "status", namespace: found.find((name) => !FILLER.has(name)) ?? null };
  }
  if (ROLLBACK.test(said))
    return aimed(objectOf(said, ROLLBACK, known), known, (namespace) => ({ kind: "rollback", namespace }));
  if (SIGN_OFF.test(said))
    return aimed(objectOf(said, SIGN_OFF, known), known, (namespace) => ({ kind: "sign-off", namespace }));
  if (LOCK.test(said)) return aimed(objectOf(said, LOCK, known), known, (namespace) => ({ kind: "lock", namespace }));
  return { kind: "unclear" };
};
