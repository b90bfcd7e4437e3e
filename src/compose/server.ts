import { join } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import { openAgent } from "./agent.ts";
import type { Setting } from "./setting.ts";
import { partyOf, signersOf } from "./signoff.ts";

/** Where the forge's secret for webhooks comes from; without one there is no webhook. */
const WEBHOOK_SECRET = "NETWORK_OPERATOR_WEBHOOK_SECRET";

/** An empty secret is a secret that everybody knows. */
const webhookSecret = (): string | null => {
  const secret = process.env[WEBHOOK_SECRET] ?? "";
  return secret === "" ? null : secret;
};

const ABOUT_SAMPLE =
  "This is the sample cluster: its links lead to its own front door on this machine, and each thing you do there takes " +
  "a minute of its time.";

/** Anything beyond this machine needs TLS in front and a public address that passkeys are bound to. */
const assertLoopback = ({ config }: Setting): void => {
  const { host } = config.server;
  const isLoopback = host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
  if (isLoopback || config.signoff.publicUrl?.startsWith("https:") === true) return;
  throw new OperatorError("input", `refusing to listen on ${host} without a public address`, {
    where: "server.host",
    remedy: "Set signoff.publicUrl to the https address people use, or listen on 127.0.0.1.",
  });
};

export interface RunningServer {
  readonly url: string;
  readonly tokenFile: string;
  close(): Promise<void>;
}

/**
 * Console, sign-off page, chat API, metrics and webhooks on one port.
 *
 * @throws OperatorError `input` when it would listen beyond this machine without a public https address, or the port is
 *   taken
 */
export const openServer = async (setting: Setting): Promise<RunningServer> => {
  assertLoopback(setting);
  const [{ buildApp }, { listen }, { signOffDesk }, { openSignOffStore }, { secretFile }] = await Promise.all([
    import("../server/app.ts"),
    import("../server/listen.ts"),
    import("../server/desk.ts"),
    import("../store/signoff.ts"),
    import("../store/secret.ts"),
  ]);
  const agent = await openAgent(setting);
  const settled = new Set<string>();
  const { clock, ledger, world } = agent.place;
  const door = world === null ? null : await (await import("./front.ts")).openFront(setting, world);
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), clock);
  const tokenFile = join(setting.state, "token");
  const desk = signOffDesk({
    party: partyOf(setting),
    store,
    clock,
    signers: signersOf(setting),
    walked: (namespace, since) => agent.walk(namespace, since),
    door: door === null ? null : { leadsTo: (url) => door.leadsTo(url), about: ABOUT_SAMPLE },
    // Which thread waits for this request, as the ledger wrote it down; the answer goes there and nowhere else.
    threadOf: (request) =>
      ledger.entries().findLast((entry) => entry.kind === "pause" && entry.body["request"] === request)?.thread ?? null,
    attest: (id, thread) => agent.attest(id, thread),
  });
  const dispose = async (): Promise<void> => {
    store.dispose();
    await door?.close();
    await agent.dispose();
  };
  try {
    const app = buildApp({
      agent: {
        ask: (request) => agent.ask(request),
        status: () => agent.status(),
        tick: async () => (await agent.tick(settled)).answers,
        metrics: () => agent.metrics(),
      },
      desk,
      token: secretFile(tokenFile),
      webhookSecret: webhookSecret(),
    });
    const server = await listen(app, setting.config.server);
    return {
      url: desk.party.origin,
      tokenFile,
      close: async () => {
        await server.close();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
};
