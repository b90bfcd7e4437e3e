import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { topologyOf } from "../../src/graph/build.ts";
import { graphMermaid } from "../../src/graph/draw.ts";
import { gates } from "../../src/graph/gates/index.ts";

const root = resolve(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

describe("the README", () => {
  it("shows the graph as the program draws it: a lane of it, and behind a link the whole", () => {
    const whole = readFileSync(join(root, "docs/graph.md"), "utf8");
    expect(readme).toContain(graphMermaid(topologyOf(gates), "request-sign-off").trimEnd());
    expect(whole).toContain(graphMermaid(topologyOf(gates)).trimEnd());
  });

  it("names every command, and no command that is not there", () => {
    const commands = buildProgram()
      .commands.map((command) => command.name())
      .filter((name) => name !== "start" && name !== "help");
    const named = readme.slice(readme.indexOf("## Commands"), readme.indexOf("## The graph"));
    for (const name of commands) expect(named).toContain(`\`${name}`);
    const shown = [...readme.matchAll(/network-operator (\w+)/g)].map((match) => match[1] ?? "");
    expect(shown.filter((name) => !commands.includes(name) && name !== "ops")).toEqual([]);
  });

  it("links to files that are there", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? "");
    expect(
      links.filter((link) => !link.startsWith("file:") && !existsSync(join(dirname(join(root, "README.md")), link))),
    ).toEqual([]);
  });
});
