import type { RenderedObject } from "../../facts/inventory.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Peer } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { describedEnd, reachesNamespace, subjectEnds } from "../ends.ts";
import type { End } from "../ends.ts";
import { isClusterName, serviceOf } from "../hostnames.ts";
import { asText, at } from "../json.ts";
import { podPeer } from "../judge.ts";
import { subjectText } from "../policy-view.ts";
import type { RuleView } from "../policy-view.ts";
import type { Defect, Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inRule, list } from "./shared.ts";

/** Tools that ask every source a repository names: they meet in-cluster registries like any other. */
const SCANNERS = /renovate|dependabot|updatecli|image-updater|keel|diun|trivy|nova/i;

const SOURCES: ReadonlySet<string> = new Set(["OCIRepository", "HelmRepository", "GitRepository", "Bucket"]);

interface Inside {
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly origin: Origin;
}

const URL_PARTS = /^(?:oci|https?|ssh|git):\/\/(?:[^@/]*@)?([^:/]+)(?::(\d+))?/;

/** Sources of the repository that are Services of the cluster. */
const insideSources = (context: Context): readonly Inside[] => {
  const found = new Map<string, Inside>();
  const note = (object: RenderedObject): void => {
    const url = asText(at(object.object, "spec", "url"));
    const match = url === null ? null : URL_PARTS.exec(url);
    const host = match?.[1];
    if (url === null || host === undefined || !isClusterName(host, context.facts)) return;
    const service = serviceOf(host, context.facts);
    if (service === null) return;
    const port = match?.[2] === undefined ? (url.startsWith("http:") ? 80 : 443) : Number(match[2]);
    const key = `${host}:${port}`;
    if (!found.has(key))
      found.set(key, { host, ...service, port, origin: object.locate(["spec", "url"]) ?? object.origin });
  };
  for (const object of context.inventory.objects) if (SOURCES.has(object.kind)) note(object);
  return [...found.values()];
};

const isScanner = (context: Context, rule: RuleView, ends: readonly End[]): boolean => {
  const { ref } = rule.policy;
  const words = [ref.name, ref.namespace ?? "", subjectText(rule.spec), ...ends.map((e) => e.id)];
  for (const end of ends) for (const c of end.pod?.fact.containers ?? []) words.push(c.image ?? "");
  for (const o of context.inventory.objects)
    if (o.namespace === ref.namespace && SCANNERS.test(o.kind)) words.push(o.kind);
  return words.some((w) => SCANNERS.test(w));
};

/** The pods behind an in-cluster source, where a manifest makes them. */
const landing = (context: Context, inside: Inside): { readonly peer: Peer; readonly port: number } | null => {
  const service = context.service(inside.namespace, inside.name);
  const [backend] = service === null ? [] : context.backends(service);
  if (service === null || backend === undefined) return null;
  const port = service.ports.find((p) => p.port === inside.port)?.containerPort ?? inside.port;
  return { peer: podPeer(backend.pod.endpoint), port };
};

function* check(context: Context, rule: RuleView, sources: readonly Inside[]): Generator<Defect> {
  const star = rule.peers.find((p) => p.kind === "fqdn" && p.name === "*");
  if (star === undefined) return;
  const known = subjectEnds(context, rule.spec);
  const subject = known[0] ?? describedEnd(context, rule.spec);
  if (subject === null) return;
  const missed = sources.filter((inside) => {
    const at = landing(context, inside);
    if (at === null) return !reachesNamespace(context, subject, inside.namespace);
    return context.judge.ask("egress", subject.endpoint, at.peer, "TCP", at.port).verdict === "dropped";
  });
  if (missed.length === 0) return;
  yield inRule(rule, {
    path: star.path,
    severity: isScanner(context, rule, known) ? "warning" : "info",
    message: `\`*\` covers names that resolve outside the cluster only, and the repository's sources name ${list(missed.map((m) => `${m.host}:${m.port}`))}: that is a pod to policy, so ${subjectText(rule.spec)} cannot ask it. Add toEndpoints with that pod's labels and its container port`,
    key: ["sources", ...missed.map((m) => `${m.host}:${m.port}`).sort()],
    related: missed.flatMap((m) => relatedAt(m.origin, `${m.host} is a source here`)).slice(0, 3),
  });
}

export const wildcardFqdn: Rule = {
  id: "fqdn-wildcard-misses-in-cluster",
  severity: "warning",
  lesson: 12,
  about:
    '`toFQDNs: "*"` means every name outside the cluster; a Service\'s name resolves to a pod, and no FQDN rule ever covers a pod.',
  remedy: "Add toEndpoints for the in-cluster registries, mirrors and proxies that these pods ask.",
  *check(context) {
    const sources = insideSources(context);
    if (sources.length === 0) return;
    for (const rule of context.rules)
      if (rule.direction === "egress" && !rule.deny) yield* check(context, rule, sources);
  },
};
