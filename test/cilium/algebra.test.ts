import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { onlyLoosens, semanticDiff, turnsDefaultDeny } from "../../src/cilium/questions.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import type { Direction, DirectionVerdict, Endpoint, Peer, Protocol } from "../../src/facts/verdict.ts";
import { document, pod } from "./policies.ts";

const settings = defaultSettings();

const PODS: readonly Endpoint[] = [pod("a"), pod("b"), pod("a", "other")];
const PEERS: readonly Peer[] = [
  ...PODS,
  ...["host", "remote-node", "world", "health"].map((name) => ({ labels: [`reserved:${name}`], exact: true })),
  { labels: ["cidr:10.1.0.0/16", "reserved:world"], ip: "10.1.2.3" },
  { labels: ["reserved:world"] },
  { labels: null },
];
const PORTS: readonly (readonly [Protocol, number])[] = [
  ["TCP", 80],
  ["TCP", 443],
  ["UDP", 53],
  ["ICMPv4", 8],
];

interface Asked {
  readonly direction: Direction;
  readonly subject: Endpoint;
  readonly peer: Peer;
  readonly verdict: DirectionVerdict;
}

const askAll = (documents: readonly PolicyDocument[]): readonly Asked[] => {
  const set = compilePolicies(documents, settings);
  const out: Asked[] = [];
  for (const subject of PODS)
    for (const direction of ["ingress", "egress"] as const)
      for (const peer of PEERS)
        for (const [protocol, port] of PORTS)
          out.push({ direction, subject, peer, verdict: set.judge({ direction, subject, peer, protocol, port }) });
  return out;
};

const outcomes = (documents: readonly PolicyDocument[]): readonly string[] =>
  askAll(documents).map((a) => a.verdict.outcome);

const selector = fc.constantFrom(
  {},
  { matchLabels: { app: "a" } },
  { matchLabels: { app: "b" } },
  {
    matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "Exists" }],
  },
);
const ports = fc.constantFrom(
  undefined,
  [{ ports: [{ port: "80", protocol: "TCP" }] }],
  [{ ports: [{ port: "53" }] }],
  [{ ports: [{ port: "1", endPort: 500, protocol: "TCP" }] }],
);
const peers = (prefix: "from" | "to"): fc.Arbitrary<Record<string, unknown>> =>
  fc.oneof(
    fc.array(selector, { minLength: 1, maxLength: 2 }).map((list) => ({ [`${prefix}Endpoints`]: list })),
    fc.constantFrom("all", "world", "cluster", "host", "remote-node").map((e) => ({ [`${prefix}Entities`]: [e] })),
    fc.constant({ [`${prefix}CIDR`]: ["10.0.0.0/8"] }),
    fc.constant({}),
  );
const rule = (prefix: "from" | "to"): fc.Arbitrary<Record<string, unknown>> =>
  fc.tuple(peers(prefix), ports).map(([who, toPorts]) => (toPorts === undefined ? who : { ...who, toPorts }));
const rules = (prefix: "from" | "to"): fc.Arbitrary<readonly unknown[]> =>
  fc.array(rule(prefix), { minLength: 1, maxLength: 2 });

type Kind = "any" | "additive allow" | "deny";

const policy = (kind: Kind, name: fc.Arbitrary<string>): fc.Arbitrary<PolicyDocument> => {
  const sections = { ingress: rules("from"), egress: rules("to"), ingressDeny: rules("from"), egressDeny: rules("to") };
  const { ingress, egress, ingressDeny, egressDeny } = sections;
  const chosen: Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>> =
    kind === "deny" ? { ingressDeny, egressDeny } : kind === "additive allow" ? { ingress, egress } : sections;
  const additive = fc.constant({ ingress: false, egress: false });
  const enableDefaultDeny = kind === "additive allow" ? additive : fc.option(additive, { nil: undefined });
  return fc
    .tuple(name, selector, fc.record(chosen, { requiredKeys: [] }), enableDefaultDeny)
    .map(([metadataName, endpointSelector, body, deny]) => {
      const filled = Object.keys(body).length === 0 ? { [kind === "deny" ? "egressDeny" : "egress"]: [{}] } : body;
      const spec = { endpointSelector, ...filled, ...(deny === undefined ? {} : { enableDefaultDeny: deny }) };
      const metadata = { name: metadataName, namespace: "shop" };
      return document({ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata, spec });
    });
};

const set = fc
  .uniqueArray(fc.nat(99), { maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((n) => policy("any", fc.constant(`p${n}`)))));

const runs = { numRuns: 60, seed: 20_260_101 };

