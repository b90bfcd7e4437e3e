import type { Browser, BrowserContext, Page } from "playwright-core";
import { launch, type FoundChromium } from "./chromium.ts";

/** Somebody at a browser with a passkey in it, and what went wrong in front of them. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Complaints of the pages: errors, refused code, failed requests of ours. */
  readonly complaints: readonly string[];
  /** Enrols at the page with the code from the operator's terminal; what the page said. */
  enrol(origin: string, code: string): Promise<string>;
  login(origin: string): Promise<void>;
  /** Follows a link that opens a tab, and hands the tab to whoever looks at it. */
  inTab<T>(link: string, look: (tab: Page) => Promise<T>): Promise<T>;
  leave(): Promise<void>;
}

const SAID = "#say.good, #say.bad";

/** What the page's status line says once it has something to say. */
export const said = async (page: Page): Promise<string> => {
  const line = page.locator(SAID);
  await line.waitFor({ timeout: 60_000 });
  return (await line.textContent()) ?? "";
};

export const personAt = async (found: FoundChromium): Promise<Person> => {
  const browser: Browser = await launch(found);
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => {
    if (line.type() === "error") complaints.push(line.text());
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    page,
    context,
    complaints,
    enrol: async (origin, code) => {
      await page.goto(`${origin}/enrol`);
      await page.fill("#code", code);
      await page.click("#enrol button");
      return said(page);
    },
    login: async (origin) => {
      await page.goto(`${origin}/`);
      await page.click("#passkey");
      await page.waitForURL(`${origin}/`);
    },
    inTab: async (link, look) => {
      const opening = context.waitForEvent("page");
      await page.click(link);
      const tab = await opening;
      try {
        await tab.waitForLoadState();
        return await look(tab);
      } finally {
        await tab.close();
      }
    },
    leave: () => browser.close(),
  };
};
