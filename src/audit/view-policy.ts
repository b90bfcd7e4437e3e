import type { AppliedPolicy } from "../facts/inventory.ts";
import type { Origin } from "../facts/policy.ts";
import { ciliumSpec } from "./cilium-view.ts";
import { asList, at, isObject } from "./json.ts";
import type { PolicyView, SpecView } from "./policy-view.ts";
import { vanillaSpec } from "./vanilla-view.ts";

const NOWHERE: Origin = { file: "", line: 1, column: 1 };

/** A policy of any kind as a list of rules that know where they were written. */
export const viewPolicy = (document: AppliedPolicy): PolicyView => {
  const namespace = document.ref.kind === "CiliumClusterwideNetworkPolicy" ? null : document.ref.namespace;
  const specs: SpecView[] = [];
  const view: { -readonly [K in keyof PolicyView]: PolicyView[K] } = {
    document,
    ref: document.ref,
    namespace,
    specs,
    rules: [],
    locate: (path) => {
      const found = document.locate?.(path) ?? document.origin ?? NOWHERE;
      return { file: found.file, line: found.line, column: found.column };
    },
  };
  if (document.ref.kind === "NetworkPolicy") specs.push(vanillaSpec(view, document.object));
  else {
    const spec = at(document.object, "spec");
    if (isObject(spec)) specs.push(ciliumSpec(view, spec, ["spec"]));
    for (const [i, one] of asList(at(document.object, "specs")).entries())
      if (isObject(one)) specs.push(ciliumSpec(view, one, ["specs", i]));
  }
  view.rules = specs.flatMap((s) => s.rules);
  return view;
};
