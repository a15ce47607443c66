/*
 * A reader of TensorBoard's event files, written from the formats: TFRecord (tensorflow/core/lib/io/record_reader.cc),
 * CRC-32C bit by bit (RFC 3720), and the wire format of protocol buffers.
 */

/** An event, with its values by tag. */
export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Reads the events of a file. Throws where a record is cut off or a CRC is wrong. */
export function readEventFile(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const take = (at: number, length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error(`cut off at ${at}`);
    return bytes.subarray(at, at + length);
  };
  const check = (at: number, data: Uint8Array): void => {
    take(at, 4);
    if (view.getUint32(at, true) !== masked(crc32c(data))) throw new Error(`wrong CRC at ${at}`);
  };
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = take(at, 8);
    check(at + 8, header);
    const data = take(at + 12, Number(view.getBigUint64(at, true)));
    check(at + 12 + data.length, data);
    events.push(eventOf(data));
    at += 12 + data.length + 4;
  }
  return events;
}

/** The mask of TFRecord: rotated right by 15 bits, plus a constant, in 32 bits. */
const masked = (crc: number): number => Number(BigInt.asUintN(32, rotated(BigInt(crc)) + 0xa282ead8n));
const rotated = (crc: bigint): bigint => (crc >> 15n) | BigInt.asUintN(32, crc << 17n);

/** CRC-32C by division of the bits, the lowest of each byte first, by 0x11EDC6F41. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffffn;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const top = (remainder >> 31n) ^ BigInt((byte >> bit) & 1);
      remainder = BigInt.asUintN(32, remainder << 1n) ^ (top === 1n ? 0x1edc6f41n : 0n);
    }
  const bits = remainder.toString(2).padStart(32, '0');
  return Number(BigInt(`0b${[...bits].reverse().join('')}`) ^ 0xffffffffn);
}

interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** The fields of a message: varints as integers, all others as bytes. */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('a varint is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const wireType = key & 7;
    if (wireType === 0) {
      yield { number: key >> 3, value: varint() };
      continue;
    }
    const length = { 1: 8, 2: wireType === 2 ? Number(varint()) : 0, 5: 4 }[wireType];
    if (length === undefined || at + length > message.length) throw new Error(`wire type ${wireType} at ${at}`);
    yield { number: key >> 3, value: message.subarray(at, at + length) };
    at += length;
  }
}

const viewOf = (value: bigint | Uint8Array): DataView => {
  const bytes = value as Uint8Array;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
};
const textOf = (value: bigint | Uint8Array): string => new TextDecoder().decode(value as Uint8Array);

function eventOf(message: Uint8Array): ReadEvent {
  let event: ReadEvent = { wallTime: 0, step: 0, values: {} };
  for (const { number, value } of fieldsOf(message)) {
    if (number === 1) event = { ...event, wallTime: viewOf(value).getFloat64(0, true) };
    else if (number === 2) event = { ...event, step: Number(value) };
    else if (number === 3) event = { ...event, fileVersion: textOf(value) };
    else if (number === 5)
      event = { ...event, values: Object.fromEntries(Array.from(fieldsOf(value as Uint8Array), scalarOf)) };
    else throw new Error(`no event has a field ${number}`);
  }
  return event;
}

function scalarOf({ number, value }: Field): [tag: string, value: number] {
  const fields = new Map(Array.from(fieldsOf(value as Uint8Array), (field) => [field.number, field.value]));
  const [tag, simple] = [fields.get(1), fields.get(2)];
  if (number !== 1 || tag === undefined || simple === undefined) throw new Error('expected a tag and a value');
  return [textOf(tag), viewOf(simple).getFloat32(0, true)];
}
