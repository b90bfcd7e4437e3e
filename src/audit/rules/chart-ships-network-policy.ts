import type { RenderedObject } from "../../facts/inventory.ts";
import type { Path } from "../json.ts";
import { at, isObject } from "../json.ts";
import type { Rule } from "../rule.ts";

const KEY = /^(networkPolicy|networkPolicies)$/;

/** `networkPolicy: {enabled: true}` or `networkPolicy: true`, however deep in the values. */
function* switches(value: unknown, path: Path): Generator<Path> {
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const here = [...path, key];
    if (KEY.test(key)) {
      if (item === true) yield here;
      else if (isObject(item) && (item["enabled"] === true || item["create"] === true))
        yield [...here, item["enabled"] === true ? "enabled" : "create"];
    } else yield* switches(item, here);
  }
}

export const chartNetworkPolicy: Rule = {
  id: "chart-ships-network-policy",
  severity: "warning",
  lesson: 23,
  about:
    "A chart value makes the chart ship a Kubernetes NetworkPolicy: it locks the chart's pods by itself, in no file that anybody reviews.",
  remedy: "Turn the value off and write the same rules as a CiliumNetworkPolicy.",
  *check(context) {
    for (const object of context.inventory.objects) {
      if (object.kind !== "HelmRelease") continue;
      for (const path of switches(at(object.object, "spec", "values"), ["spec", "values"])) {
        const beside = context.policies.some((p) => p.ref.kind !== "NetworkPolicy" && p.namespace === object.namespace);
        yield {
          namespace: object.namespace,
          policy: null,
          severity: beside ? "warning" : "info",
          origin: object.locate(path) ?? object.origin,
          message: `\`${path.slice(2).join(".")}\` makes the chart of ${name(object)} ship its own NetworkPolicy, which locks its pods beside the Cilium policies here. Turn it off, and write what it allowed as a CiliumNetworkPolicy`,
          key: [object.name, path.join(".")],
        };
      }
    }
  },
};

const name = (object: RenderedObject): string => `${object.namespace ?? "-"}/${object.name}`;
