import http2 from "node:http2";
import { eventFromJson } from "../../src/hubble/decode-json.ts";
import { flowLines } from "./hubble-flows.ts";
import { wireFlow } from "../hubble/fake-relay.ts";
import { GetFlowsResponse } from "../../src/hubble/proto/observer/observer.ts";

/** Relay as fast as HTTP/2 goes: messages are encoded once and sent over and over. `flows` and `distinct` are arguments. */
const [flows = 400_000, distinct = 20_000] = process.argv.slice(2).map(Number);

const frames: Buffer[] = [];
for (const line of flowLines({ flows: distinct, seed: 11 })) {
  const decoded = eventFromJson(JSON.parse(line));
  if (decoded.kind !== "event" || decoded.event.kind !== "flow") continue;
  // Without a UUID each flow is told from others by its time alone, and the same one sent again would be a repetition.
  const message = GetFlowsResponse.encode(wireFlow({ ...decoded.event.flow, uuid: null })).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  frames.push(Buffer.concat([head, message]));
}
const round = Buffer.concat(frames);

const server = http2.createServer({ settings: { initialWindowSize: 8 * 1024 * 1024 } });
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (!String(headers[":path"]).endsWith("GetFlows")) {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
    return;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  const whole = Math.floor(flows / frames.length);
  const rest = Buffer.concat(frames.slice(0, flows % frames.length));
  let sent = 0;
  const more = (): void => {
    while (sent < whole) {
      sent += 1;
      if (!stream.write(round)) {
        stream.once("drain", more);
        return;
      }
    }
    stream.end(rest);
  };
  more();
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`);
});
