import type { Context } from "../context.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

const hasDot = (key: string): boolean => key.includes(".");

/** A namespace that nothing makes and nothing lands in, in a repository that writes its namespaces. */
const isNowhere = (context: Context, from: string | null, name: string): boolean => {
  const isWritten = (n: string | null): boolean => context.inventory.namespaces.some((fact) => fact.name === n);
  return isWritten(from) && !isWritten(name) && name !== "default" && context.podsIn(name).length === 0;
};

export const toServices: Rule = {
  id: "to-services-never-matches",
  severity: "warning",
  lesson: null,
  about:
    "`toServices` does not match a Service whose selector has a key with a dot, and with ports it opens them to everyone when no Service matches.",
  remedy: "Write `toEndpoints` with the labels of the pods behind the Service, and their container port.",
  *check(context) {
    for (const rule of context.rules)
      for (const peer of rule.peers) {
        if (peer.kind !== "service") continue;
        if (rule.deny) {
          yield inRule(rule, {
            path: peer.path,
            message: `A deny with \`toServices\` is never translated: ${
              rule.ports === null ? "it denies nothing" : "it denies these ports to every destination"
            }. Write toEndpoints with the labels of the pods behind ${peer.namespace}/${peer.name ?? "the Service"}`,
            key: ["deny", peer.namespace, peer.name ?? peer.keys.join(",")],
          });
          continue;
        }
        const service = peer.name === null ? null : context.service(peer.namespace, peer.name);
        if (service === null) {
          if (peer.name === null) continue;
          yield inRule(rule, {
            path: peer.path,
            // A chart may make the Service; a namespace that is none has none.
            severity: isNowhere(context, rule.policy.namespace, peer.namespace) ? "warning" : "info",
            message: `No Service ${peer.namespace}/${peer.name} is written in the repository. ${
              rule.ports === null
                ? "Without one the rule allows nothing"
                : "Without one the rule opens its ports to everyone"
            }. Write toEndpoints instead`,
            key: ["missing", peer.namespace, peer.name],
          });
          continue;
        }
        const dotted = Object.keys(service.selector ?? {}).filter(hasDot);
        if (dotted.length === 0) continue;
        yield inRule(rule, {
          path: peer.path,
          severity: "error",
          sure: service.sure,
          message: `\`toServices\` does not match ${peer.namespace}/${service.name}: its selector uses ${dotted
            .map((k) => `\`${k}\``)
            .join(
              ", ",
            )}, and Cilium reads the part before the first dot as a label's source. Write toEndpoints with those labels`,
          key: ["dotted", peer.namespace, service.name],
        });
      }
  },
};
