import { serve } from "@hono/node-server";
import type { Hono } from "hono";
import { OperatorError } from "../facts/errors.ts";
import type { ServerEnv } from "./guard.ts";

/** A request that dribbles in holds a connection and no more than this. */
const REQUEST_TIME = 30_000;

/** Listens, or says in one line why it cannot. */
export const listen = (
  app: Hono<ServerEnv>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ close(): Promise<void> }> =>
  new Promise((done, failed) => {
    const server = serve({
      fetch: app.fetch,
      hostname: host,
      port,
      serverOptions: { requestTimeout: REQUEST_TIME, headersTimeout: REQUEST_TIME },
    });
    server.once("error", (cause: NodeJS.ErrnoException) =>
      failed(
        new OperatorError("input", cause.code === "EADDRINUSE" ? "something listens there already" : cause.message, {
          where: `${host}:${port}`,
          remedy: "Stop it, or set server.port in network-operator.yaml.",
          cause,
        }),
      ),
    );
    server.once("listening", () =>
      done({
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            // A browser's idle connections would be waited for.
            if ("closeIdleConnections" in server) server.closeIdleConnections();
          }),
      }),
    );
  });
