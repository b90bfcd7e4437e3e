import { Flow, Layer4 } from "../../hubble/proto/flow/flow.ts";
import type { Shape } from "../traffic/shapes.ts";
import type { FlowRecord } from "../traffic/traffic.ts";

export const timestamp = (time: number): { seconds: number; nanos: number } => ({
  seconds: Math.floor(time / 1_000),
  nanos: (time % 1_000) * 1_000_000,
});

/** A layer 4 header with the client's port where the shape has a gap. */
export const layer4Of = ({ shape, port }: Pick<FlowRecord, "shape" | "port">): Layer4 | undefined => {
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

/** A response with gaps: what a shape says is encoded once, its moments are written into copies. */
interface Template {
  readonly bytes: Buffer;
  /** Where the flow's and the response's timestamps lie; both twelve bytes long. */
  readonly times: readonly [number, number];
  /** Where the client's port lies; null: there is none. */
  readonly port: number | null;
  readonly uuid: number;
}

const templates = new WeakMap<Shape, Template>();

/** Two ports whose varints are three bytes long and differ in the first: where the encodings part, the port lies. */
const LOW = 32_768;
const HIGH = 60_000;

const lengthDelimited = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([varint((field << 3) | 2), varint(content.byteLength), content]);

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
};

/** Field numbers of `Flow` and `GetFlowsResponse` (C F.1, F.3). Their order on the wire means nothing. */
const FIELD = { flow: 1, flowTime: 1, flowL4: 6, flowUuid: 34, nodeName: 1000, time: 1001 } as const;
const TIME_LENGTH = 12;
const UUID_LENGTH = 36;

const makeTemplate = (shape: Shape): Template => {
  const layer4 = (port: number): Uint8Array => {
    const filled = layer4Of({ shape, port });
    return filled === undefined ? new Uint8Array() : Layer4.encode(filled).finish();
  };
  const low = layer4(LOW);
  const gap = low.findIndex((byte, i) => byte !== layer4(HIGH)[i]);
  const constant = Flow.encode({ ...shape.flow, l4: undefined }).finish();
  const time = lengthDelimited(FIELD.flowTime, new Uint8Array(TIME_LENGTH));
  const l4 = lengthDelimited(FIELD.flowL4, low);
  const uuid = lengthDelimited(FIELD.flowUuid, new Uint8Array(UUID_LENGTH));
  const content = Buffer.concat([constant, time, l4, uuid]);
  const flow = lengthDelimited(FIELD.flow, content);
  const bytes = Buffer.concat([
    flow,
    lengthDelimited(FIELD.nodeName, Buffer.from(shape.node.name)),
    lengthDelimited(FIELD.time, new Uint8Array(TIME_LENGTH)),
  ]);
  const start = flow.byteLength - content.byteLength;
  const l4End = start + constant.byteLength + time.byteLength + l4.byteLength;
  return {
    bytes,
    times: [start + constant.byteLength + time.byteLength - TIME_LENGTH, bytes.byteLength - TIME_LENGTH],
    port: gap < 0 ? null : l4End - low.byteLength + gap,
    uuid: flow.byteLength - UUID_LENGTH,
  };
};

/** A varint of exactly `length` bytes: leading zeroes are allowed, and keep every template's length. */
const writeVarint = (bytes: Buffer, at: number, value: number, length: number): void => {
  let rest = value;
  for (let i = 0; i < length; i++) {
    bytes[at + i] = (rest % 128) | (i < length - 1 ? 0x80 : 0);
    rest = Math.floor(rest / 128);
  }
};

/** `google.protobuf.Timestamp`: seconds (1) and nanos (2), five bytes each. */
const writeTime = (bytes: Buffer, at: number, time: number): void => {
  const { seconds, nanos } = timestamp(time);
  bytes[at] = 0x08;
  writeVarint(bytes, at + 1, seconds, 5);
  bytes[at + 6] = 0x10;
  writeVarint(bytes, at + 7, nanos, 5);
};

/** The bytes of one `GetFlowsResponse`; a test decodes them with the generated code. */
export const responseBytes = (record: FlowRecord): Buffer => {
  let template = templates.get(record.shape);
  if (template === undefined) {
    template = makeTemplate(record.shape);
    templates.set(record.shape, template);
  }
  const bytes = Buffer.from(template.bytes);
  for (const at of template.times) writeTime(bytes, at, record.time);
  if (template.port !== null) writeVarint(bytes, template.port, record.port, 3);
  bytes.write(record.uuid, template.uuid, UUID_LENGTH, "latin1");
  return bytes;
};
