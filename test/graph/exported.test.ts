import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const json = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, path), "utf8")) as Record<string, unknown>;

describe("langgraph.json", () => {
  const config = json("langgraph.json");

  it("V39: exports exactly one graph, the sealed one", () => {
    expect(config["graphs"]).toEqual({ "network-operator": "./src/langgraph.ts:graph" });
    const source = readFileSync(join(root, "src/langgraph.ts"), "utf8");
    expect(source.match(/^export /gm)).toHaveLength(1);
    expect(source).toContain("export const graph = agent.graph;");
  });

  it("V19: has auth, and no back door for Studio", () => {
    expect(config["auth"]).toMatchObject({ disable_studio_auth: true });
    const { path = "" } = config["auth"] as { path?: string };
    expect(existsSync(join(root, path.split(":")[0] ?? ""))).toBe(true);
  });

  it("V23: serves no store", () => {
    expect(config["http"]).toMatchObject({ disable_store: true });
  });
});

describe("the versions under the seal", () => {
  it.each([
    ["@langchain/langgraph", "1.7.3"],
    ["@langchain/core", "1.4.0"],
    ["@langchain/langgraph-checkpoint", "1.2.2"],
    ["@langchain/langgraph-sdk", "1.15.0"],
    ["@langchain/langgraph-cli", "1.5.1"],
  ])("%s is %s: `latest` is another, and the seal knows this one's entry points", (name, version) => {
    expect(json(join("node_modules", name, "package.json"))["version"]).toBe(version);
  });
});
