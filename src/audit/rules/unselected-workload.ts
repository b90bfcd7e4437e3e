import type { Severity } from "../../facts/finding.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { serviceOf } from "../hostnames.ts";
import { strings } from "../json.ts";
import type { PodView } from "../pods.ts";
import { isOwnFace, sureFor } from "../declared.ts";
import type { Rule } from "../rule.ts";
import { UNSELECTED, isUnselected, unselectedCause } from "../unselected.ts";
import { relatedRules } from "./shared.ts";

/** Tools that leave the pod for a place their command line may not name. */
const GOES_OUT =
  /\b(git (clone|pull|fetch|push)|ssh|scp|rsync|rclone|restic|kopia|apk add|apt-get (install|update)|pip3? install|npm (i|install|ci)|aws s3|psql|pg_dump|mysqldump|redis-cli)\b/;

const URL_HOST = /\b[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@"']*@)?([a-z0-9][a-z0-9.-]*)/gi;

const objectOf = (context: Context, pod: PodView): unknown =>
  context.inventory.objects.find(
    (o) => o.namespace === pod.namespace && o.kind === pod.fact.kind && o.name === pod.fact.name,
  )?.object;

const isOwn = (context: Context, host: string, namespace: string): boolean => {
  if (host === "localhost" || host.startsWith("127.")) return true;
  if (!host.includes(".")) return true;
  const service = serviceOf(host, context.facts);
  return service !== null && service.namespace === namespace && (host.includes(".svc") || host.split(".").length === 2);
};

/** Whether the manifest speaks of anything beyond the pod's own namespace, which the baseline covers. */
const goesOut = (context: Context, pod: PodView): boolean => {
  const { namespace, fact } = pod;
  const declared = context.inventory.declared.some(
    (d) =>
      d.source.namespace === namespace &&
      d.source.workload === fact.name &&
      sureFor(d, pod) !== "guess" &&
      !isOwnFace(d) &&
      !((d.target.kind === "service" || d.target.kind === "workload") && d.target.namespace === namespace) &&
      !(d.target.kind === "host" && isOwn(context, d.target.host, namespace)),
  );
  if (declared) return true;
  for (const { path, text } of strings(objectOf(context, pod))) {
    if (!path.some((step) => step === "command" || step === "args" || step === "env")) continue;
    if (GOES_OUT.test(text)) return true;
    for (const [, host = ""] of text.matchAll(URL_HOST)) if (!isOwn(context, host, namespace)) return true;
  }
  return false;
};

const hasOwnLabels = (pod: PodView): boolean => Object.keys(pod.fact.podLabels).length > 0;

const severityOf = (pod: PodView, leaves: boolean): Severity => (pod.fact.transient && leaves ? "warning" : "info");

export const unselectedWorkload: Rule = {
  id: UNSELECTED,
  severity: "warning",
  lesson: 20,
  about:
    "In a locked namespace no policy speaks of these pods, so they have the baseline and nothing more; Jobs, CronJobs and hooks are the ones that are missed.",
  remedy:
    "Give the pod template a label and a policy of its own, or select it in the policy that it was meant to have.",
  *check(context) {
    for (const pod of context.pods) {
      if (pod.fact.suspended || !isUnselected(context, pod)) continue;
      const locks = DIRECTIONS.map((d) => context.judge.defaultDeny(pod.endpoint, d)).filter((lock) => lock.value);
      const leaves = goesOut(context, pod);
      const labels = hasOwnLabels(pod)
        ? "no policy selects its labels"
        : pod.complete
          ? "its pod template has no labels, so no policy can select it"
          : "no policy selects it as far as its labels are known";
      yield {
        namespace: pod.namespace,
        policy: null,
        severity: severityOf(pod, leaves),
        sure: pod.sure,
        origin: pod.origin ?? { file: "", line: 1, column: 1 },
        message: `${pod.fact.kind} ${pod.namespace}/${pod.fact.name} runs under default deny and ${labels}: it has the namespace's baseline and nothing else${leaves ? ", while its manifest goes further" : ""}. Label the pod template and write its policy`,
        key: [pod.fact.kind, pod.fact.name],
        missing: [{ pod, connection: null }],
        cause: unselectedCause(context, pod),
        related: relatedRules(context, locks.flatMap((l) => l.by).slice(0, 2), "the default deny"),
      };
    }
  },
};
