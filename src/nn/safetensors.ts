import { formatShape } from '../tensor/graph/shape.js';
import { TesseraError } from '../tensor/index.js';
import { byteArray, expectValue } from '../tensor/options.js';

/*
 * The safetensors format (huggingface.co/docs/safetensors): eight bytes of header length, a JSON header with name,
 * dtype, shape and offsets of every tensor, and the tensors, little-endian, one after the other without gaps.
 */

/** A tensor's shape and values on the host. */
export interface StoredTensor {
  /** The size of each axis. */
  readonly shape: readonly number[];
  /** The values in row-major order, of f32 or i32. */
  readonly data: Float32Array | Int32Array;
}

/** The contents of a safetensors file. */
export interface StoredTensors {
  /** The tensors by name. */
  readonly tensors: Map<string, StoredTensor>;
  /** The metadata: strings by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The maximum size of the header, which is parsed as one string; that of the reference implementation. */
const MAXIMUM_HEADER = 100 * 2 ** 20;
/** The key of the metadata in the header, which no tensor may have as its name. */
const METADATA = '__metadata__';

/**
 * Encodes tensors of f32 and i32, in the order given, and metadata as a safetensors file.
 * @throws TesseraError if a tensor's values do not fill its shape, or it has the name that the format reserves.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  if (!(tensors instanceof Map))
    throw new TesseraError(`encodeSafetensors: expected a Map of tensors by name, got ${typeof tensors}`);
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new TesseraError(`encodeSafetensors: metadata '${name}' is of type ${typeof value}; expected a string`);
  }
  // Joined by hand: an object literal cannot have `__proto__` as its own key, and puts names such as `7` first.
  const header = [entryOf(METADATA, metadata)];
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    checkTensor(name, shape, data);
    const begin = end;
    end += data.byteLength;
    const dtype = data instanceof Float32Array ? 'F32' : 'I32';
    header.push(entryOf(name, { dtype, shape, data_offsets: [begin, end] }));
  }
  const json = new TextEncoder().encode(`{${header.join()}}`);
  // Padded with spaces, so that the tensors begin at a multiple of eight bytes.
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAXIMUM_HEADER) {
    throw new TesseraError(
      `encodeSafetensors: names, shapes and metadata take ${length} bytes; expected at most ${MAXIMUM_HEADER}`,
    );
  }
  const bytes = new Uint8Array(8 + length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

const entryOf = (name: string, value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;

function checkTensor(name: string, shape: unknown, data: unknown): void {
  if (name === METADATA)
    throw new TesseraError(`encodeSafetensors: the format reserves the name '${METADATA}'; rename the tensor`);
  if (!(data instanceof Float32Array || data instanceof Int32Array))
    throw new TesseraError(`encodeSafetensors: data of '${name}' must be a Float32Array or an Int32Array`);
  if (!areSizes(shape)) {
    throw new TesseraError(
      `encodeSafetensors: '${name}' has shape ${JSON.stringify(shape)}; expected non-negative integers`,
    );
  }
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new TesseraError(
      `encodeSafetensors: '${name}' of shape ${formatShape(shape)} needs ${size} values, got ${data.length}`,
    );
  }
}

const areSizes = (list: unknown): list is number[] =>
  Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * Decodes a safetensors file. F32, F16 and BF16 are read exactly, as f32; F64 is rounded to the nearest f32. Integers
 * of all sizes, and BOOL as 0 and 1, are read exactly, as i32.
 *
 * @throws TesseraError if the file is truncated or not of this format, or its tensors overlap or leave gaps, before
 *   anything is allocated; and if a dtype is not supported, or a value is out of range of the dtype that it is read as.
 */
export function decodeSafetensors(bytes: Uint8Array): StoredTensors {
  expectValue('decodeSafetensors', 'the bytes', bytes, byteArray);
  const { header, body } = splitFile(bytes);
  const metadata = header[METADATA] ?? {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw damaged('its metadata is not an object of strings');
  const entries = Object.entries(header).flatMap(([name, value]) =>
    name === METADATA ? [] : [readEntry(name, value, body.length)],
  );
  checkLayout(entries, body.length);
  const tensors = new Map(
    entries.map((entry) => [entry.name, { shape: entry.shape, data: valuesOf(entry, body) }] as const),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

const damaged = (what: string): TesseraError =>
  new TesseraError(`decodeSafetensors: ${what}; the file is damaged or not a safetensors file`);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function splitFile(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < 8) throw damaged(`expected at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
  if (length > MAXIMUM_HEADER || 8 + length > bytes.length)
    throw damaged(`its header claims ${length} bytes, but the file has ${bytes.length}`);
  let json: string;
  let header: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(json);
  } catch {
    throw damaged('its header is not JSON');
  }
  if (!isRecord(header)) throw damaged('its header is not an object');
  // JSON.parse silently keeps the last of duplicate keys.
  const keys = Object.values(header).reduce<number>(
    (sum, value) => sum + 1 + (isRecord(value) ? Object.keys(value).length : 0),
    0,
  );
  if (keys !== countKeys(json)) throw damaged('its header has a duplicate name');
  return { header, body: bytes.subarray(8 + length) };
}

/** Counts the keys in the text of a JSON object and of the objects directly within it. */
function countKeys(json: string): number {
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ':' && depth <= 2) keys++;
    else if (character === '"') for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++;
  }
  return keys;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: unknown, length: number): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== 'string') throw damaged(`'${name}' has dtype ${JSON.stringify(dtype)}`);
  if (!areSizes(shape)) throw damaged(`'${name}' has shape ${JSON.stringify(shape)}`);
  if (!areSizes(offsets) || offsets.length !== 2) throw damaged(`'${name}' has offsets ${JSON.stringify(offsets)}`);
  if (!isReadable(dtype)) {
    throw new TesseraError(
      `decodeSafetensors: '${name}' has dtype ${JSON.stringify(dtype)}; expected one of ${Object.keys(READERS).join(', ')}`,
    );
  }
  const [begin, end] = offsets;
  const size = READERS[dtype].bytes * sizeOf(shape);
  if (end - begin !== size || end > length) {
    throw damaged(
      `'${name}' of shape ${formatShape(shape)} and dtype ${dtype} needs ${size} bytes, has [${begin}, ${end}) of ${length}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** @throws TesseraError unless the tensors fill the body contiguously, one after the other. */
function checkLayout(entries: readonly Entry[], length: number): void {
  let filled = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      throw damaged(
        `'${name}' begins at byte ${begin}, the tensor before it ends at ${filled}: ${begin < filled ? 'they overlap' : 'there is a gap between them'}`,
      );
    }
    filled = end;
  }
  if (filled !== length) throw damaged(`its tensors end at byte ${filled}, the file at ${length}`);
}

interface Reader {
  /** The size of a value in bytes. */
  readonly bytes: number;
  readonly Values: typeof Float32Array | typeof Int32Array;
  readonly read: (view: DataView, at: number) => number | bigint;
}

const reader = (bytes: number, Values: Reader['Values'], read: Reader['read']): Reader => ({ bytes, Values, read });

const READERS = {
  F64: reader(8, Float32Array, (view, at) => view.getFloat64(at, true)),
  F32: reader(4, Float32Array, (view, at) => view.getFloat32(at, true)),
  F16: reader(2, Float32Array, (view, at) => fromF16(view.getUint16(at, true))),
  BF16: reader(2, Float32Array, (view, at) => fromBf16(view.getUint16(at, true))),
  I64: reader(8, Int32Array, (view, at) => view.getBigInt64(at, true)),
  U64: reader(8, Int32Array, (view, at) => view.getBigUint64(at, true)),
  I32: reader(4, Int32Array, (view, at) => view.getInt32(at, true)),
  U32: reader(4, Int32Array, (view, at) => view.getUint32(at, true)),
  I16: reader(2, Int32Array, (view, at) => view.getInt16(at, true)),
  U16: reader(2, Int32Array, (view, at) => view.getUint16(at, true)),
  I8: reader(1, Int32Array, (view, at) => view.getInt8(at)),
  U8: reader(1, Int32Array, (view, at) => view.getUint8(at)),
  BOOL: reader(1, Int32Array, (view, at) => view.getUint8(at)),
} as const satisfies Record<string, Reader>;

type DType = keyof typeof READERS;
const isReadable = (dtype: string): dtype is DType => Object.hasOwn(READERS, dtype);

function valuesOf({ name, dtype, begin, end }: Entry, body: Uint8Array): Float32Array | Int32Array {
  const { bytes, Values, read }: Reader = READERS[dtype];
  // Copied, as the file's bytes may be unaligned. (`slice` of a Node Buffer does not copy.)
  if (dtype === 'F32' || dtype === 'I32') return new Values(new Uint8Array(body.subarray(begin, end)).buffer);
  const view = new DataView(body.buffer, body.byteOffset + begin, end - begin);
  const values = new Values(view.byteLength / bytes);
  for (let index = 0; index < values.length; index++) {
    const value = Number(read(view, index * bytes));
    values[index] = value;
    const fits =
      Values === Int32Array ? values[index] === value : Number.isFinite(values[index]) || !Number.isFinite(value);
    if (!fits)
      throw new TesseraError(
        `decodeSafetensors: value ${index} of '${name}' is ${value}, out of range of ${Values === Int32Array ? 'i32' : 'f32'}, as which ${dtype} is read`,
      );
  }
  return values;
}

/** Decodes an IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const word = new DataView(new ArrayBuffer(4));

/** Decodes a bfloat16, the upper 16 bits of an f32. */
function fromBf16(bits: number): number {
  word.setUint16(0, bits);
  return word.getFloat32(0);
}
