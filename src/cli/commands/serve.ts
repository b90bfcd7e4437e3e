import { Command } from "commander";
import { common, faceOf, numberFlag } from "../face.ts";

type Options = Parameters<typeof faceOf>[0] & { port?: number };

/** Console, sign-off page, chat API and metrics on one port. */
export const serveCommand = (): Command =>
  common(new Command("serve").description("console, sign-off page, chat API and metrics on one port"), null)
    .option("--port <port>", "instead of the configured one", numberFlag("--port", 0))
    .action(async (options: Options) => {
      const face = faceOf(options);
      const { openServer } = await import("../../compose.ts");
      const port = options.port ?? face.config.server.port;
      const server = await openServer({ ...face, config: { ...face.config, server: { ...face.config.server, port } } });
      face.progress.clear();
      face.note(`${server.url} — the token to log in with stands in ${server.tokenFile}`);
      await new Promise<void>((done) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done());
      });
      await server.close();
    });
