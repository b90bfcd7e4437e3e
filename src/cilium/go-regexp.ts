/**
 * Why Go's RE2 would not compile a pattern, or null. The agent compiles HTTP paths and methods (C C.1.15); JavaScript's own
 * parser is another dialect, so this is a small scanner of RE2's syntax.
 */
export const goRegExpFault = (pattern: string): string | null => {
  let depth = 0;
  let operand = false;
  let repeated = false;
  const atom = (): void => {
    operand = true;
    repeated = false;
  };
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] ?? "";
    if (c === "\\") {
      const end = escapeEnd(pattern, i);
      if (typeof end === "string") return end;
      i = end;
      atom();
    } else if (c === "[") {
      const end = classEnd(pattern, i);
      if (typeof end === "string") return end;
      i = end;
      atom();
    } else if (c === "(") {
      const end = groupStart(pattern, i);
      if (typeof end === "string") return end;
      i = end;
      if (pattern[i] === ")") atom();
      else {
        depth++;
        operand = false;
        repeated = false;
      }
    } else if (c === ")") {
      if (depth-- === 0) return "unexpected )";
      atom();
    } else if (c === "|") {
      operand = false;
      repeated = false;
    } else if (c === "*" || c === "+" || c === "?" || (c === "{" && /^\{\d+(,\d*)?\}/.test(pattern.slice(i)))) {
      if (!operand) return "missing argument to repetition operator";
      if (repeated) return "invalid nested repetition operator";
      if (c === "{") {
        const found = /^\{(\d+)(?:(,)(\d*))?\}/.exec(pattern.slice(i));
        const low = Number(found?.[1] ?? 0);
        const high = found?.[3] === undefined || found[3] === "" ? low : Number(found[3]);
        if (low > 1000 || high > 1000 || high < low) return "invalid repeat count";
        i += (found?.[0].length ?? 1) - 1;
      }
      if (pattern[i + 1] === "?") i++;
      repeated = true;
    } else atom();
  }
  return depth > 0 ? "missing closing )" : null;
};

const escapeEnd = (pattern: string, at: number): number | string => {
  const rest = pattern.slice(at + 1);
  if (rest === "") return "trailing backslash at end of expression";
  if (rest.startsWith("Q")) {
    const end = rest.indexOf("\\E");
    return end < 0 ? pattern.length - 1 : at + 1 + end + 1;
  }
  const known =
    /^(?:[pP](?:[A-Za-z]|\{\^?[A-Za-z_]+\})|x(?:[0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,8}\})|[0-7]{3}|0[0-7]{0,2}|[AbBzCdDsSwWafnrtv]|[^A-Za-z0-9])/.exec(
      rest,
    );
  return known === null ? "invalid escape sequence" : at + known[0].length;
};

const classEnd = (pattern: string, at: number): number | string => {
  let i = at + 1;
  if (pattern[i] === "^") i++;
  let first = true;
  for (; i < pattern.length; i++) {
    if (pattern[i] === "]" && !first) return i;
    first = false;
    if (pattern.startsWith("[:", i)) {
      const named = /^\[:\^?[a-z]+:\]/.exec(pattern.slice(i));
      if (named !== null) {
        i += named[0].length - 1;
        continue;
      }
    }
    let low = pattern.codePointAt(i) ?? 0;
    if (pattern[i] === "\\") {
      const end = escapeEnd(pattern, i);
      if (typeof end === "string") return end;
      low = -1;
      i = end;
    }
    if (pattern[i + 1] === "-" && pattern[i + 2] !== undefined && pattern[i + 2] !== "]") {
      const high = pattern.codePointAt(i + 2) ?? 0;
      if (pattern[i + 2] !== "\\" && low >= 0 && high < low) return "invalid character class range";
      i += pattern[i + 2] === "\\" ? 1 : 2;
    }
  }
  return "missing closing ]";
};

/** Groups: plain, non-capturing, named, flags. No look-around and no conditionals. Returns the last index consumed. */
const groupStart = (pattern: string, at: number): number | string => {
  if (pattern[at + 1] !== "?") return at;
  const found = /^\(\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|[imsU]*(?:-[imsU]+)?(:|\)))/.exec(pattern.slice(at));
  if (found === null) return "invalid or unsupported Perl syntax";
  return at + found[0].length - 1;
};
