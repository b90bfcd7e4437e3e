import type { RenderedObject } from "../../facts/inventory.ts";
import type { Context } from "../context.ts";
import { ruleCovers } from "../coverage.ts";
import { NAMESPACE_LABEL } from "../../facts/labels.ts";
import { peerText, portText } from "../policy-view.ts";
import type { RuleView } from "../policy-view.ts";
import type { Labelled } from "../selector.ts";
import { matches, podTerms } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inRule, list } from "./shared.ts";

/** Pods that an operator makes beside its instances, when something has to be set up, joined or restored. */
interface Family {
  readonly kind: string;
  readonly group: string;
  readonly instance: (name: string) => Readonly<Record<string, string>>;
  readonly jobs: readonly {
    readonly what: string;
    readonly labels: (name: string) => Readonly<Record<string, string>>;
  }[];
}

/** CloudNativePG labels its Jobs by role; they never carry `podRole`, which its instances do. */
const FAMILIES: readonly Family[] = [
  {
    kind: "Cluster",
    group: "postgresql.cnpg.io",
    instance: (name) => ({ "cnpg.io/cluster": name, "cnpg.io/podRole": "instance" }),
    jobs: ["full-recovery", "snapshot-recovery"].map((role) => ({
      what: role,
      labels: (name) => ({ "cnpg.io/cluster": name, "cnpg.io/jobRole": role }),
    })),
  },
];

const asPod = (namespace: string, labels: Readonly<Record<string, string>>): Labelled => ({
  labels: { ...labels, [NAMESPACE_LABEL]: namespace },
  complete: true,
});

interface Missed {
  readonly cluster: RenderedObject;
  readonly roles: string[];
}

const isOf = (object: RenderedObject, family: Family): boolean =>
  object.kind === family.kind && object.apiVersion.startsWith(`${family.group}/`);

/** Egress that the instances were given by name and the Jobs were not. */
const missedBy = (
  context: Context,
  rule: RuleView,
  family: Family,
  clusters: readonly RenderedObject[],
): readonly Missed[] =>
  clusters.flatMap((cluster): Missed[] => {
    const namespace = cluster.namespace ?? "default";
    const locked = context.judge.defaultDeny(
      context.judge.endpoint(namespace, family.jobs[0]?.labels(cluster.name) ?? {}),
      "egress",
    ).value;
    if (!locked || matches(rule.spec.subject, asPod(namespace, family.instance(cluster.name))) !== "yes") return [];
    const roles = family.jobs
      .filter((job) => {
        const pod = asPod(namespace, job.labels(cluster.name));
        const mine = context.rules.filter((r) => r.direction === "egress" && matches(r.spec.subject, pod) === "yes");
        return !rule.peers.every((peer) => mine.some((r) => ruleCovers(r, peer, rule.ports)));
      })
      .map((job) => job.what);
    return roles.length === 0 ? [] : [{ cluster, roles }];
  });

export const operatorJobs: Rule = {
  id: "operator-jobs-unselected",
  severity: "warning",
  lesson: 33,
  about:
    "An operator's instances have an egress rule that its recovery Jobs lack: their pods carry other labels, and nobody notices until a restore.",
  remedy: "Write the same egress for the Jobs' labels (for CloudNativePG `cnpg.io/jobRole`).",
  *check(context) {
    for (const family of FAMILIES) {
      const clusters = context.inventory.objects.filter((o) => isOf(o, family));
      if (clusters.length === 0) continue;
      for (const rule of context.rules) {
        if (
          rule.direction !== "egress" ||
          rule.deny ||
          rule.peers.length === 0 ||
          podTerms(rule.spec.subject).length === 0
        )
          continue;
        const here = clusters.filter((c) => c.namespace === rule.policy.namespace);
        const missed = missedBy(context, rule, family, here);
        if (missed.length === 0) continue;
        const roles = [...new Set(missed.flatMap((m) => m.roles))];
        yield inRule(rule, {
          message: `The instances may reach ${list(rule.peers.map(peerText), 2)} on ${portText(rule.ports)}, and the Jobs that restore them (${roles.join(", ")}) may not: they carry other labels. Write this egress for those Jobs too (${list(missed.map((m) => m.cluster.name))})`,
          key: [family.kind, ...roles, ...rule.peers.map(peerText).sort()],
          related: missed.slice(0, 3).flatMap((m) => relatedAt(m.cluster.origin, "restored by such Jobs")),
        });
      }
    }
  },
};
