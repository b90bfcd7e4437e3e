import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { forgeChecks } from "../../src/cli/doctor/forge.ts";
import { configSchema } from "../../src/config/schema.ts";
import { HELD_BACK, openFront, type Front } from "../forge/github-front.ts";

let front: Front;
beforeAll(async () => {
  front = await openFront();
  process.env["NETWORK_OPERATOR_GITHUB_TOKEN"] = "secret";
});
afterAll(async () => {
  Reflect.deleteProperty(process.env, "NETWORK_OPERATOR_GITHUB_TOKEN");
  await front.close();
});
beforeEach(() => front.reset());

const doctor = async (): Promise<Record<string, boolean | null>> => {
  const config = configSchema.parse({
    forge: { kind: "github", owner: "operator", name: "ops", apiUrl: front.url },
  });
  const checks = await forgeChecks({ config, state: "", progress: { step: () => {}, clear: () => {} } });
  expect(checks.filter(({ ok, remedy }) => ok !== true && remedy === null)).toEqual([]);
  return Object.fromEntries(checks.map(({ name, ok }) => [name, ok]));
};

const APPROVAL = "forge: approval by somebody else";
const BYPASS = "forge: no bypass for the agent";
const PINNED = "forge: the check is required, its source pinned";

describe("doctor on the forge", () => {
  it("is content with a ruleset that holds everything, and says what a token cannot have", async () => {
    expect(await doctor()).toEqual({
      forge: true,
      [APPROVAL]: true,
      [BYPASS]: true,
      [PINNED]: true,
      "forge: the check": null,
      "forge: up to date": true,
    });
  });

  it("says dry run where the agent could merge its own work", async () => {
    front.rules = [];
    expect(await doctor()).toMatchObject({ forge: false, [APPROVAL]: false, [BYPASS]: false, [PINNED]: false });
    front.rules = HELD_BACK;
    front.bypass = "pull_requests_only";
    expect(await doctor()).toMatchObject({ forge: false, [APPROVAL]: true, [BYPASS]: false });
  });

  it("demands that the check is required and its source pinned, though nothing is held back for it", async () => {
    front.rules = HELD_BACK.filter(({ type }) => type === "pull_request");
    expect(await doctor()).toMatchObject({ forge: true, [PINNED]: false, "forge: up to date": null });
  });

  it("that cannot read the rules has failed, with the reason", async () => {
    front.fault = (_method, path) => (path.includes("/rules/") ? { status: 403, body: {} } : null);
    expect(await doctor()).toEqual({ forge: false });
  });
});
