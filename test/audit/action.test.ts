import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

interface Step {
  readonly name: string;
  readonly shell: string;
  readonly run: string;
  readonly env?: Readonly<Record<string, string>>;
}

const action = parse(readFileSync(join(root, ".github/actions/audit/action.yml"), "utf8")) as {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
};
const step = action.runs.steps.find((s) => s.name === "Audit");

/** Stands in for the program: tells what it was asked, and fails where the step is to fail. */
const STAND_IN = `process.stdout.write(JSON.stringify(process.argv.slice(2)) + "\\n");
process.exitCode = process.argv.includes("github") && process.argv.includes("warning") ? 1 : 0;
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "action-"));
  writeFileSync(join(folder, "operator.js"), STAND_IN);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asRunnerDoes = async (inputs: Readonly<Record<string, string>>): Promise<{ code: number; asked: string[][] }> => {
  const env = {
    PATH: process.env["PATH"] ?? "",
    OPERATOR: join(folder, "operator.js"),
    DIRECTORY: ".",
    BASE: "",
    FAIL_ON: "error",
    CONFIG: "",
    SARIF: "",
    ...inputs,
  };
  const script = ["--noprofile", "--norc", "-eo", "pipefail", "-c", step?.run ?? "exit 9"];
  const answer = await run("bash", script, { env, cwd: folder }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  const lines = answer.stdout.split("\n").filter((line) => line !== "");
  return { code: answer.code, asked: lines.map((line) => JSON.parse(line) as string[]) };
};

describe("the Action", () => {
  it("asks for annotations, against the pull request's base", async () => {
    const { code, asked } = await asRunnerDoes({ BASE: "abc123", DIRECTORY: "clusters/home" });
    expect(code).toBe(0);
    expect(asked).toEqual([
      ["audit", "--format", "github", "--fail-on", "error", "--base", "abc123", "--", "clusters/home"],
    ]);
  });

  it("fails when the audit does, after the report for code scanning is written", async () => {
    const sarif = join(folder, "report.sarif");
    const { code, asked } = await asRunnerDoes({ FAIL_ON: "warning", SARIF: sarif, BASE: "abc123" });
    expect(code).toBe(1);
    expect(asked).toHaveLength(1);
    expect(JSON.parse(readFileSync(sarif, "utf8"))).toEqual([
      "audit",
      "--format",
      "sarif",
      "--fail-on",
      "never",
      "--",
      ".",
    ]);
  });

  it("keeps hostile inputs one argument each", async () => {
    const hostile = '$(touch owned); "x" --fail-on never';
    const { asked } = await asRunnerDoes({ DIRECTORY: hostile, CONFIG: "`id`" });
    expect(asked).toEqual([["audit", "--format", "github", "--fail-on", "error", "--config", "`id`", "--", hostile]]);
  });

  it("puts no input into a script", () => {
    expect(action.runs.using).toBe("composite");
    expect(action.runs.steps.filter((s) => s.run.includes("${{"))).toEqual([]);
  });
});

describe("the pre-commit hook", () => {
  it("calls the program by the name that the package installs", () => {
    const hooks = parse(readFileSync(join(root, ".pre-commit-hooks.yaml"), "utf8")) as readonly { entry: string }[];
    const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      bin: Readonly<Record<string, string>>;
    };
    const [command = "", verb] = hooks[0]?.entry.split(" ") ?? [];
    expect([Object.keys(bin).includes(command), verb]).toEqual([true, "audit"]);
  });
});
