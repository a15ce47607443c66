import { TesseraError } from '../tensor/index.js';

/*
 * The safetensors format (huggingface.co/docs/safetensors): eight bytes of header length, a JSON header with name,
 * dtype, shape and offsets of every tensor, and the tensors, little-endian, one after the other without gaps.
 */

/** Values under a shape, on the host. */
export interface StoredTensor {
  /** Its sizes. */
  readonly shape: readonly number[];
  /** Row-major: f32, or i32. */
  readonly data: Float32Array | Int32Array;
}

/** What a safetensors file holds. */
export interface StoredTensors {
  /** By name. */
  readonly tensors: Map<string, StoredTensor>;
  /** Texts by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The header may not be larger: it is parsed as one string. The reference implementation has the same limit. */
const MAXIMUM_HEADER = 100 * 2 ** 20;
/** The key under which the header has the metadata; no tensor can have this name. */
const METADATA = '__metadata__';

/**
 * Writes tensors of f32 and i32, in the order given, with strings beside them.
 * @throws TesseraError if a tensor has more or fewer values than its shape, or the name that the format reserves.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string')
      throw new TesseraError(`encodeSafetensors: metadata '${name}' is of type ${typeof value}; expected a string`);
  }
  // Joined by hand: an object cannot have a tensor named `__proto__` as its own key, and puts names like `7` first.
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
    throw new TesseraError(`encodeSafetensors: the data of '${name}' is no Float32Array or Int32Array`);
  if (!areSizes(shape)) {
    throw new TesseraError(
      `encodeSafetensors: '${name}' has shape ${JSON.stringify(shape)}; expected non-negative integers`,
    );
  }
  const size = sizeOf(shape);
  if (data.length !== size) {
    throw new TesseraError(
      `encodeSafetensors: '${name}' of shape [${shape.join(', ')}] needs ${size} values, got ${data.length}`,
    );
  }
}

const areSizes = (list: unknown): list is number[] =>
  Array.isArray(list) && list.every((one) => Number.isSafeInteger(one) && one >= 0);

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, one) => product * one, 1);

/**
 * Reads the tensors of a file. F32, F16 and BF16 are read exactly, as f32. I32 and the other integer types, and BOOL as
 * 0 and 1, are read exactly, as i32. F64 is rounded to the nearest f32.
 *
 * @throws TesseraError before anything is allocated, if the file is truncated, not of this format, or its tensors
 *   overlap or leave holes; and if a dtype is another, or a value is outside of the type that it is read as.
 */
export function decodeSafetensors(bytes: Uint8Array): StoredTensors {
  const { header, body } = split(bytes);
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
  new TesseraError(`safetensors: ${what}; the file is damaged or of another format`);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function split(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < 8) throw damaged(`expected at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
  if (length > MAXIMUM_HEADER || 8 + length > bytes.length)
    throw damaged(`its header is said to have ${length} bytes, the file has ${bytes.length}`);
  let json: string;
  let header: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(json);
  } catch {
    throw damaged('its header is not JSON');
  }
  if (!isRecord(header)) throw damaged('its header is not an object');
  // JSON.parse keeps the last of equal keys.
  const keys = Object.values(header).reduce<number>(
    (sum, value) => sum + 1 + (isRecord(value) ? Object.keys(value).length : 0),
    0,
  );
  if (keys !== countKeys(json)) throw damaged('its header has a name twice');
  return { header, body: bytes.subarray(8 + length) };
}

/** How many keys are written in a JSON object and the objects directly in it. */
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
      `safetensors: '${name}' has dtype ${JSON.stringify(dtype)}; expected one of ${Object.keys(READERS).join(', ')}`,
    );
  }
  const [begin, end] = offsets;
  const size = READERS[dtype].bytes * sizeOf(shape);
  if (end - begin !== size || end > length) {
    throw damaged(
      `'${name}' of shape [${shape.join(', ')}] and dtype ${dtype} needs ${size} bytes, has [${begin}, ${end}) of ${length}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The tensors must fill the body, one after the other. */
function checkLayout(entries: readonly Entry[], length: number): void {
  let filled = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      throw damaged(
        `'${name}' begins at byte ${begin}, the tensor before it ends at ${filled}: ${begin < filled ? 'they overlap' : 'there is a hole between them'}`,
      );
    }
    filled = end;
  }
  if (filled !== length) throw damaged(`its tensors end at byte ${filled}, the file at ${length}`);
}

interface Reader {
  /** Of a value. */
  readonly bytes: number;
  readonly Values: typeof Float32Array | typeof Int32Array;
  readonly read: (view: DataView, at: number) => number | bigint;
}

const reader = (bytes: number, Values: Reader['Values'], read: Reader['read']): Reader => ({ bytes, Values, read });

const READERS = {
  F64: reader(8, Float32Array, (view, at) => view.getFloat64(at, true)),
  F32: reader(4, Float32Array, (view, at) => view.getFloat32(at, true)),
  F16: reader(2, Float32Array, (view, at) => fromHalf(view.getUint16(at, true))),
  BF16: reader(2, Float32Array, (view, at) => fromBfloat(view.getUint16(at, true))),
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
  // A copy: the file's bytes need not be aligned. (Not `slice`: that of a Node Buffer does not copy.)
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
        `safetensors: value ${index} of '${name}' is ${value}, outside of ${Values === Int32Array ? 'i32' : 'f32'} (${dtype} is read as that)`,
      );
  }
  return values;
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of an f32. */
function fromBfloat(bits: number): number {
  word.setUint16(0, bits);
  return word.getFloat32(0);
}
