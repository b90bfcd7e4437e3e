import type { CiliumVersion } from "../facts/settings.ts";

/** At most this many characters in a name or pattern since 1.19 (C C.1.10). */
export const MAX_FQDN_LENGTH = 255;

const CHARS = "[-a-zA-Z0-9_]";

/** Subdomain wildcards (`**.`) and the lone `**` came with 1.19 (C B.4.2). */
const hasSubdomainWildcard = (version: CiliumVersion): boolean => version === "1.19" || version === "1.20";

const fqdn = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

const toRegExp = (pattern: string, version: CiliumVersion): RegExp => {
  const wanted = pattern.trim().toLowerCase();
  if (hasSubdomainWildcard(version) ? /^\*+\.?$/.test(wanted) : wanted === "*") {
    return new RegExp(`^(${CHARS}+[.])+$|^[.]$`);
  }
  let source = fqdn(wanted).replaceAll(".", "[.]");
  if (hasSubdomainWildcard(version)) {
    source = source.replace(/^\*{2,}\[\.\]/, `(${CHARS}@([.]${CHARS}@)^)[.]`);
    source = source.replaceAll(/\*+/g, `${CHARS}*`).replaceAll("@", "+").replaceAll("^", "*");
  } else {
    source = source.replaceAll("*", `${CHARS}*`);
  }
  return new RegExp(`^${source}$`);
};

const compiled = new Map<string, RegExp>();

/**
 * Whether a `matchPattern` (or `matchName`) covers a name that was asked, by the rules of that Cilium minor: `*` stays
 * inside one label, only the question's name counts, never a CNAME's target (C B.4.2, B.4.3).
 */
export const patternMatches = (pattern: string, name: string, version: CiliumVersion): boolean => {
  const key = `${version} ${pattern}`;
  let expression = compiled.get(key);
  if (expression === undefined) {
    expression = toRegExp(pattern, version);
    if (compiled.size > 10_000) compiled.clear();
    compiled.set(key, expression);
  }
  return expression.test(fqdn(name.toLowerCase()));
};
