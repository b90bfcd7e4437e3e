import { describe, expect, it } from "vitest";
import { allow, findings, lock, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const binding = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: watcher, namespace: shop}
subjects: [{kind: ServiceAccount, name: watcher}]
---
`;
const toApiserver =
  "egress:\n  - toEntities: [kube-apiserver]\n    toPorts: [{ports: [{port: '6443', protocol: TCP}]}]\n";

describe("apiserver-not-allowed", () => {
  const RULE = "apiserver-not-allowed";
  const watcher = pod("shop/watcher", { more: { serviceAccount: "watcher" } });
  const parts = (text: string, more: Parts = {}): Parts => ({
    workloads: [watcher],
    ...more,
    files: { "shop/cnp.yaml": lock("shop") + text, ...more.files },
  });
  const bound = { files: { "shop/rbac.yaml": binding } };

  it("is an error for pods whose account the repository gives rights, under default deny", () => {
    expect(findings(parts("", bound), RULE).map((f) => f.severity)).toEqual(["error"]);
    expect(said({ ...parts("", bound), files: bound.files }, RULE)).toEqual([]);
  });

  it("is content with the entity on the API server's port, with its node, and with every node", () => {
    expect(said(parts(allow("shop/watcher", toApiserver), bound), RULE)).toEqual([]);
    expect(said(parts(allow("shop/watcher", "egress:\n  - toEntities: [remote-node]\n"), bound), RULE)).toEqual([]);
  });

  it("knows that a deny of nodes takes the API server along, however well it is allowed", () => {
    const denied = `${toApiserver}egressDeny:\n  - toEntities: [remote-node]\n`;
    expect(findings(parts(allow("shop/watcher", denied), bound), RULE).map((f) => f.message)).toEqual([
      expect.stringMatching(/Narrow the deny/),
    ]);
  });

  it("leaves rules that mean the API server in other words to the rules about those words", () => {
    const byCidr = "egress:\n  - toCIDR: [192.168.1.2/32]\n    toPorts: [{ports: [{port: '6443', protocol: TCP}]}]\n";
    expect(said(parts(allow("shop/watcher", byCidr), bound), RULE)).toEqual([]);
  });

  it("takes an account without rights for hygiene, and a controller for what it is called", () => {
    expect(said(parts(""), RULE)).toEqual([]);
    const controller = pod("shop/thing-operator", {
      more: { from: { kind: "chart", name: "thing-operator" }, sure: "likely", labelsComplete: false },
    });
    expect(findings(parts("", { workloads: [controller] }), RULE).map((f) => f.severity)).toEqual(["warning"]);
  });
});

describe("webhook-without-apiserver", () => {
  const RULE = "webhook-without-apiserver";
  const hook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: checks}
webhooks: [{name: a.b.c, clientConfig: {service: {namespace: shop, name: checks}}}]
---
`;
  const parts = (text: string): Parts => ({
    files: { "shop/cnp.yaml": lock("shop") + text, "shop/hook.yaml": hook },
    workloads: [pod("shop/checks", { ports: ["9443"] })],
    services: [service("shop/checks", { "app.kubernetes.io/name": "checks" }, ["443:9443"])],
  });
  const admits = (entity: string, port: string): string =>
    allow(
      "shop/checks",
      `ingress:\n  - fromEntities: [${entity}]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]\n`,
    );

  it("is an error where the API server's call is dropped, whatever other port is open", () => {
    expect(findings(parts(""), RULE).map((f) => f.severity)).toEqual(["error"]);
    const [finding] = findings(parts(admits("kube-apiserver", "8080")), RULE);
    expect(finding?.message).toMatch(/on 9443\/TCP \(ValidatingWebhookConfiguration checks\)/);
  });

  it.each(["kube-apiserver", "remote-node", "cluster"])(
    "is content once %s is admitted on the container port",
    (who) => {
      expect(said(parts(admits(who, "9443")), RULE)).toEqual([]);
    },
  );
});

describe("webhook-without-apiserver, where the API server is somewhere else", () => {
  const RULE = "webhook-without-apiserver";
  const parts = (peer: string): Parts => ({
    files: {
      "shop/cnp.yaml":
        lock("shop") +
        allow("shop/checks", `ingress:\n  - ${peer}\n    toPorts: [{ports: [{port: "9443", protocol: TCP}]}]\n`),
    },
    workloads: [pod("shop/checks", { ports: ["9443"] })],
    services: [
      service("shop/checks-webhook", { "app.kubernetes.io/name": "checks" }, ["443:9443"], { sure: "likely" }),
    ],
  });

  it.each(["fromEntities: [world]", "fromCIDR: [203.0.113.0/24]"])("is content with %s", (peer) => {
    expect(said(parts(peer), RULE)).toEqual([]);
  });

  it("only mentions an API server admitted from the pods' own node alone", () => {
    expect(findings(parts("fromEntities: [host]"), RULE).map((f) => f.severity)).toEqual(["info"]);
    expect(findings(parts("fromEntities: [health]"), RULE).map((f) => f.severity)).toEqual(["warning"]);
  });
});

describe("port-name-unknown", () => {
  const RULE = "port-name-unknown";
  const parts = (port: string): Parts => ({
    files: {
      "shop/cnp.yaml": allow(
        "shop/web",
        `ingress:\n  - fromEntities: [cluster]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]\n`,
      ),
    },
    workloads: [pod("shop/web", { ports: ["http:8080"] })],
  });

  it("is an error for a name that no container of the pods opens", () => {
    const [finding] = findings(parts("web"), RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/they have http/);
  });

  it("is content with the container's name, with a number, and with pods whose ports nobody knows", () => {
    expect(said(parts("http"), RULE)).toEqual([]);
    expect(said(parts("8080"), RULE)).toEqual([]);
    expect(said({ ...parts("web"), workloads: [pod("shop/web")] }, RULE)).toEqual([]);
  });
});
