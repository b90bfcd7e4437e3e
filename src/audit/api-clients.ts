import type { Certainty } from "../facts/known.ts";
import type { Context } from "./context.ts";
import { asList, asObject, asText, at } from "./json.ts";
import type { PodView } from "./pods.ts";

/** Charts, and parts of charts, whose whole business is to watch the API server, by what they are called. */
const CONTROLLER =
  /(^|-)(operator|controller|controller-manager|kube-state-metrics|cainjector|reloader|descheduler)(-|$)/;

const bindings = new WeakMap<Context, ReadonlySet<string>>();

/** `namespace/name` of every service account that a binding of the repository gives rights to. */
const boundAccounts = (context: Context): ReadonlySet<string> => {
  const known = bindings.get(context);
  if (known !== undefined) return known;
  const found = new Set<string>();
  for (const { kind, namespace, object } of context.inventory.objects) {
    if (kind !== "RoleBinding" && kind !== "ClusterRoleBinding") continue;
    for (const subject of asList(object["subjects"]))
      if (asText(at(subject, "kind")) === "ServiceAccount")
        found.add(`${asText(at(subject, "namespace")) ?? namespace ?? ""}/${asText(at(subject, "name")) ?? ""}`);
  }
  bindings.set(context, found);
  return found;
};

/** The app-template binds its accounts by values of its own. */
const bindsByValues = (context: Context, pod: PodView): boolean =>
  context.inventory.objects.some(
    (o) =>
      o.kind === "HelmRelease" &&
      o.namespace === pod.namespace &&
      o.origin.file === pod.origin?.file &&
      Object.keys(asObject(at(o.object, "spec", "values", "rbac", "bindings"))).length > 0,
  );

/**
 * How sure it is that these pods ask the API server: rights that the repository gives their account are certain; what a
 * chart or an operator is known to run as, or is called, is likely. Null: nothing says so.
 */
export const asksApiserver = (context: Context, pod: PodView): Certainty | null => {
  const { serviceAccount, from, name } = pod.fact;
  if (serviceAccount !== null) {
    if (boundAccounts(context).has(`${pod.namespace}/${serviceAccount}`)) return "certain";
    if (from.kind === "operator") return "likely";
    if (from.kind === "chart" && (from.name !== "app-template" || bindsByValues(context, pod))) return "likely";
  }
  return from.kind === "chart" && (CONTROLLER.test(from.name) || CONTROLLER.test(name)) && pod.sure !== "guess"
    ? "likely"
    : null;
};
