import type { ClusterFacts } from "../facts/cluster-facts.ts";

/** Top-level domains that end a whole public host name often enough to tell `api.example.com.*` from `host.*`. */
const ENDINGS: ReadonlySet<string> = new Set(
  (
    "com net org io dev app ai cloud tech info biz edu gov mil int xyz me tv gg sh so co video online site space page " +
    "uk de fr nl eu us ca au jp cn ru ch at be se no fi dk pl cz it es pt br in kr tw ie nz za mx ar local internal lan home"
  ).split(" "),
);

export const labelsOf = (name: string): readonly string[] => name.replace(/\.$/, "").split(".");

/** Whether a name can stand alone as a host: a dot and a last part that is a known ending, or parts enough whatever it is. */
export const isWholeHost = (name: string): boolean => {
  const parts = labelsOf(name);
  return parts.length >= 3 || (parts.length === 2 && ENDINGS.has((parts.at(-1) ?? "").toLowerCase()));
};

/** A name of the cluster's own zone: a Service, however much of its name is written. */
export const isClusterName = (name: string, facts: ClusterFacts): boolean => {
  const plain = name.replace(/\.$/, "").toLowerCase();
  return plain.endsWith(".svc") || plain.endsWith(`.${facts.clusterDomain}`) || plain.endsWith(".cluster.local");
};

/** The Service that an in-cluster name means: `x.ns.svc`, `x.ns`; null when it is no such name. */
export const serviceOf = (
  name: string,
  facts: ClusterFacts,
): { readonly name: string; readonly namespace: string } | null => {
  const plain = name.replace(/\.$/, "").replace(new RegExp(`\\.${facts.clusterDomain.replaceAll(".", "\\.")}$`), "");
  const parts = plain.replace(/\.svc$/, "").split(".");
  const [service, namespace] = parts.slice(-2);
  return parts.length < 2 || service === undefined || namespace === undefined ? null : { name: service, namespace };
};

/** `*.example.com` covers `a.example.com`; the same host otherwise. Variables are compared as written. */
export const hostMatches = (pattern: string, host: string): boolean => {
  const p = pattern.toLowerCase();
  const h = host.toLowerCase();
  if (p === h) return true;
  return p.startsWith("*.") && h.endsWith(p.slice(1)) && h.length > p.length - 1;
};
