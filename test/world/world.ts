import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import {
  GetFlowsRequest,
  ObserverClient,
  type DeepPartial,
  type GetFlowsResponse,
} from "../../src/hubble/proto/observer/observer.ts";
import type { Flow } from "../../src/hubble/proto/flow/flow.ts";
import { git } from "../../src/world/git.ts";
import { openWorld, type World } from "../../src/world/world.ts";

let first: Promise<string> | null = null;

const makeFirst = async (): Promise<string> => {
  const dir = mkdtempSync(join(tmpdir(), "world-first-"));
  const world = await openWorld({ dir });
  await world.status();
  world.dispose();
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** A fresh sample cluster of its own; rendered manifests are shared by content, because kustomize is slow. */
export const freshDir = async (): Promise<string> => {
  first ??= makeFirst();
  const from = await first;
  const dir = mkdtempSync(join(tmpdir(), "world-"));
  cpSync(join(from, "remote.git"), join(dir, "remote.git"), { recursive: true });
  mkdirSync(join(dir, "world"));
  symlinkSync(join(from, "world", "rendered"), join(dir, "world", "rendered"));
  return dir;
};

export const withWorld = async <T>(work: (world: World, dir: string) => Promise<T>): Promise<T> => {
  const dir = await freshDir();
  const world = await openWorld({ dir });
  try {
    return await work(world, dir);
  } finally {
    world.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** A commit on main, as a merge makes one; null removes the file. */
export const commit = async (world: World, files: Readonly<Record<string, string | null>>): Promise<string> => {
  const scratch = mkdtempSync(join(tmpdir(), "world-index-"));
  const env = { GIT_DIR: world.remote, GIT_INDEX_FILE: join(scratch, "index") };
  const cwd = world.remote;
  await git(["read-tree", "main"], { cwd, env });
  for (const [path, text] of Object.entries(files)) {
    if (text === null)
      await git(["update-index", "--index-info"], { cwd, env, input: `0 ${"0".repeat(40)}\t${path}\n` });
    else {
      const blob = await git(["hash-object", "-w", "--stdin"], { cwd, env, input: text });
      await git(["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], { cwd, env });
    }
  }
  const tree = await git(["write-tree"], { cwd, env });
  const identity = {
    GIT_AUTHOR_NAME: "t",
    GIT_AUTHOR_EMAIL: "t@t",
    GIT_COMMITTER_NAME: "t",
    GIT_COMMITTER_EMAIL: "t@t",
  };
  const parent = await git(["rev-parse", "main"], { cwd });
  const made = await git(["commit-tree", tree, "-p", parent, "-m", "change"], { cwd, env: { ...env, ...identity } });
  await git(["update-ref", "refs/heads/main", made], { cwd });
  rmSync(scratch, { recursive: true, force: true });
  return made;
};

export const stamp = (time: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(time / 1_000),
  nanos: 0,
});

/** Reads flows from a served world until the stream ends. */
export const getFlows = (address: string, request: DeepPartial<GetFlowsRequest>): Promise<GetFlowsResponse[]> => {
  const client = new ObserverClient(address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const found: GetFlowsResponse[] = [];
    const stream = client.getFlows(GetFlowsRequest.fromPartial(request));
    stream.on("data", (message: GetFlowsResponse) => found.push(message));
    stream.on("end", () => {
      client.close();
      resolve(found);
    });
    stream.on("error", (error) => {
      client.close();
      reject(error);
    });
  });
};

/** Attaches a follower, plays to `to`, and returns everything it was sent. */
export const follow = async (
  world: World,
  to: number,
  options: { request?: DeepPartial<GetFlowsRequest>; holes?: Parameters<World["play"]>[1] } = {},
): Promise<GetFlowsResponse[]> => {
  const served = await world.serve();
  try {
    const reading = getFlows(served.relayAddress, { follow: true, until: stamp(to), ...options.request });
    while (world.followers() === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await world.play(to, options.holes ?? {});
    return await reading;
  } finally {
    await served.close();
  }
};

export const flowsOf = (responses: readonly GetFlowsResponse[]): Flow[] =>
  responses.flatMap((r) => (r.flow === undefined ? [] : [r.flow]));
