import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { auditCommand } from "../../src/cli/commands/audit.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import { allow, lock } from "./cluster.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "audit-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(dir, { recursive: true, force: true });
});

const write = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
};

interface Reported {
  readonly rule: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** What the command prints about the folder, as JSON. */
const report = async (...flags: readonly string[]): Promise<readonly Reported[]> => {
  const out: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => (out.push(String(text)), true));
  await auditCommand().parseAsync([dir, "--format", "json", ...flags], { from: "user" });
  vi.restoreAllMocks();
  return (JSON.parse(out.join("")) as { findings: readonly Reported[] }).findings;
};

const loud = (found: readonly Reported[]): readonly Reported[] => found.filter((f) => f.severity !== "info");

const pod = (namespace: string, name: string, port: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ${name}}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ${name}}}
    spec:
      containers: [{name: app, image: registry.example/${name}, ports: [{containerPort: ${port}}]}]
`;

const DNS =
  "egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: kube-system, k8s-app: kube-dns}}]\n    toPorts: [{ports: [{port: '53', protocol: ANY}]}]\n";
const TO_API =
  "  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop, app.kubernetes.io/name: api}}]\n    toPorts: [{ports: [{port: '8080', protocol: TCP}]}]\n";
const FROM_WEB =
  "ingress:\n  - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: front, app.kubernetes.io/name: web}}]\n    toPorts: [{ports: [{port: '8080', protocol: TCP}]}]\n";

/** Two locked namespaces; what the client may reach and whom the server admits is given. */
const shop = (client: string, server: string): Readonly<Record<string, string>> => ({
  "front/web.yaml": pod("front", "web", 8000),
  "front/lock.yaml": lock("front"),
  "front/web-policy.yaml": allow("front/web", DNS + client),
  "shop/api.yaml": pod("shop", "api", 8080),
  "shop/lock.yaml": lock("shop"),
  "shop/api-policy.yaml": allow("shop/api", server + DNS),
});

describe("the audit of a folder", () => {
  it("is refused where there is nothing to audit, and says what is missing", async () => {
    await expect(report()).rejects.toThrow(/no Kubernetes manifest/);
    write({ "README.md": "# nothing\n" });
    await expect(report()).rejects.toThrow(OperatorError);
    rmSync(join(dir, "README.md"));
    execFileSync("git", ["init", "-q", dir]);
    await expect(report()).rejects.toThrow(/nothing is checked out/);
  });

  it("names every file that it could not read", async () => {
    write({
      "broken.yaml": "apiVersion: v1\nkind: {\n",
      "twice.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {a: c}\n",
      "bomb.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a0: &a0 [x, x, x, x, x, x, x, x]\n${Array.from({ length: 9 }, (_, i) => `  a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(", ")}]\n`).join("")}`,
      "large.yaml": "",
      "template.yaml": "apiVersion: v1\nkind: {{ .Values.kind }}\n",
    });
    writeFileSync(join(dir, "latin.yaml"), Buffer.from("apiVersion: v1\nkind: \xe9\n", "latin1"));
    truncateSync(join(dir, "large.yaml"), 50 * 1024 * 1024);
    symlinkSync("/etc/hostname", join(dir, "out.yaml"));
    const named = (await report("--fail-on", "never")).filter((f) => f.rule === "manifest-not-understood");
    expect([...new Set(named.map((f) => f.file))].sort()).toEqual([
      "bomb.yaml",
      "broken.yaml",
      "large.yaml",
      "latin.yaml",
      "out.yaml",
      "twice.yaml",
    ]);
    expect(named.find((f) => f.file === "twice.yaml")).toMatchObject({ severity: "error", line: 5 });
  });

  it("reports, against a base, the one half of a hole that the change opens", async () => {
    const git = (...args: readonly string[]): void => {
      execFileSync("git", ["-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
        stdio: "ignore",
      });
    };
    write(shop("", ""));
    git("init", "-q");
    git("add", "-A");
    git("commit", "-qm", "before");
    write(shop(TO_API, ""));
    const opened = loud(await report("--base", "HEAD"));
    expect(opened.map((f) => [f.rule, f.file])).toEqual([["half-open-allow", "front/web-policy.yaml"]]);
    write(shop(TO_API, FROM_WEB));
    expect(loud(await report("--base", "HEAD"))).toEqual([]);
    await expect(report("--base", "no-such-commit")).rejects.toThrow(/there is no commit/);
  });
});

describe("waivers of the configuration", () => {
  const configured = (...waivers: readonly string[]): readonly string[] => {
    write({ "network-operator.yaml": `audit:\n  waivers:\n${waivers.map((w) => `    - ${w}\n`).join("")}` });
    return ["--config", join(dir, "network-operator.yaml"), "--fail-on", "never"];
  };

  beforeEach(() => write(shop(TO_API, "")));

  it("hold back what they name, until their last day", async () => {
    expect(loud(await report()).map((f) => f.rule)).toEqual(["half-open-allow"]);
    const flags = configured(
      '{rule: half-open-allow, namespace: front, until: "2999-12-31", reason: the api is retired}',
    );
    expect(loud(await report(...flags))).toEqual([]);
  });

  it("are findings where they have run out, on the line they stand on, and what they waived is back", async () => {
    const flags = configured(
      '{rule: too-wide, until: "2999-12-31", reason: meant}',
      '{rule: half-open-allow, until: "2020-01-31", reason: for now}',
    );
    const found = loud(await report(...flags));
    expect(found.map((f) => f.rule).sort()).toEqual(["half-open-allow", "waiver"]);
    expect(found.find((f) => f.rule === "waiver")).toMatchObject({ file: "network-operator.yaml", line: 4 });
  });

  it("are findings where no rule bears the name", async () => {
    const found = await report(...configured('{rule: half-opne-allow, until: "2999-12-31", reason: a slip}'));
    expect(found.find((f) => f.rule === "waiver")?.message).toMatch(/No rule is called half-opne-allow/);
  });

  it("are refused without a reason or a day", async () => {
    await expect(report(...configured('{rule: too-wide, until: "2999-12-31", reason: " "}'))).rejects.toThrow(/reason/);
    await expect(report(...configured("{rule: too-wide, until: soon, reason: meant}"))).rejects.toThrow(/until/);
  });
});