describe("an algebra of policies", () => {
  test("adding an additive allow never denies", () => {
    fc.assert(
      fc.property(set, policy("additive allow", fc.constant("more")), (before, more) => {
        const was = askAll(before);
        for (const [i, { verdict }] of askAll([...before, more]).entries()) {
          if (was[i]?.verdict.verdict === "allowed") expect(verdict.verdict).toBe("allowed");
        }
      }),
      runs,
    );
  });

  test("adding a deny never allows", () => {
    fc.assert(
      fc.property(set, policy("deny", fc.constant("more")), (before, more) => {
        const was = askAll(before);
        for (const [i, { verdict }] of askAll([...before, more]).entries()) {
          if (was[i]?.verdict.verdict === "dropped") expect(verdict.verdict).toBe("dropped");
          if (was[i]?.verdict.verdict === "unknown") expect(verdict.verdict).not.toBe("allowed");
        }
      }),
      runs,
    );
  });

  test("an allow that is not additive may turn default deny on", () => {
    const allow = document({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "allow", namespace: "shop" },
      spec: { endpointSelector: {}, egress: [{ toEntities: ["world"] }] },
    });
    const [before, after] = [compilePolicies([], settings), compilePolicies([allow], settings)];
    const turned = turnsDefaultDeny(before, after, PODS);
    expect(turned.map((t) => [t.endpoint, t.direction])).toEqual([
      [PODS[0], "egress"],
      [PODS[1], "egress"],
    ]);
    expect(turned[0]?.by[0]?.policy.name).toBe("allow");
  });

  test("the order of policies and of rules never matters", () => {
    fc.assert(
      fc.property(set, (policies) => {
        const reversed = [...policies].reverse().map(({ object }) => document(reverseRules(object)));
        expect(outcomes(reversed)).toEqual(outcomes(policies));
        expect(askAll([...policies].reverse())).toEqual(askAll(policies));
      }),
      runs,
    );
  });

  test("a policy twice is a policy once", () => {
    fc.assert(
      fc.property(set, (policies) => {
        expect(askAll([...policies, ...policies])).toEqual(askAll(policies));
      }),
      runs,
    );
  });

  test("both ends decide for themselves", () => {
    fc.assert(
      fc.property(set, fc.nat(PODS.length - 1), fc.nat(PODS.length - 1), (policies, from, to) => {
        const compiled = compilePolicies(policies, settings);
        const [source, destination] = [PODS[from], PODS[to]];
        if (source === undefined || destination === undefined) return;
        const verdict = compiled.connection({
          source: { ...source, endpoint: true },
          destination: { ...destination, endpoint: true },
          protocol: "TCP",
          port: 80,
        });
        const shared = { protocol: "TCP", port: 80 } as const;
        expect(verdict.egress).toEqual(
          compiled.judge({ direction: "egress", subject: source, peer: destination, ...shared }),
        );
        expect(verdict.ingress).toEqual(
          compiled.judge({ direction: "ingress", subject: destination, peer: source, ...shared }),
        );
        const both = [verdict.egress.verdict, verdict.ingress.verdict];
        if (verdict.verdict === "allowed") expect(both).toEqual(["allowed", "allowed"]);
        if (verdict.verdict === "dropped") expect(both).toContain("dropped");
      }),
      runs,
    );
  });

  test("what is known about a peer never contradicts what was said before it was known", () => {
    fc.assert(
      fc.property(set, (policies) => {
        const compiled = compilePolicies(policies, settings);
        for (const subject of PODS) {
          for (const direction of ["ingress", "egress"] as const) {
            const ask = (peer: Peer): string =>
              compiled.judge({ direction, subject, peer, protocol: "TCP", port: 80 }).verdict;
            const vague = ask({ labels: ["reserved:world"] });
            const sharp = [
              ask({ labels: ["reserved:world"], ip: "10.1.2.3" }),
              ask({ labels: ["reserved:world"], ip: "192.0.2.1" }),
            ];
            if (vague !== "unknown") expect(sharp).toEqual([vague, vague]);
          }
        }
      }),
      runs,
    );
  });

  test("removing a policy only loosens where it took nothing; the diff finds every verdict that changed", () => {
    fc.assert(
      fc.property(set, policy("any", fc.constant("gone")), (rest, gone) => {
        const [before, after] = [compilePolicies([...rest, gone], settings), compilePolicies(rest, settings)];
        const diff = semanticDiff(before, after, PODS);
        const was = askAll([...rest, gone]);
        for (const [i, { verdict, direction, subject }] of askAll(rest).entries()) {
          if (was[i]?.verdict.verdict !== "allowed" || verdict.verdict !== "dropped") continue;
          expect(
            diff.losses.some((c) => c.direction === direction && c.subject.labels.join() === subject.labels.join()),
          ).toBe(true);
          expect(onlyLoosens(before, after, PODS).value).toBe(false);
        }
      }),
      { ...runs, numRuns: 30 },
    );
  });
});

const reverseRules = (object: unknown): unknown => {
  if (typeof object !== "object" || object === null || !("spec" in object)) return object;
  const spec = object.spec;
  if (typeof spec !== "object" || spec === null) return object;
  const turned = Object.entries(spec).map(
    ([key, value]) => [key, Array.isArray(value) ? value.toReversed() : value] as const,
  );
  return { ...object, spec: Object.fromEntries(turned) };
};
