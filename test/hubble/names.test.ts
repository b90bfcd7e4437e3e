import { describe, expect, it } from "vitest";
import { askedName } from "../../src/hubble/names.ts";
import { deployed, flow, reserved } from "./flows.ts";
import { edgesFrom } from "./reduce.ts";

describe("a name that was asked", () => {
  it.each([
    ["api.example.com", "api.example.com", null],
    ["api.example.com.shop.svc.cluster.local", "api.example.com", "shop.svc.cluster.local"],
    ["api.example.com.svc.cluster.local", "api.example.com", "svc.cluster.local"],
    ["api.example.com.cluster.local", "api.example.com", "cluster.local"],
    ["web.shop.svc.cluster.local", "web.shop.svc.cluster.local", null],
  ])("%s was meant as %s", (asked, name, searchDomain) => {
    expect(askedName(asked, "cluster.local", (label) => label === "shop")).toEqual({ name, searchDomain });
  });

  it("stays as it was asked on the edge, because that is what a rule must match", async () => {
    const names = ["api.example.com.shop.svc.cluster.local"];
    const [edge] = await edgesFrom([flow(deployed("shop", "web"), reserved("world", "1.2.3.4", { names }), 443)]);
    expect(edge?.destination).toMatchObject({ id: "fqdn:api.example.com", names });
  });
});
