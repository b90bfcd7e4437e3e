import { describe, expect, it } from "vitest";
import { allow, auditOf, cnp, findings, lock, said } from "./cluster.ts";

const files = (text: string): { readonly files: Readonly<Record<string, string>> } => ({
  files: { "web/cnp.yaml": text },
});

describe("invalid-policy", () => {
  it("is an error for a policy without any section, most of all where the lock stands without it", () => {
    const [finding] = findings(files(lock("web") + allow("web/app", "")), "invalid-policy");
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/default deny stands without it/);
    expect(finding?.related.map((r) => r.line)).toContain(9);
  });

  it("names the port that is no string, and how to write it", () => {
    const text = allow(
      "web/app",
      "egress:\n  - toEntities: [world]\n    toPorts:\n      - ports:\n          - port: 443\n",
    );
    const report = auditOf(files(text));
    const [finding] = report.findings.filter((f) => f.rule === "invalid-policy");
    expect(finding?.origin.line).toBe(15);
    expect(finding?.fix).toBe('Write the port as a string: "443"');
    expect([...report.edits.values()].flat()).toHaveLength(1);
  });

  it("keeps quiet about a plain default deny and a plain allow", () => {
    const text =
      lock("web") +
      allow("web/app", 'ingress:\n  - fromEntities: [world]\n    toPorts:\n      - ports: [{port: "80"}]\n');
    expect(said(files(text), "invalid-policy")).toEqual([]);
  });
});

describe("deny-overrides-allows", () => {
  it("calls a deny from everyone an error: kubelet probes die with it", () => {
    const text = cnp("web/deny", "endpointSelector: {}\ningressDeny:\n  - fromEntities: [all]\n");
    expect(findings(files(text), "deny-overrides-allows").map((f) => f.severity)).toEqual(["error"]);
  });

  it("shows the allow that a deny beats", () => {
    const text =
      cnp("web/deny", "endpointSelector: {}\negressDeny:\n  - toEntities: [world]\n") +
      allow("web/app", 'egress:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "443"}]\n');
    const [finding] = findings(files(text), "deny-overrides-allows");
    expect(finding?.message).toMatch(/beats the allow of entity world on 443/);
    expect(finding?.related).toHaveLength(1);
  });

  it("knows that an empty deny rule forbids nothing", () => {
    const text =
      cnp("web/deny", "endpointSelector: {}\ningressDeny:\n  - {}\n") +
      allow("web/app", "ingress:\n  - fromEntities: [world]\n");
    expect(said(files(text), "deny-overrides-allows")).toEqual([]);
  });

  it("leaves alone a deny on a port that no allow names", () => {
    const text =
      cnp(
        "web/no-mail",
        'endpointSelector: {}\nenableDefaultDeny: {egress: false}\negressDeny:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "25", protocol: TCP}]\n',
      ) +
      allow(
        "web/app",
        'egress:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "443", protocol: TCP}]\n',
      );
    expect(said(files(text), "deny-overrides-allows")).toEqual([]);
  });
});

describe("rule-allows-nothing", () => {
  it.each([
    ["an empty peer list", 'ingress:\n  - fromEndpoints: []\n    toPorts:\n      - ports: [{port: "80"}]\n'],
    ["an empty port list", "ingress:\n  - fromEntities: [world]\n    toPorts:\n      - ports: []\n"],
    ["an empty rule that does not even lock", "ingress:\n  - {}\n"],
  ])("sees %s", (_, section) => {
    expect(said(files(allow("web/app", section)), "rule-allows-nothing")).toHaveLength(1);
  });

  it("takes an empty rule for what it is in a default deny", () => {
    expect(said(files(lock("web")), "rule-allows-nothing")).toEqual([]);
  });

  it("sees the lock of empty denies that enableDefaultDeny takes back", () => {
    const denies = "endpointSelector: {}\ningressDeny:\n  - {}\negressDeny:\n  - {}\n";
    expect(said(files(cnp("web/lock", denies)), "rule-allows-nothing")).toEqual([]);
    const opened = cnp("web/lock", `${denies}enableDefaultDeny: {ingress: false}\n`);
    expect(findings(files(opened), "rule-allows-nothing").map((f) => f.message)).toEqual([
      expect.stringMatching(/ingressDeny.*not locked/),
    ]);
  });
});

