import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Flow, Layer4 } from "../../hubble/proto/flow/flow.ts";
import { Timestamp } from "../../hubble/proto/google/protobuf/timestamp.ts";
import type { Shape } from "../traffic/shapes.ts";
import type { FlowRecord } from "../traffic/traffic.ts";

/** Field numbers times eight plus wire type 2 (length-delimited), as in the proto files (C F.1, F.3). */
const FLOW_TIME = (1 << 3) | 2;
const FLOW_L4 = (6 << 3) | 2;
const FLOW_UUID = (34 << 3) | 2;
const RESPONSE_FLOW = (1 << 3) | 2;
const RESPONSE_NODE_NAME = (1000 << 3) | 2;
const RESPONSE_TIME = (1001 << 3) | 2;

export const timestamp = (time: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(time / 1_000),
  nanos: (time % 1_000) * 1_000_000,
});

/** A layer 4 header with the client's port where the shape has a gap. */
export const layer4Of = ({ shape, port }: FlowRecord): Layer4 | undefined => {
  const { l4 } = shape.flow;
  if (l4 === undefined || shape.clientPort === null) return l4;
  const end = shape.clientPort === "source" ? "sourcePort" : "destinationPort";
  if (l4.TCP !== undefined) return { ...l4, TCP: { ...l4.TCP, [end]: port } };
  if (l4.UDP !== undefined) return { ...l4, UDP: { ...l4.UDP, [end]: port } };
  if (l4.SCTP !== undefined) return { ...l4, SCTP: { ...l4.SCTP, [end]: port } };
  return l4;
};

export const flowOf = (record: FlowRecord): Flow => ({
  ...record.shape.flow,
  time: timestamp(record.time),
  l4: layer4Of(record),
  uuid: record.uuid,
});

const constant = new WeakMap<Shape, Uint8Array>();

const constantBytes = (shape: Shape): Uint8Array => {
  let bytes = constant.get(shape);
  if (bytes === undefined) {
    bytes = Flow.encode({ ...shape.flow, l4: undefined }).finish();
    constant.set(shape, bytes);
  }
  return bytes;
};

/**
 * The bytes of one `GetFlowsResponse`. What a shape says is encoded once, and its moment is appended: the order of
 * fields means nothing to protobuf. A test decodes it with the generated code.
 */
export const responseBytes = (record: FlowRecord): Buffer => {
  const time = timestamp(record.time);
  const writer = new BinaryWriter();
  writer.uint32(RESPONSE_FLOW).fork();
  writer.raw(constantBytes(record.shape));
  Timestamp.encode(time, writer.uint32(FLOW_TIME).fork()).join();
  const l4 = layer4Of(record);
  if (l4 !== undefined) Layer4.encode(l4, writer.uint32(FLOW_L4).fork()).join();
  writer.uint32(FLOW_UUID).string(record.uuid);
  writer.join();
  writer.uint32(RESPONSE_NODE_NAME).string(record.shape.node.name);
  Timestamp.encode(time, writer.uint32(RESPONSE_TIME).fork()).join();
  return Buffer.from(writer.finish());
};
