import type { Context } from "../context.ts";
import { asksApiserver } from "../api-clients.ts";
import { APISERVER } from "../judge.ts";
import type { PodView } from "../pods.ts";
import type { RuleView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { weaker } from "../rule.ts";
import { matches } from "../selector.ts";
import { list, relatedRules } from "./shared.ts";

/** A rule that means the API server in words that do not reach it is the business of the rules about those words. */
const meansApiserver = (context: Context, rule: RuleView): boolean => {
  const ports = (rule.ports ?? []).map((p) => p.number);
  return rule.peers.some((p) => {
    if (p.kind === "entity") return p.entity === "kube-apiserver";
    if (p.kind === "service") return p.name === "kubernetes";
    return (
      p.kind === "cidr" && (rule.ports === null || ports.includes(context.facts.apiserverPort) || ports.includes(443))
    );
  });
};

const isMeant = (context: Context, pod: PodView): boolean =>
  context.rules.some(
    (r) => r.direction === "egress" && !r.deny && matches(r.spec.subject, pod) !== "no" && meansApiserver(context, r),
  );

export const apiserverNotAllowed: Rule = {
  id: "apiserver-not-allowed",
  severity: "error",
  lesson: 27,
  about:
    "Pods that work by the API server (their service account is given rights, or a controller runs in them) may not reach it under default deny.",
  remedy:
    "Add egress to the entity `kube-apiserver` on the API server's own port (commonly 6443): most baselines hold it.",
  *check(context) {
    const port = context.facts.apiserverPort;
    const cut = context.pods.flatMap((pod) => {
      if (!pod.governed || pod.fact.suspended) return [];
      const { verdict, outcome } = context.judge.egress(pod, APISERVER, "TCP", port);
      if (verdict !== "dropped") return [];
      const sure = asksApiserver(context, pod);
      // The API server has a node's identity too: a deny of nodes takes it along, however well it is allowed (C D.5).
      const isOthers = outcome !== "denied" && isMeant(context, pod);
      return sure === null || isOthers ? [] : [{ pod, outcome, sure: weaker(sure, pod.sure) }];
    });
    for (const [namespace, found] of Map.groupBy(cut, ({ pod }) => pod.namespace)) {
      const [first] = found;
      if (first === undefined) continue;
      const isDenied = found.every((f) => f.outcome === "denied");
      const lock = isDenied
        ? relatedRules(context, context.judge.egress(first.pod, APISERVER, "TCP", port).by, "the deny")[0]
        : relatedRules(
            context,
            context.judge.defaultDeny(first.pod.endpoint, "egress").by.slice(0, 1),
            "the default deny",
          )[0];
      const wayOut = isDenied
        ? "A deny takes it along, and no allow can open it again: the API server is a node too. Narrow the deny"
        : `Add egress to kube-apiserver on ${port}`;
      const origin = first.pod.origin ?? (lock === undefined ? null : { file: lock.file, line: lock.line, column: 1 });
      if (origin === null) continue;
      yield {
        namespace,
        policy: null,
        sure: found.some((f) => f.sure === "certain") ? "certain" : "likely",
        origin,
        message: `${list(found.map((f) => f.pod.id))} work by the API server and may not reach it (entity kube-apiserver, ${port}/TCP). ${wayOut}`,
        key: ["kube-apiserver"],
        missing: found.map(({ pod }) => ({
          pod,
          connection: { direction: "egress", peer: APISERVER, protocol: "TCP", port },
        })),
        related: lock === undefined ? [] : [lock],
      };
    }
  },
};