describe("audit-annotation-has-no-effect", () => {
  const annotated = (name: string): string =>
    cnp(`web/${name}`, "endpointSelector: {}\ningress:\n  - {}\n", { "policy.cilium.io/audit-mode": "enabled" });

  it("says that the policy enforces at once, and can take the annotation out", () => {
    const [finding] = findings(files(annotated("one")), "audit-annotation-has-no-effect");
    expect(finding?.message).toMatch(/enforces at once/);
    expect(finding?.fix).toBe("Remove the annotation");
    expect(finding?.cause).toBeNull();
  });

  it("gives policies of one folder one cause", () => {
    const report = auditOf({ files: { "base/a.yaml": annotated("a"), "base/b.yaml": annotated("b") } });
    const causes = report.findings.filter((f) => f.rule === "audit-annotation-has-no-effect").map((f) => f.cause?.at);
    expect(causes).toEqual(["base/a.yaml:7", "base/a.yaml:7"]);
  });

  it("does not mind other annotations", () => {
    const text = cnp("web/a", "endpointSelector: {}\ningress:\n  - {}\n", { "policy.cilium.io/name": "x" });
    expect(said(files(text), "audit-annotation-has-no-effect")).toEqual([]);
  });
});

describe("audit-mode-disables-enforcement", () => {
  const values = (line: string): string =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cilium, namespace: kube-system}\nspec:\n  values:\n    ${line}\n---\n`;

  it.each(["policyAuditMode: true", "policyEnforcementMode: never"])(
    "is an error beside a locked namespace: %s",
    (line) => {
      const [finding] = findings(files(values(line) + lock("web")), "audit-mode-disables-enforcement");
      expect(finding?.severity).toBe("error");
      expect(finding?.origin.line).toBe(6);
      expect(finding?.message).toMatch(/web/);
    },
  );

  it("reads the agent's own ConfigMap and values kept as text", () => {
    const config =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\ndata:\n  policy-audit-mode: "true"\n---\n';
    const text =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-values, namespace: kube-system}\ndata:\n  values.yaml: |\n    a: b\n    policyAuditMode: true\n---\n";
    expect(said(files(config), "audit-mode-disables-enforcement")).toEqual(["warning web/cnp.yaml:5"]);
    expect(said(files(text), "audit-mode-disables-enforcement")).toEqual(["warning web/cnp.yaml:7"]);
  });

  it("is content with audit mode off", () => {
    expect(said(files(values("policyAuditMode: false") + lock("web")), "audit-mode-disables-enforcement")).toEqual([]);
  });
});

describe("allow-locks-its-pods", () => {
  const additive =
    allow("web/one", "ingress:\n  - fromEntities: [world]\n") +
    allow("web/two", "ingress:\n  - fromEntities: [world]\n");
  const locking = cnp(
    "web/three",
    "endpointSelector:\n  matchLabels: {app.kubernetes.io/name: three}\ningress:\n  - fromEntities: [world]\n",
  );

  it("sees the one allow that locks where all others only add", () => {
    const [finding] = findings(files(additive + locking), "allow-locks-its-pods");
    expect(finding?.policy?.name).toBe("three");
    expect(finding?.message).toMatch(/enableDefaultDeny: \{ingress: false\}/);
  });

  it("is silent once the namespace is locked anyway", () => {
    expect(said(files(additive + locking + lock("web")), "allow-locks-its-pods")).toEqual([]);
  });

  it("is silent where nobody writes additive policies: there an allow is the lock", () => {
    expect(said(files(locking), "allow-locks-its-pods")).toEqual([]);
  });
});

describe("selectors that no identity answers to", () => {
  it("rejects a namespace chosen by kubernetes.io/metadata.name", () => {
    const text = allow(
      "web/app",
      "ingress:\n  - fromEndpoints:\n      - matchLabels: {kubernetes.io/metadata.name: other}\n",
    );
    const [finding] = findings(files(text), "label-without-identity");
    expect(finding?.message).toMatch(/io\.kubernetes\.pod\.namespace/);
  });

  it("rejects a subject chosen by the pod's own name, and takes Cilium's form of a namespace label", () => {
    const byPod = allow(
      "web/app",
      "ingress:\n  - fromEntities: [world]\n",
      "statefulset.kubernetes.io/pod-name: app-0",
    );
    const byLabel = allow(
      "web/app",
      "ingress:\n  - fromEndpoints:\n      - matchLabels: {io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: other}\n",
    );
    expect(said(files(byPod), "label-without-identity")).toHaveLength(1);
    expect(said(files(byLabel), "label-without-identity")).toEqual([]);
  });

  it("rejects a subject in another namespace, whichever way it is written", () => {
    for (const key of ["io.kubernetes.pod.namespace", '"k8s:io.kubernetes.pod.namespace"']) {
      const text = allow("web/app", "ingress:\n  - fromEntities: [world]\n", `${key}: other`);
      expect(said(files(text), "subject-in-another-namespace")).toHaveLength(1);
    }
    const own = allow("web/app", "ingress:\n  - fromEntities: [world]\n", "io.kubernetes.pod.namespace: web");
    expect(said(files(own), "subject-in-another-namespace")).toEqual([]);
  });
});

describe("rules wider than they look", () => {
  it("warns of the world on every port inwards, and mentions the rest", () => {
    const open = allow("web/app", "ingress:\n  - fromEntities: [world]\n");
    const port = allow(
      "web/app",
      'ingress:\n  - fromEntities: [world]\n    toPorts:\n      - ports: [{port: "443"}]\n',
    );
    expect(findings(files(open), "too-wide").map((f) => f.severity)).toEqual(["warning"]);
    expect(findings(files(port), "too-wide").map((f) => f.severity)).toEqual(["info"]);
  });

  it("adds up a world cut in halves", () => {
    const text = allow("web/app", "ingress:\n  - fromCIDR: [0.0.0.0/1, 128.0.0.0/1]\n");
    expect(findings(files(text), "too-wide").map((f) => f.severity)).toEqual(["warning"]);
    const lan = allow("web/app", "ingress:\n  - fromCIDR: [192.168.1.0/24]\n");
    expect(said(files(lan), "too-wide")).toEqual([]);
  });

  it("knows that an empty toFQDNs beside ports opens them to everyone", () => {
    const text = allow("web/app", 'egress:\n  - toFQDNs: []\n    toPorts:\n      - ports: [{port: "443"}]\n');
    expect(findings(files(text), "rule-for-everyone").map((f) => f.severity)).toEqual(["warning"]);
  });

  it("sees the list item too many that makes two rules of one", () => {
    const two = (peers: string): string =>
      allow("web/app", `ingress:\n  - ${peers}\n  - toPorts:\n      - ports: [{port: "443"}]\n`);
    const severed = findings(files(two("fromEndpoints: [{matchLabels: {app: api}}]")), "rule-for-everyone");
    expect(severed.map((f) => [f.severity, f.origin.line])).toEqual([["warning", 13]]);
    const apart = two('fromEntities: [host]\n    toPorts: [{ports: [{port: "80"}]}]');
    expect(findings(files(apart), "rule-for-everyone").map((f) => f.severity)).toEqual(["info"]);
  });

  it("only mentions ports without a peer", () => {
    const text = allow("web/app", 'ingress:\n  - toPorts:\n      - ports: [{port: "443"}]\n');
    expect(findings(files(text), "rule-for-everyone").map((f) => f.severity)).toEqual(["info"]);
  });
});

describe("multicast-needs-world", () => {
  const mdns = (peer: string): string =>
    allow("web/app", `egress:\n  - ${peer}\n    toPorts:\n      - ports: [{port: "5353", protocol: UDP}]\n`);

  it("sees discovery that is allowed to the LAN alone", () => {
    expect(said(files(mdns("toCIDR: [192.168.1.0/24]")), "multicast-needs-world")).toHaveLength(1);
  });

  it.each(["toEntities: [world]", "toCIDR: [224.0.0.0/4]", "toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]"])(
    "is content with %s",
    (peer) => {
      expect(said(files(mdns(peer)), "multicast-needs-world")).toEqual([]);
    },
  );
});

describe("dead-rule", () => {
  it("warns of names beside world: they restrict nothing", () => {
    const text = allow(
      "web/app",
      'egress:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "443", protocol: TCP}]\n  - toFQDNs: [{matchName: api.example.com}]\n    toPorts:\n      - ports: [{port: "443", protocol: TCP}]\n',
    );
    expect(findings(files(text), "dead-rule").map((f) => f.severity)).toEqual(["warning"]);
  });

  it("only mentions a peer that a wider rule already takes in, once of two equal ones", () => {
    const rule =
      '  - fromEndpoints: [{matchLabels: {app: a}}]\n    toPorts:\n      - ports: [{port: "80", protocol: TCP}]\n';
    expect(findings(files(allow("web/app", `ingress:\n${rule}${rule}`)), "dead-rule").map((f) => f.severity)).toEqual([
      "info",
    ]);
  });

  it("leaves names beside world on other ports alone", () => {
    const text = allow(
      "web/app",
      'egress:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "80", protocol: TCP}]\n  - toFQDNs: [{matchName: api.example.com}]\n    toPorts:\n      - ports: [{port: "443", protocol: TCP}]\n',
    );
    expect(said(files(text), "dead-rule")).toEqual([]);
  });
});

describe("http-rule-on-other-protocol", () => {
  const http = (port: string, more = ""): string =>
    allow(
      "web/app",
      `egress:\n  - toEntities: [world]\n    toPorts:\n      - ports: [{port: "${port}", protocol: TCP}]\n        rules: {http: [{method: GET}]}\n${more}`,
    );

  it.each([
    ["5432", /PostgreSQL/],
    ["443", /TLS/],
  ])("sees that port %s speaks no HTTP", (port, what) => {
    expect(findings(files(http(port)), "http-rule-on-other-protocol").map((f) => f.message)).toEqual([
      expect.stringMatching(what),
    ]);
  });

  it("is content with ports of HTTP, and with TLS that is terminated", () => {
    expect(said(files(http("8080")), "http-rule-on-other-protocol")).toEqual([]);
    const terminated = http("443", "        terminatingTLS: {secret: {namespace: web, name: tls}}\n");
    expect(said(files(terminated), "http-rule-on-other-protocol")).toEqual([]);
  });
});

describe("feature-not-set-up", () => {
  const RULE = "feature-not-set-up";
  const authenticated = (mode: string): string =>
    allow("web/app", `ingress:\n  - fromEndpoints: [{}]\n    authentication: {mode: ${mode}}\n`);
  const release = (values: string): string =>
    `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cilium, namespace: kube-system}\nspec:\n  values: ${values}\n`;
  const severities = (text: string, values?: string): readonly string[] =>
    findings(
      {
        files: {
          "web/cnp.yaml": text,
          ...(values === undefined ? {} : { "kube-system/cilium.yaml": release(values) }),
        },
      },
      RULE,
    ).map((f) => f.severity);

  it("is an error where Cilium's settings know nothing of SPIRE, and a remark where they are not here", () => {
    expect(severities(authenticated("required"), "{ipam: {mode: kubernetes}}")).toEqual(["error"]);
    expect(severities(authenticated("required"))).toEqual(["info"]);
    expect(severities(authenticated("required"), "{authentication: {mutual: {spire: {enabled: true}}}}")).toEqual([]);
    expect(severities(authenticated("disabled"), "{}")).toEqual([]);
  });

  it("knows the mode that fails by its name", () => {
    expect(severities(authenticated("test-always-fail"))).toEqual(["error"]);
  });

  it("sees groups that only the operator for AWS resolves", () => {
    const groups = allow("web/app", "egress:\n  - toGroups: [{aws: {securityGroupsNames: [db]}}]\n");
    expect(severities(groups, "{ipam: {mode: kubernetes}}")).toEqual(["error"]);
    expect(severities(groups, "{eni: {enabled: true}}")).toEqual([]);
  });
});

describe("policy-written-twice", () => {
  const one = allow("web/app", "ingress:\n  - fromEntities: [world]\n");

  it("is an error where two manifests of one name say different things, and none where they say the same", () => {
    const other = allow("web/app", "ingress:\n  - fromEntities: [cluster]\n");
    const twice = { files: { "web/a.yaml": one, "web/b.yaml": other } };
    expect(findings(twice, "policy-written-twice").map((f) => [f.severity, f.origin.file])).toEqual([
      ["error", "web/b.yaml"],
    ]);
    expect(said({ files: { "web/a.yaml": one, "web/b.yaml": one } }, "policy-written-twice")).toEqual([]);
  });
});
