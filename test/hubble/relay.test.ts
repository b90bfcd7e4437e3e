import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { relayClient } from "../../src/hubble/relay.ts";
import { checkWire, compareFields } from "../../src/hubble/reflection.ts";
import { DropReason, LostEventSource } from "../../src/hubble/proto/flow/flow.ts";
import { DROP_REASONS, LOST_EVENT_SOURCES } from "../../src/hubble/wire-enums.ts";
import { WIRE_FIELDS } from "../../src/hubble/wire-fields.ts";
import { fakeRelay, wireFlow } from "./fake-relay.ts";
import { deployed, flow } from "./flows.ts";
import { certificates } from "./tls.ts";

const PROTO = join(import.meta.dirname, "../../src/hubble/proto");
const nothing = { serve: () => {} };
const count = (client: ReturnType<typeof relayClient>, request = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    let flows = 0;
    client
      .flows(request)
      .on("data", () => (flows += 1))
      .on("error", reject)
      .on("end", () => resolve(flows));
  });
const one: Parameters<typeof fakeRelay>[0]["serve"] = (stream) => {
  stream.write(wireFlow(flow(deployed("a", "x"), deployed("a", "y"), 1)));
  stream.end();
};

describe("Relay", () => {
  it("is asked with filters that the server evaluates", async () => {
    const relay = await fakeRelay({ serve: one });
    const client = relayClient({ address: relay.address, tls: null });
    const only = [{ sourcePod: ["shop/"] }, { destinationPod: ["shop/"] }];
    expect(await count(client, { since: 1_000, until: 2_500, follow: true, only, never: [{ verdict: [6, 7] }] })).toBe(
      1,
    );
    expect(relay.requests[0]).toMatchObject({
      follow: true,
      since: { seconds: 1, nanos: 0 },
      until: { seconds: 2, nanos: 500_000_000 },
      whitelist: [{ sourcePod: ["shop/"] }, { destinationPod: ["shop/"] }],
      blacklist: [{ verdict: [6, 7] }],
    });
    client.close();
    await relay.stop();
  });

  it("speaks TLS under Relay's own server name, and mutual TLS", async () => {
    const { ca, server, client: own, files } = certificates("*.hubble-relay.cilium.io");
    const credentials = ServerCredentials.createSsl(ca, [{ cert_chain: server.cert, private_key: server.key }], true);
    const relay = await fakeRelay({ serve: one, credentials });
    const tls = { ca: files.ca, serverName: "ui.hubble-relay.cilium.io" };
    const trusted = relayClient({ address: relay.address, tls: { ...tls, cert: files.cert, key: files.key } });
    expect(own.cert.length).toBeGreaterThan(0);
    expect(await count(trusted)).toBe(1);
    const stranger = relayClient({ address: relay.address, tls });
    await expect(count(stranger)).rejects.toThrow();
    const misnamed = relayClient({ address: relay.address, tls: { ...tls, serverName: "relay.example.com" } });
    await expect(misnamed.status()).rejects.toMatchObject({
      kind: "outside",
      remedy: expect.stringContaining("server name"),
    });
    for (const client of [trusted, stranger, misnamed]) client.close();
    rmSync(dirname(files.ca), { recursive: true });
    await relay.stop();
  });

  it("refuses half a client certificate and a file that is not there before it calls anybody", () => {
    const address = "127.0.0.1:1";
    expect(() => relayClient({ address, tls: { cert: "/nowhere.pem" } })).toThrow(/cannot be read/);
    expect(() => relayClient({ address, tls: { cert: import.meta.filename } })).toThrow(/only one is configured/);
  });
});

describe("field numbers", () => {
  it("are those of the proto files", () => {
    const fields: Record<string, Record<string, number>> = {};
    for (const name of ["flow", "relay", "observer"]) {
      const text = readFileSync(join(PROTO, name, `${name}.proto`), "utf8").replaceAll(/\/\/.*$/gm, "");
      for (const [, message, body] of text.matchAll(/message (\w+) \{((?:[^{}]|\{[^{}]*\})*)\}/g)) {
        const found = [...(body ?? "").matchAll(/(\w+) = (\d+);/g)].map(([, f, n]) => [f, Number(n)] as const);
        if (found.length > 0) fields[`${name}.${message}`] = Object.fromEntries(found);
      }
    }
    expect(WIRE_FIELDS).toEqual(fields);
  });

  it("and names of numbers are those of the protocol", () => {
    const { UNRECOGNIZED: _, ...reasons } = DropReason;
    const { UNRECOGNIZED: __, ...sources } = LostEventSource;
    expect([DROP_REASONS, LOST_EVENT_SOURCES]).toEqual([reasons, sources]);
  });

  it("that moved, or mean something else now, are named; those a server lacks are not wrong", () => {
    const { policy_match_type, verdict, uuid, ...rest } = WIRE_FIELDS["flow.Flow"] ?? {};
    const theirs = { ...rest, verdict: 77, something_else: policy_match_type ?? 0 };
    expect(uuid).toBe(34);
    expect(compareFields(new Map([["flow.Flow", theirs]]))).toEqual({
      moved: [
        { field: "flow.Flow.verdict", ours: verdict, theirs: 77 },
        { field: "flow.Flow.policy_match_type", ours: policy_match_type, theirs: 0 },
      ],
      absent: ["flow.Flow.uuid"],
    });
  });

  it("are compared with the server's own descriptors by reflection, where it offers that", async () => {
    const without = await fakeRelay(nothing);
    expect(await checkWire({ address: without.address, tls: null })).toEqual({ offered: false });
    await without.stop();

    const file = create(FileDescriptorProtoSchema, {
      name: "flow/flow.proto",
      package: "flow",
      messageType: [
        {
          name: "Workload",
          field: [
            { name: "name", number: 1 },
            { name: "kind", number: 9 },
          ],
        },
      ],
    });
    const answer = new BinaryWriter()
      .uint32(34)
      .fork()
      .uint32(10)
      .bytes(toBinary(FileDescriptorProtoSchema, file))
      .join();
    const server = new Server();
    const same = (value: Buffer): Buffer => value;
    const method = {
      path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      requestStream: true,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    } as const;
    server.addService(
      { serverReflectionInfo: method },
      {
        serverReflectionInfo: (call: ServerDuplexStream<Buffer, Buffer>) => {
          const bytes = Buffer.from(answer.finish());
          call.on("data", () => call.write(bytes));
          call.on("end", () => call.end());
        },
      },
    );
    const port = await new Promise<number>((resolve) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, bound) => resolve(bound));
    });
    expect(await checkWire({ address: `127.0.0.1:${port}`, tls: null })).toEqual({
      offered: true,
      moved: [{ field: "flow.Workload.kind", ours: 2, theirs: 9 }],
      absent: [],
    });
    server.forceShutdown();
  });
});
