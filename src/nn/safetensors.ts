import { TesseraError } from '../tensor/index.js';

/*
 * The safetensors format (huggingface.co/docs/safetensors): eight bytes of header length, a JSON header that tells
 * name, dtype, shape and place of every tensor, and the bytes, little-endian and without gaps.
 */
/** Values under a shape, on the host. */
export interface StoredTensor {
  /** Its sizes. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
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

/** Writes f32 tensors, in the order given, with strings beside them. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    const begin = end;
    end += data.byteLength;
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Padded with spaces, so that the tensors begin at a multiple of eight bytes.
  const length = Math.ceil(json.length / 8) * 8;
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

/**
 * Reads a file of f32 tensors.
 * @throws TesseraError if it is truncated, not of this format, or holds anything but f32; before anything is allocated.
 */
export function decodeSafetensors(bytes: Uint8Array): StoredTensors {
  const fail = (what: string): never => {
    throw new TesseraError(`safetensors: ${what}; the file is damaged or of another format`);
  };
  if (bytes.length < 8) fail(`expected at least 8 bytes, got ${bytes.length}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
  if (length > MAXIMUM_HEADER || 8 + length > bytes.length) {
    fail(`its header is said to have ${length} bytes, the file has ${bytes.length}`);
  }
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    return fail('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) fail('its header is not an object');
  const body = bytes.subarray(8 + length);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') tensors.set(name, decodeTensor(name, entry, body, fail));
  }
  return { tensors, metadata: (header.__metadata__ ?? {}) as Record<string, string> };
}

function decodeTensor(name: string, entry: unknown, body: Uint8Array, fail: (what: string) => never): StoredTensor {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (dtype !== 'F32') fail(`'${name}' has dtype ${JSON.stringify(dtype)}, expected "F32"`);
  const wholes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!wholes(shape) || !wholes(offsets) || offsets.length !== 2) return fail(`'${name}' has no shape or place`);
  const [begin, end] = offsets;
  const size = 4 * shape.reduce((product, one) => product * one, 1);
  if (end - begin !== size || end > body.length) {
    fail(`'${name}' of shape [${shape.join(', ')}] needs ${size} bytes, has [${begin}, ${end}) of ${body.length}`);
  }
  // A copy: the file's bytes need not be aligned. (Not `slice`: that of a Node Buffer does not copy.)
  return { shape, data: new Float32Array(new Uint8Array(body.subarray(begin, end)).buffer) };
}
