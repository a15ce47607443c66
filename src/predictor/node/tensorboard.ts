import type { EpochRecord } from '../training-state.js';

/*
 * Records of the event files that TensorBoard reads: protocol buffers (tensorflow/core/util/event.proto), framed as
 * TFRecords (tensorflow/core/lib/io/record_writer.h). All numbers are little-endian.
 *
 *   record  = length of data (u64), its masked CRC (u32), data, its masked CRC (u32)
 *   Event   = { 1: wall_time (double), 2: step (varint), 3: file_version (string), 5: summary (Summary) }
 *   Summary = { 1: value, repeated: { 1: tag (string), 2: simple_value (float) } }
 */

/** The first record of an event file. `wallTime` is in seconds since 1970. */
export const versionEvent = (wallTime: number): Buffer =>
  record([doubleField(1, wallTime), bytesField(3, Buffer.from('brain.Event:2'))]);

/** The record of an epoch, at its step: the loss, the learning rate, and the metrics as `validation/accuracy` and so on. */
export function epochEvent({ wallTime, steps, loss, learningRate, validation }: EpochRecord): Buffer {
  const metrics = Object.entries(validation).map(([name, value]) => [`validation/${name}`, value] as const);
  const values = [['loss', loss] as const, ['learningRate', learningRate] as const, ...metrics].map(([tag, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
  );
  return record([doubleField(1, wallTime), varintField(2, steps), bytesField(5, Buffer.concat(values))]);
}

function record(fields: readonly Buffer[]): Buffer {
  const data = Buffer.concat(fields);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedCrc(length), data, maskedCrc(data)]);
}

/** The CRC-32C of bytes, rotated and shifted, so that a CRC of data that hold CRCs stays a good one. */
function maskedCrc(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** The remainders of all bytes by Castagnoli's polynomial, with the bits reversed. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder;
});

/** CRC-32C (Castagnoli 1993, RFC 3720). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = REMAINDERS[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/* Fields of protocol buffers: a key, which is the number of the field and its wire type, and the value. */
const [VARINT, BITS_64, BYTES, BITS_32] = [0, 1, 2, 5];

const key = (field: number, wireType: number): Buffer => varint((field << 3) | wireType);

const varintField = (field: number, value: number): Buffer => Buffer.concat([key(field, VARINT), varint(value)]);

const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([key(field, BYTES), varint(bytes.length), bytes]);

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, BITS_64), bytes]);
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, BITS_32), bytes]);
}

/** A non-negative integer in groups of seven bits, the lowest first; the highest bit of a byte says that more follow. */
function varint(value: number): Buffer {
  const groups: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) groups.push((rest % 0x80) | 0x80);
  return Buffer.from([...groups, rest]);
}
