import type { ChildProcess } from "node:child_process";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** `before`: the write never reaches the API server. `after`: it was done, and nobody lives to hear of it. */
export type Moment = "before" | "after";

export interface KillingProxy {
  readonly url: string;
  /** What reached the API server and was accepted, in order: `PATCH kustomizations/x`. */
  readonly writes: string[];
  /** Kills the child with SIGKILL at its first write. */
  aim(child: ChildProcess, moment: Moment): void;
  close(): Promise<void>;
}

const isWrite = ({ method, url }: IncomingMessage): boolean =>
  method !== "GET" && !/dryRun=|selfsubjectaccessreviews/.test(url ?? "");

const told = ({ method, url = "" }: IncomingMessage): string =>
  `${method ?? ""} ${new URL(url, "http://x").pathname.split("/").slice(-2).join("/")}`;

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Stands before an API server, and lets its client die at a write. */
export const openKillingProxy = async (target: string): Promise<KillingProxy> => {
  const writes: string[] = [];
  let aimed: { readonly child: ChildProcess; readonly moment: Moment } | null = null;
  const forward = (asked: IncomingMessage, body: Buffer): Promise<{ head: IncomingMessage; body: Buffer }> =>
    new Promise((done, failed) => {
      const onward = request(
        `${target}${asked.url ?? ""}`,
        { method: asked.method, headers: asked.headers },
        (head) => {
          bodyOf(head).then((answer) => done({ head, body: answer }), failed);
        },
      );
      onward.on("error", failed);
      onward.end(body);
    });
  const server = createServer((asked, answer) => {
    const serve = async (): Promise<void> => {
      const body = await bodyOf(asked);
      const shot = isWrite(asked) ? aimed : null;
      if (shot !== null) aimed = null;
      if (shot?.moment === "before") return void shot.child.kill("SIGKILL");
      const { head, body: said } = await forward(asked, body);
      const code = head.statusCode ?? 500;
      if (isWrite(asked) && code < 300) writes.push(told(asked));
      if (shot !== null) return void shot.child.kill("SIGKILL");
      answer.writeHead(code, { "content-type": head.headers["content-type"] ?? "application/json" }).end(said);
    };
    serve().catch(() => answer.destroy());
  });
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    writes,
    aim: (child, moment) => void (aimed = { child, moment }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
};
