import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { type Client, Metadata, status as Status } from "@grpc/grpc-js";
import { channelOf, isServiceError, type RelayAddress, relayError } from "./relay.ts";
import { WIRE_FIELDS } from "./wire-fields.ts";

/** What a server says of the messages we read. */
export type WireCheck =
  /** It does not offer reflection: nothing is known, and nothing is wrong for that. */
  | { readonly offered: false }
  | {
      readonly offered: true;
      /** Fields that stand elsewhere than we read them: what we read would be nonsense. */
      readonly moved: readonly FieldDrift[];
      /** Fields this server does not have yet; they come empty. */
      readonly absent: readonly string[];
    };

export interface FieldDrift {
  readonly field: string;
  readonly ours: number;
  readonly theirs: number;
}

type Fields = Readonly<Record<string, number>>;

/** Both versions answer alike; agents before 1.17 know only the older. */
const SERVICES = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"] as const;
const SYMBOLS = ["observer.Observer", "flow.Flow", "relay.NodeStatusEvent"] as const;

const BY_SYMBOL = (4 << 3) | 2;

const request = (symbol: string): Buffer => Buffer.from(new BinaryWriter().uint32(BY_SYMBOL).string(symbol).finish());

/** `file_descriptor_response.file_descriptor_proto` of a ServerReflectionResponse; none when it is an error. */
const filesOf = (bytes: Buffer): Uint8Array[] => {
  const files: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== 4) {
      reader.skip(type);
      continue;
    }
    const end = reader.uint32() + reader.pos;
    while (reader.pos < end) {
      const [inner, kind] = reader.tag();
      if (inner === 1) files.push(reader.bytes());
      else reader.skip(kind);
    }
  }
  return files;
};

const collectFields = (prefix: string, message: DescriptorProto, into: Map<string, Fields>): void => {
  const name = `${prefix}.${message.name}`;
  into.set(name, Object.fromEntries(message.field.map((f) => [f.name, f.number])));
  for (const nested of message.nestedType) collectFields(name, nested, into);
};

/** Compares field by field; a message the server did not describe is left out of the comparison. */
export const compareFields = (theirs: ReadonlyMap<string, Fields>): { moved: FieldDrift[]; absent: string[] } => {
  const moved: FieldDrift[] = [];
  const absent: string[] = [];
  for (const [message, fields] of Object.entries(WIRE_FIELDS)) {
    const described = theirs.get(message);
    if (described === undefined) continue;
    const byNumber = new Map(Object.entries(described).map(([name, number]) => [number, name]));
    for (const [name, ours] of Object.entries(fields)) {
      const field = `${message}.${name}`;
      const number = described[name];
      if (number === ours) continue;
      if (number !== undefined) moved.push({ field, ours, theirs: number });
      // Our number means something else there: as bad as a field that moved.
      else if (byNumber.has(ours)) moved.push({ field, ours, theirs: 0 });
      else absent.push(field);
    }
  }
  return { moved, absent };
};

const ask = (client: Client, service: string): Promise<Map<string, Fields> | null> =>
  new Promise((resolve, reject) => {
    const fields = new Map<string, Fields>();
    const bytes = (value: Buffer): Buffer => value;
    const call = client.makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, bytes, bytes, new Metadata(), {
      deadline: Date.now() + 10_000,
    });
    call.on("data", (answer: Buffer) => {
      for (const file of filesOf(answer)) {
        const descriptor = fromBinary(FileDescriptorProtoSchema, file);
        for (const message of descriptor.messageType) collectFields(descriptor.package, message, fields);
      }
    });
    call.on("end", () => resolve(fields));
    call.on("error", (error) => {
      if (isServiceError(error) && error.code === Status.UNIMPLEMENTED) resolve(null);
      else reject(error);
    });
    for (const symbol of SYMBOLS) call.write(request(symbol));
    call.end();
  });

/**
 * Compares our field numbers with the server's own descriptors, where it offers gRPC reflection.
 * @throws OperatorError `outside` when the server cannot be reached
 */
export const checkWire = async (at: RelayAddress): Promise<WireCheck> => {
  const client = channelOf(at);
  try {
    for (const service of SERVICES) {
      const theirs = await ask(client, service);
      if (theirs !== null && theirs.size > 0) return { offered: true, ...compareFields(theirs) };
    }
    return { offered: false };
  } catch (error) {
    throw relayError(at.address, error);
  } finally {
    client.close();
  }
};
