import { lint } from "markdownlint/sync";
import { describe, expect, it } from "vitest";
import { changeset } from "../../../src/facts/changeset.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import type { Coverage } from "../../../src/facts/coverage.ts";
import type { Draft, RuleEvidence } from "../../../src/facts/draft.ts";
import type { Edge } from "../../../src/facts/edge.ts";
import type { DeclaredEdge } from "../../../src/facts/inventory.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import { replay } from "../../../src/replay/replay.ts";
import { unexercised } from "../../../src/replay/synthetic.ts";
import { pullRequestText, type PullRequestInput } from "../../../src/rollout/pull-request/body.ts";
import { applied, edge, end, inventory, policy, service, workload } from "../../replay/field.ts";

const HOUR = 3_600_000;
const web = workload("shop/Deployment/web", { app: "web" }, { ports: [["http", 8080]] });
const idp = workload("auth/Deployment/idp", { app: "idp" }, { ports: [["http", 9091]] });
const envoy = workload("network/Deployment/envoy", { app: "envoy" });
const seen = edge(end(envoy), end(web), 8080, {
  firstSeen: Date.UTC(2026, 0, 1, 3),
  lastSeen: Date.UTC(2026, 0, 2, 4),
});
const issuer: DeclaredEdge = {
  source: { namespace: "shop", workload: "web", kind: "Deployment" },
  target: { kind: "service", namespace: "auth", name: "idp" },
  port: 80,
  protocol: "TCP",
  why: "issuer",
  key: "OIDC_ISSUER",
  sure: "certain",
  origin: { file: "apps/shop/web/helmrelease.yaml", line: 31, column: 5 },
};
const rule = (name: string, more: Partial<RuleEvidence> = {}): RuleEvidence => ({
  policy: { kind: "CiliumNetworkPolicy", namespace: "shop", name },
  rule: "/spec/ingress/0",
  summary: "Gateway to app: network/envoy to web, TCP 8080",
  source: "observed",
  edges: [seen],
  declared: [],
  requirement: null,
  lesson: 10,
  unexercised: false,
  ...more,
});
const field = inventory({
  workloads: [web, idp, envoy],
  services: [service("auth/idp", { app: "idp" }, [[80, 9091]])],
  declared: [issuer],
  policies: [applied(policy("shop/web-allow", { endpointSelector: {} }), "shop/web")],
});
const coverage: Coverage = {
  from: Date.UTC(2026, 0, 1),
  to: Date.UTC(2026, 0, 2),
  nodes: [
    {
      node: "node-1",
      minutes: 1440,
      coveredMinutes: 1400,
      holes: [{ from: Date.UTC(2026, 0, 1, 5), to: Date.UTC(2026, 0, 1, 5) + HOUR / 2, why: "lost 12 % of events" }],
      seen: 100_000,
      lost: 12,
    },
  ],
  completeness: 0.97,
  vacuous: false,
  hoursOfDay: Array.from({ length: 24 }, (_, hour) => hour !== 5),
  control: { kind: "scrape", node: "node-1", flows: 288, lastSeen: 0 },
};
const draft = (more: Partial<Draft> = {}): Draft => ({
  namespace: "shop",
  kind: "allows",
  files: [],
  rules: [rule("web-allow")],
  neededElsewhere: [{ namespace: "databases", summary: "ingress of pg-main from shop/web, TCP 5432" }],
  leftOut: [{ what: "shop/Pod/x", why: "it was only ever dropped" }],
  notes: ["A baseline component is new: components/network-policy/baseline."],
  ...more,
});
const judged = (edges: readonly Edge[]) =>
  replay({ edges, policies: [], settings: defaultSettings(), inventory: field, with: { defaultDenyFor: ["shop"] } });

const input = (more: Partial<PullRequestInput> = {}): PullRequestInput => ({
  changeset: changeset("shop", "allows", [{ path: "apps/shop/web/app/cnp-allow.yaml", mode: "100644", text: "x" }]),
  stood: () => false,
  draft: draft(),
  inventory: field,
  replay: judged([seen]),
  unexercised: unexercised({
    inventory: field,
    edges: [],
    policies: [],
    settings: defaultSettings(),
    facts: defaultClusterFacts,
    namespace: "shop",
  }),
  coverage,
  suspensionFrom: "git",
  rollback: null,
  edited: [],
  ...more,
});

/** A body is no file: the forge puts the title above it and wraps its lines. */
const lintOf = (body: string) =>
  (lint({ strings: { body }, config: { default: true, MD013: false, MD041: false } })["body"] ?? []).map(
    (e) => `${e.ruleNames[0]} line ${e.lineNumber}: ${e.errorContext ?? e.errorDetail ?? ""}`,
  );

