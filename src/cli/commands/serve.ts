import { Command } from "commander";
import { common, faceOf } from "../face.ts";

type Options = Parameters<typeof faceOf>[0];

/** The address comes from the configuration alone: passkeys are bound to it. */
export const serveCommand = (): Command =>
  common(
    new Command("serve").description("console, sign-off page, chat API, metrics and webhooks on one port"),
    null,
  ).action(async (options: Options) => {
    const face = faceOf(options);
    const { openServer } = await import("../../compose.ts");
    const server = await openServer(face);
    face.progress.clear();
    face.note(`${server.url} — the token to log in with stands in ${server.tokenFile}`);
    await new Promise<void>((done) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
    });
    await server.close();
  });
