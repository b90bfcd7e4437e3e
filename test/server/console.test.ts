import { describe, expect, it } from "vitest";
import { consolePage } from "../../src/server/pages/console.ts";

describe("the console", () => {
  it("shows new drops first, with the way out, and whatever a workload is called as text", async () => {
    const drop = {
      source: "collab/Deployment/<b>web</b>",
      destination: "reserved:world",
      port: 443,
      protocol: "TCP",
      direction: "egress",
      flows: 3,
      lastSeen: "2026-05-20T12:00:00.000Z",
    };
    const report = {
      version: 1,
      clock: "2026-05-20T12:00:00.000Z",
      namespaces: [],
      drops: [
        {
          namespace: "collab",
          since: "2026-05-20T11:00:00.000Z",
          pullRequest: 4,
          drops: [drop],
          remedy: "Roll it back.",
        },
      ],
    } as const;
    const page = String(await consolePage({ report, pending: [], session: null }));
    expect(page).toContain("since pull request #4 was merged");
    expect(page).toContain("&lt;b&gt;web&lt;/b&gt;");
    expect(page).not.toContain("<b>web");
    expect(String(await consolePage({ report: { ...report, drops: [] }, pending: [], session: null }))).not.toContain(
      "drops",
    );
  });
});