describe("a pull request's text", () => {
  const { title, body } = pullRequestText(input());

  it("passes markdownlint", () => {
    expect(lintOf(body)).toEqual([]);
    const lock = input({ changeset: changeset("shop", "default-deny", []), draft: draft({ kind: "default-deny" }) });
    expect(lintOf(pullRequestText(lock).body)).toEqual([]);
    const bare = input({ draft: null, replay: null, unexercised: null, coverage: null, inventory: null });
    expect(lintOf(pullRequestText(bare).body)).toEqual([]);
  });

  it("names the namespace and the kind of change in its title", () => {
    expect(title).toBe("netpol: allow what shop needs");
  });

  it("shows each rule with its counts, first and last seen", () => {
    expect(body).toContain("10 flows on 1 edge | 2026-01-01T03:00 | 2026-01-02T04:00 |");
  });

  it("names what was declared and never seen, and how to exercise it", () => {
    expect(body).toContain("## Declared, but never seen");
    expect(body).toContain("| `shop/Deployment/web` | `auth/Deployment/idp` | TCP 9091 |");
    expect(body).toContain("log in to the app");
  });

  it("tells what the replay found, with the reason of each drop", () => {
    expect(body).toContain("0 allowed, 1 dropped, 0 unknown");
    expect(body).toContain("no rule allows it");
  });

  it("tells how complete the evidence is, holes and the positive control included", () => {
    expect(body).toContain("97 % of it covered");
    expect(body).toContain("0.5 h from 2026-01-01T05:00");
    expect(body).toContain("Hours of the day never covered (UTC): 05.");
    expect(body).toContain("Positive control: scrape");
  });

  it("carries the rollback word for word", () => {
    expect(body).toContain(
      [
        "```sh",
        "flux suspend kustomization -n shop web",
        "kubectl delete ciliumnetworkpolicy -n shop web-allow",
        "kubectl get ciliumnetworkpolicy -n shop",
      ].join("\n"),
    );
  });

  it("names what is needed elsewhere, what was left out, and that suspension came from Git", () => {
    expect(body).toContain("Needed in `databases` as well");
    expect(body).toContain("No rule for shop/Pod/x: it was only ever dropped");
    expect(body).toContain("Suspension was read from Git alone");
  });

  it("draws what was seen solid and what was only declared dotted", () => {
    expect(body).toMatch(/n\d -->\|"TCP 8080"\| n\d/);
    expect(body).toMatch(/n\d -\.->\|"TCP 9091"\| n\d/);
  });

  it("shows for a default-deny which rule lets each connection through", () => {
    const lock = input({ changeset: changeset("shop", "default-deny", []), draft: draft({ kind: "default-deny" }) });
    expect(pullRequestText(lock).body).toContain(
      "| `network/Deployment/envoy` | `shop/Deployment/web` | TCP 8080 | 10 | nothing restricts it | dropped |",
    );
  });

  it("is the same for the same facts", () => {
    expect(pullRequestText(input())).toEqual({
      title,
      body,
      commitMessage: expect.stringContaining("Digest ") as string,
    });
  });
});

describe("a body full of what others wrote", () => {
  const evil =
    '`|x|</td><script>alert(1)</script> @everyone #1 [a](http://evil) ![i](x)\n\n# Heading\n```\n"]; click n0 "javascript:1"';
  const hostile = pullRequestText(
    input({
      draft: draft({
        rules: [rule(evil, { summary: evil, requirement: evil, edges: [{ ...seen, source: end(evil) }] })],
        leftOut: [{ what: evil, why: evil }],
        notes: [evil],
        neededElsewhere: [{ namespace: evil, summary: evil }],
      }),
      changeset: changeset("shop", "allows", [{ path: evil, mode: "100644", text: "" }]),
      replay: judged([{ ...seen, source: end(evil) }]),
      rollback: ["kubectl get pods\n```\n# Heading"],
    }),
  ).body;

  it("keeps its own structure: no heading, no row, no HTML and no mention but ours", () => {
    expect(lintOf(hostile)).toEqual([]);
    const headings = hostile.split("\n").filter((line) => line.startsWith("#"));
    expect(headings.some((h) => h.includes("Heading"))).toBe(false);
    const outsideCode = hostile
      .replace(/^```[^\n]*\n[\s\S]*?^```$/gm, "")
      .split("\n")
      .map((line) => line.replace(/(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g, ""))
      .join("\n");
    expect(outsideCode).not.toMatch(/<script|@everyone|\]\(http|(^|[^\\])!\[/);
  });

  it("closes no code fence early", () => {
    const fences = hostile.split("\n").filter((line) => line.startsWith("```"));
    expect(fences.length % 2).toBe(0);
    expect(fences).toHaveLength(4);
  });

  it("stays below what a forge takes, and says what it left out", () => {
    const many = Array.from({ length: 900 }, (_, n) => rule(`policy-${n}`, { summary: "x".repeat(250) }));
    const { body } = pullRequestText(input({ draft: draft({ rules: many }) }));
    expect(body.length).toBeLessThan(65_000);
    expect(body).toMatch(/And \d+ more rules\./);
    expect(lintOf(body)).toEqual([]);
  });
});
