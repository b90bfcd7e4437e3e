import { isIdentityRelevant } from "../../cilium/labels.ts";
import { NAMESPACE_LABEL, NAMESPACE_META_PREFIX } from "../../facts/labels.ts";
import { labelledPeer, wouldAllow } from "../consequences.ts";
import type { Selector } from "../selector.ts";
import type { Path } from "../json.ts";
import type { Rule } from "../rule.ts";
import { inPolicy, inRule } from "./shared.ts";

const NAMESPACE_NAME = "kubernetes.io/metadata.name";

const hintFor = (key: string): string => {
  if (key === NAMESPACE_NAME)
    return `A namespace is chosen by \`io.kubernetes.pod.namespace\`, or by \`${NAMESPACE_META_PREFIX}${NAMESPACE_NAME}\``;
  if (key === "name" || key === "namespace") return "A namespace is chosen by `io.kubernetes.pod.namespace`";
  return "Use a label that becomes part of the identity, for example `app.kubernetes.io/name`";
};

const unseen = (s: Selector): readonly string[] =>
  s.terms.filter((t) => (t.source === "any" || t.source === "k8s") && !isIdentityRelevant(t.key)).map((t) => t.key);

/** Keys whose value changes with every rollout or pod; they are excluded from identity, so no policy sees them. */
export const labelWithoutIdentity: Rule = {
  id: "label-without-identity",
  severity: "error",
  lesson: 20,
  about:
    "The selector asks for a label that Cilium leaves out of identities, so it matches no pod, whatever labels the pod carries.",
  remedy: "Select by a label that makes identity; choose namespaces by `io.kubernetes.pod.namespace`.",
  *check(context) {
    for (const view of context.policies) {
      if (view.ref.kind === "NetworkPolicy") continue;
      for (const spec of view.specs) {
        if (spec.nodes) continue;
        for (const key of unseen(spec.subject)) {
          const path: Path = [...spec.path, "endpointSelector"];
          yield inPolicy(view, {
            path,
            explains: (missing) =>
              missing.pod.namespace === view.namespace &&
              (missing.connection === null || spec.rules.some((r) => wouldAllow(r, { subject: true })(missing))),
            message: `This policy selects no pod: \`${key}\` is no part of an identity (Cilium's label filter leaves it out). ${hintFor(key)}`,
            key: ["subject", key],
          });
        }
      }
      for (const rule of view.rules)
        for (const peer of rule.peers) {
          if (peer.kind !== "endpoints") continue;
          for (const key of unseen(peer.written))
            yield inRule(rule, {
              path: peer.path,
              explains: wouldAllow(rule, { peer: (p) => Object.hasOwn(labelledPeer(p).labels, NAMESPACE_LABEL) }),
              message: `This peer matches no pod: \`${key}\` is no part of an identity (Cilium's label filter leaves it out). ${hintFor(key)}`,
              key: ["peer", key, peer.selector.text],
            });
        }
    }
  },
};
