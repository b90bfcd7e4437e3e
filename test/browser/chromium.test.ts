import { describe, expect, it } from "vitest";
import { findChromium, launch } from "./chromium.ts";

const brought = await findChromium("packed");

describe("the Chromium that npm ci brings", () => {
  it.skipIf(brought === null)("starts here, and knows passkeys", { timeout: 60_000 }, async () => {
    if (brought === null) return;
    const browser = await launch(brought);
    try {
      const page = await browser.newPage();
      const session = await page.context().newCDPSession(page);
      await session.send("WebAuthn.enable");
      // Without a font, whatever draws text dies.
      await page.setContent("<button>Sign off</button>");
      await page.click("text=Sign off");
      expect(await page.textContent("button:focus")).toBe("Sign off");
    } finally {
      await browser.close();
    }
  });
});
