/** Characters that move a terminal's cursor, hide text or turn its direction; names in manifests may hold any of them. */
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text from a repository, fit for a terminal or a log: one line, nothing that acts. */
export const plain = (text: string): string =>
  text
    .replaceAll(/[\t\n]+/g, " ")
    .replaceAll(UNSEEN, (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
