import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openAgent, type Agent } from "../../src/compose.ts";
import { configSchema } from "../../src/config/schema.ts";
import { changeset } from "../../src/facts/changeset.ts";
import { githubClient } from "../../src/forge/github/client.ts";
import { openFront, type Front } from "../forge/github-front.ts";
import { REPOSITORY } from "../graph/facts/home.ts";

/** A namespace with nothing in it yet: it has nothing to soak, so that a repository alone is enough. */
const FILES: Readonly<Record<string, string>> = {
  ...REPOSITORY,
  "apps/kustomization.yaml": `${REPOSITORY["apps/kustomization.yaml"] ?? ""}  - ./idle\n`,
  "apps/idle/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: idle\n",
  "apps/idle/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: idle\nresources:\n  - ./namespace.yaml\n",
};
const FLOW =
  '{"flow":{"time":"2026-05-20T12:00:00Z","verdict":"FORWARDED","l4":{"TCP":{"source_port":40000,"destination_port":8080}},"source":{"identity":1,"labels":["reserved:host"]},"destination":{"identity":2,"namespace":"media","labels":["k8s:io.kubernetes.pod.namespace=media"]},"is_reply":false,"traffic_direction":"INGRESS","node_name":"n1"},"node_name":"n1","time":"2026-05-20T12:00:00Z"}\n';

let front: Front;
let folder: string;
let agent: Agent;
const at = { owner: "operator", repo: "ops" };

beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front.close();
});
beforeEach(async () => {
  front.reset();
  process.env["NETWORK_OPERATOR_GITHUB_TOKEN"] = "secret";
  folder = mkdtempSync(join(tmpdir(), "network-operator-github-"));
  writeFileSync(join(folder, "flows.json"), FLOW);
  const place = { owner: at.owner, name: at.repo, apiUrl: front.url };
  const { rest } = githubClient(place, { kind: "token", token: "secret" }, { throttle: false });
  const tree = Object.entries(FILES).map(
    ([path, content]) => ({ path, mode: "100644", type: "blob", content }) as const,
  );
  const made = await rest.git.createTree({ ...at, tree });
  const main = (await rest.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const commit = await rest.git.createCommit({ ...at, message: "a cluster", tree: made.data.sha, parents: [main] });
  await rest.git.updateRef({ ...at, ref: "heads/main", sha: commit.data.sha });
  front.asked.length = 0;
  const config = configSchema.parse({
    forge: { kind: "github", owner: at.owner, name: at.repo, apiUrl: front.url },
    flows: { files: [join(folder, "flows.json")] },
  });
  agent = await openAgent({ config, state: join(folder, "state"), progress: { step: () => {}, clear: () => {} } });
});
afterEach(async () => {
  await agent.dispose();
  rmSync(folder, { recursive: true, force: true });
  Reflect.deleteProperty(process.env, "NETWORK_OPERATOR_GITHUB_TOKEN");
});

const wrote = (): string[] => front.asked.filter((asked) => !asked.startsWith("GET "));

describe("a rollout on GitHub", { timeout: 120_000 }, () => {
  it("gets one pull request with its branch, files and body, and its check", async () => {
    const answer = await agent.ask({ text: "lock down idle", thread: null });
    expect(answer.refusals).toEqual([]);
    expect(answer).toMatchObject({ outcome: "pull-request", pullRequest: { branch: "netpol/idle" } });
    const [pull, ...others] = await agent.place.forge.pullRequests();
    expect(others).toEqual([]);
    expect(pull).toMatchObject({ branch: "netpol/idle", base: "main", state: "open" });
    expect(pull?.title).toContain("idle");
    const { fork, files } = await agent.place.forge.broughtBy(pull?.head ?? "");
    expect(fork).toBe(await agent.place.forge.head());
    // Exactly the bytes that the answer's digest is of.
    expect(changeset("idle", "allows", files).digest).toBe(answer.pullRequest?.digest);
    expect(pull?.body).toContain(answer.pullRequest?.digest);

    const second = await agent.ask({ text: "lock down idle", thread: null });
    expect(second.pullRequest).toEqual(answer.pullRequest);
    expect(await agent.place.forge.pullRequests()).toHaveLength(1);

    const { checks } = await agent.tick();
    expect(checks).toMatchObject([{ number: pull?.number, state: "success" }]);
    expect(wrote().at(-1)).toBe(`POST /repos/operator/ops/statuses/${pull?.head ?? ""}`);
  });

  it("stays in dry run while the agent could merge it, whatever is asked, and shows what it would have written", async () => {
    front.rules = [];
    const answer = await agent.ask({ text: "lock down idle", thread: null });
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "door" }], pullRequest: null });
    expect(answer.refusals[0]?.reason).toContain("no approving review is required");
    expect(answer.answer).toContain("kind: CiliumNetworkPolicy");
    await agent.request({ kind: "propose-allows", namespace: "idle", thread: "t" });
    expect(wrote()).toEqual([]);
  });
});
