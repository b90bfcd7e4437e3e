import { apiserverTargets } from "../../facts/declared.ts";
import type { Context } from "../context.ts";
import { endOf, policiesOf, speaksOf } from "../ends.ts";
import { APISERVER } from "../judge.ts";
import type { PodView } from "../pods.ts";
import type { PeerView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { relatedAt, weaker } from "../rule.ts";
import { matches } from "../selector.ts";
import { hasPolicy } from "../unselected.ts";
import { relatedRules } from "./shared.ts";

/** Rules that open the port to whoever else the API server may be: outside the cluster where somebody else runs it. */
const admits = (context: Context, pod: PodView, port: number, isMeant: (peer: PeerView) => boolean): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "ingress" &&
      !r.deny &&
      matches(r.spec.subject, pod) !== "no" &&
      speaksOf(r.ports, "TCP", port) &&
      r.peers.some(isMeant),
  );

const isOutside = (peer: PeerView): boolean =>
  peer.kind === "cidr" || (peer.kind === "entity" && peer.entity === "world");
const isOwnNode = (peer: PeerView): boolean => peer.kind === "entity" && peer.entity === "host";

export const webhookWithoutApiserver: Rule = {
  id: "webhook-without-apiserver",
  severity: "error",
  lesson: 34,
  about:
    "The API server calls admission webhooks and aggregated APIs on the pods' container port, and under default deny these pods do not admit it: changes fail, days later, with a timeout.",
  remedy: "Add ingress from the entities `kube-apiserver` and `remote-node` on the container port of the webhook.",
  *check(context) {
    for (const { target, port, what } of apiserverTargets(context.inventory)) {
      const service = context.service(target.namespace, target.name);
      const entry = service?.ports.find((p) => p.port === port);
      if (service === null || entry === undefined) continue;
      const container = entry.containerPort ?? (typeof entry.targetPort === "number" ? entry.targetPort : null);
      if (container === null) continue;
      for (const { pod, match } of context.backends(service)) {
        if (!pod.governed || pod.fact.suspended || pod.fact.transient) continue;
        const verdict = context.judge.ingress(pod, APISERVER, "TCP", container);
        if (verdict.verdict !== "dropped" || admits(context, pod, container, isOutside)) continue;
        const single = admits(context, pod, container, isOwnNode);
        const spec = hasPolicy(context, pod) ? policiesOf(context, endOf(pod), "ingress")[0] : undefined;
        const view = spec?.rules[0]?.policy;
        const origin = view === undefined ? (pod.origin ?? service.origin) : view.locate(spec?.path ?? ["spec"]);
        if (origin === null) continue;
        yield {
          // On a cluster of one node the API server is the pods' own host.
          ...(single ? { severity: "info" as const } : {}),
          namespace: pod.namespace,
          policy: view?.ref ?? null,
          sure: weaker(weaker(service.sure, pod.sure), match === "yes" ? "certain" : "guess"),
          origin,
          message: `The API server calls ${pod.id} on ${container}/TCP (${what}), and these pods do not admit it. Add ingress from kube-apiserver and remote-node on ${container}`,
          key: [pod.id, String(container)],
          missing: [{ pod, connection: { direction: "ingress", peer: APISERVER, protocol: "TCP", port: container } }],
          related: [
            ...relatedAt(service.origin, `Service ${service.namespace}/${service.name} leads to ${container}`),
            ...relatedRules(context, verdict.defaultDeny.slice(0, 1), "the default deny"),
          ],
        };
      }
    }
  },
};
