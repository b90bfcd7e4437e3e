import type { RenderedObject } from "../../facts/inventory.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Context } from "../context.ts";
import { describedEnd, reachesNamespace } from "../ends.ts";
import type { End } from "../ends.ts";
import { isClusterName, serviceOf } from "../hostnames.ts";
import { strings } from "../json.ts";
import type { Defect, Rule } from "../rule.ts";
import { podTerms } from "../selector.ts";
import { relatedRules } from "./shared.ts";

/** Kinds whose addresses are asked by somebody else: Flux, gateways, monitoring, the reader. */
const ASKED_BY_OTHERS =
  /Policy$|Route$|^(Kustomization|HelmRelease|HelmChart|OCIRepository|HelmRepository|GitRepository|Bucket|ImageRepository|ServiceMonitor|PodMonitor|Probe|ScrapeConfig|PrometheusRule|AlertmanagerConfig|Alert|Provider|Receiver|Secret|Service|Ingress|Gateway|EnvoyProxy|Namespace|CustomResourceDefinition|Silence|ScaledObject|ScaledJob|GrafanaDatasource|VMRule|VMUser|VM\w*Scrape(Config)?|VMProbe)$/;

const URL = /\b[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@"']*@)?([a-z0-9][a-z0-9.-]*\.svc(?:\.[a-z0-9.-]+)?)(?::(\d+))?/g;

/** Any pod of the namespace, and each kind of pod that a policy there speaks of. */
const anybody = (context: Context, namespace: string): readonly End[] => {
  const described = context.policies
    .filter((view) => view.namespace === namespace)
    .flatMap((view) => view.specs)
    .filter((spec) => podTerms(spec.subject).length > 0)
    .flatMap((spec) => describedEnd(context, spec) ?? []);
  const endpoint = context.judge.endpoint(namespace);
  const plain: End = {
    id: `${namespace}/pods`,
    namespace,
    labels: { "io.kubernetes.pod.namespace": namespace },
    complete: true,
    endpoint,
    pod: null,
    sure: "likely",
    origin: null,
  };
  return [plain, ...described];
};

/** Custom resources whose pods nobody here knows still say where those pods will go. */
const isUnowned = (context: Context, object: RenderedObject): boolean =>
  object.namespace !== null &&
  !ASKED_BY_OTHERS.test(object.kind) &&
  !context.pods.some(
    (p) => p.namespace === object.namespace && p.fact.name === object.name && p.fact.kind === object.kind,
  );

/** A declaration of some workload for the same Service has a rule of its own; so has one read at this very place. */
const isDeclared = (context: Context, at: Origin, namespace: string, host: string, name: string): boolean =>
  context.inventory.declared.some(
    ({ source, target, origin }) =>
      (source.namespace === namespace || (origin.file === at.file && origin.line === at.line)) &&
      ((target.kind === "host" && target.host === host) || (target.kind === "service" && target.name === name)),
  );

function* check(context: Context, object: RenderedObject, namespace: string): Generator<Defect> {
  const seen = new Set<string>();
  for (const { path, text } of strings(object.object))
    for (const [, host = "", port = ""] of text.matchAll(URL)) {
      const service = isClusterName(host, context.facts) ? serviceOf(host, context.facts) : null;
      if (service === null || service.namespace === namespace || seen.has(`${host}:${port}`)) continue;
      seen.add(`${host}:${port}`);
      if (!context.inventory.namespaces.some((n) => n.name === service.namespace)) continue;
      const origin = object.locate(path) ?? object.origin;
      if (isDeclared(context, origin, namespace, host, service.name)) continue;
      if (anybody(context, namespace).some((end) => reachesNamespace(context, end, service.namespace))) continue;
      const by = context.judge.defaultDeny(context.judge.endpoint(namespace), "egress").by;
      const target = port === "" ? host : `${host}:${port}`;
      yield {
        namespace,
        policy: null,
        sure: "likely",
        origin,
        message: `${object.kind} ${namespace}/${object.name} names ${target}, and no pod of ${namespace} may connect to anything in ${service.namespace}: the namespace is under default deny and none of its policies leads there. Add the egress to the pods that use it, on the container port`,
        key: [object.kind, object.name, target],
        related: relatedRules(context, by.slice(0, 1), "the default deny"),
      };
    }
}

export const unownedDependency: Rule = {
  id: "dependency-without-any-egress",
  severity: "warning",
  lesson: 7,
  about:
    "A custom resource names a Service of another namespace, and under default deny no policy of its own namespace leads there, whichever pods will use it.",
  remedy: "Add the egress to the pods that the resource's controller makes, and the ingress at the other end.",
  *check(context) {
    for (const object of context.inventory.objects) {
      const { namespace } = object;
      if (namespace === null || !context.judge.locked(namespace, "egress") || !isUnowned(context, object)) continue;
      yield* check(context, object, namespace);
    }
  },
};
