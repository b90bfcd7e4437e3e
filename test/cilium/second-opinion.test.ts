import path from "node:path";
import { CiliumClusterwideNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumClusterwideNetworkPolicy";
import { CiliumNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy";
import { expect, test } from "vitest";
import { checkPolicy } from "../../src/cilium/validity.ts";
import { readVectors } from "../conformance/vectors.ts";

type Input = ConstructorParameters<typeof CiliumNetworkPolicy>[0];

/** A validator made from Cilium's Go types by somebody else: it knows types and required keys, less than the CRD does. */
const refusal = (object: unknown): string | null => {
  const isClusterwide =
    typeof object === "object" &&
    object !== null &&
    "kind" in object &&
    object.kind === "CiliumClusterwideNetworkPolicy";
  try {
    const input = object as Input;
    if (isClusterwide) new CiliumClusterwideNetworkPolicy(input).validate();
    else new CiliumNetworkPolicy(input).validate();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test("nothing that we accept is refused by a validator made from Cilium's own types", () => {
  const fixture = path.join(import.meta.dirname, "..", "conformance", "fixtures", "generated.jsonl.gz");
  const policies = readVectors(fixture).flatMap((s) =>
    s.policies.map((p) => ({ document: p.document, settings: s.settings })),
  );
  const accepted = policies.filter(({ document, settings }) => {
    const { object } = document;
    const isCilium =
      typeof object === "object" && object !== null && "kind" in object && object.kind !== "NetworkPolicy";
    return isCilium && checkPolicy(document, settings).every((p) => p.layer === "meant");
  });
  expect(accepted.length).toBeGreaterThan(100);
  for (const { document } of accepted)
    expect([JSON.stringify(document.object), refusal(document.object)]).toEqual([
      JSON.stringify(document.object),
      null,
    ]);
  expect(
    refusal({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "a" },
      spec: { egress: "x" },
    }),
  ).not.toBeNull();
});
