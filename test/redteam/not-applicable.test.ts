import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildGraph } from "../../src/graph/build.ts";
import { openField } from "../graph/field.ts";
import { all, on } from "./ground.ts";
import { closeServer, serverWith } from "./server-ground.ts";
import { threatModel } from "./table.ts";
import { VECTORS } from "./vectors/index.ts";
import { NOT_APPLICABLE } from "./vectors/not-applicable.ts";

afterAll(closeServer);

const root = resolve(import.meta.dirname, "../..");
const sources = (folder: string): string[] =>
  readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : []));
const program = [...sources(join(root, "src")), ...sources(join(root, "tools"))].map((path) =>
  readFileSync(path, "utf8"),
);
const mentions = (pattern: RegExp): number => program.filter((text) => pattern.test(text)).length;

describe("ways for which there is no place here", () => {
  const PROOFS: Readonly<Record<string, () => Promise<void> | void>> = {
    V18: () => expect(mentions(/humanInTheLoop|createMiddleware|createAgent/)).toBe(0),
    V22: async () => {
      const graph = buildGraph(openField().ports);
      expect(await all(graph.getSubgraphsAsync())).toEqual([]);
      const inside = on("t", { checkpoint_ns: "propose-allows/scope:1" });
      await expect(graph.invoke({ messages: [] }, inside)).rejects.toMatchObject({ code: "L2/internal-key" });
    },
    V36: () => expect(mentions(/ToolNode|langgraph\/prebuilt/)).toBe(0),
    V39: () => {
      const config = JSON.parse(readFileSync(join(root, "langgraph.json"), "utf8")) as { graphs: object };
      expect(Object.values(config.graphs)).toEqual(["./src/langgraph.ts:graph"]);
      expect(readFileSync(join(root, "src/langgraph.ts"), "utf8").match(/^export /gm)).toHaveLength(1);
    },
    V40: async () => {
      const { url, token } = await serverWith(true);
      for (const path of ["/mcp", "/a2a/network-operator"]) {
        const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
        expect((await fetch(`${url}${path}`, { method: "POST", headers, body: "{}" })).status).toBe(404);
      }
    },
  };

  it.each(Object.entries(NOT_APPLICABLE).map(([id, { what, why }]) => [id, what, why] as const))(
    "%s: %s: %s",
    async (id) => {
      await PROOFS[id]?.();
      expect(PROOFS[id]).toBeDefined();
    },
  );

  it("each of the forty ways is tried, or is one of these", () => {
    const tried = new Set(VECTORS.map(({ id }) => id));
    const missing = Array.from({ length: 40 }, (_, at) => `V${at + 1}`).filter(
      (id) => !tried.has(id) && NOT_APPLICABLE[id] === undefined,
    );
    expect(missing).toEqual([]);
  });

  it("stand in the docs as they are tried", () => {
    const page = join(root, "docs/threat-model.md");
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, threatModel());
    expect(readFileSync(page, "utf8")).toBe(threatModel());
  });
});
