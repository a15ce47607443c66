import { expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/nn/index.js';

const tensors = new Map([
  ['a', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
  ['empty', { shape: [0], data: new Float32Array(0) }],
  ['scalar', { shape: [], data: Float32Array.of(-0.5) }],
]);
const file = encodeSafetensors(tensors, { note: 'ü' });

test('what is written is read', () => {
  const read = decodeSafetensors(file);
  expect(read.tensors).toEqual(tensors);
  expect(read.metadata).toEqual({ note: 'ü' });
});

test('an unaligned view is read', () => {
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  expect(decodeSafetensors(shifted.subarray(1)).tensors).toEqual(tensors);
  expect(decodeSafetensors(Buffer.from(shifted).subarray(1)).tensors).toEqual(tensors);
});

test('the header is as the format has it', () => {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  expect(header.a).toEqual({ dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] });
  expect(length % 8).toBe(0);
});

test('every truncation is refused', () => {
  for (let length = 0; length < file.length; length++)
    expect(() => decodeSafetensors(file.subarray(0, length))).toThrow('decodeSafetensors:');
});

const withHeader = (header: string, body = 16) => {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};

const f32 = (name: string, begin: number, end: number) =>
  `"${name}":{"dtype":"F32","shape":[${(end - begin) / 4}],"data_offsets":[${begin},${end}]}`;

test.each([
  ['another format', new TextEncoder().encode('PNG something else entirely'), 'its header claims'],
  ['no JSON', withHeader('not json'), 'its header is not JSON'],
  ['a list', withHeader('[1]'), 'its header is not an object'],
  [
    'an unknown dtype',
    withHeader('{"a":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}', 4),
    `'a' has dtype "F8_E5M2"; expected one of`,
  ],
  [
    'a dtype of Object',
    withHeader('{"a":{"dtype":"toString","shape":[4],"data_offsets":[0,4]}}', 4),
    `'a' has dtype "toString"`,
  ],
  ['a negative size', withHeader('{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,4]}}'), `'a' has shape [-2]`],
  [
    'offsets of strings',
    withHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}'),
    `'a' has offsets ["0","4"]`,
  ],
  ['a place outside', withHeader('{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}'), 'needs 32 bytes'],
  [
    'a huge shape',
    withHeader('{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,16]}}'),
    'needs 4000000000000 bytes',
  ],
  ['a null entry', withHeader('{"a":null}'), `'a' has dtype undefined`],
  [
    'an overlap',
    withHeader(`{${f32('a', 0, 12)},${f32('b', 8, 16)}}`),
    `'b' begins at byte 8, the tensor before it ends at 12: they overlap`,
  ],
  ['two in one place', withHeader(`{${f32('a', 0, 16)},${f32('b', 0, 16)}}`), 'they overlap'],
  ['a gap', withHeader(`{${f32('a', 0, 8)},${f32('b', 12, 16)}}`), 'there is a gap between them'],
  ['a beginning later', withHeader(`{${f32('a', 4, 16)}}`), 'there is a gap'],
  ['trailing bytes', withHeader(`{${f32('a', 0, 12)}}`), 'its tensors end at byte 12, the file at 16'],
  ['only trailing bytes', withHeader('{}', 1), 'its tensors end at byte 0, the file at 1'],
  ['a tensor twice', withHeader(`{${f32('a', 0, 16)},${f32('a', 0, 16)}}`), 'its header has a duplicate name'],
  [
    'a tensor twice, once escaped',
    withHeader(`{${f32('a', 0, 16)},${f32('a', 0, 16).replace('a', '\\u0061')}}`),
    'has a duplicate name',
  ],
  [
    'a shape twice',
    withHeader('{"a":{"dtype":"F32","shape":[1],"shape":[4],"data_offsets":[0,16]}}'),
    'has a duplicate name',
  ],
  ['metadata of numbers', withHeader('{"__metadata__":{"a":1}}', 0), 'its metadata is not an object of strings'],
  ['metadata of a list', withHeader('{"__metadata__":["a"]}', 0), 'its metadata is not an object of strings'],
])('%s is refused', (_, bytes, message) => {
  expect(() => decodeSafetensors(bytes)).toThrow(message);
});

test('names and texts that mean something to JavaScript or JSON are kept', () => {
  const names = ['__proto__', 'constructor', '7', 'a":{}', '\\', ''];
  const odd = new Map(names.map((name, index) => [name, { shape: [1], data: Float32Array.of(index) }]));
  const metadata = JSON.parse('{"__proto__":"kept","text":"{\\"a\\": [1]}"}');
  const read = decodeSafetensors(encodeSafetensors(odd, metadata));
  expect([...read.tensors]).toEqual([...odd].sort(([a], [b]) => Number(b === '7') - Number(a === '7')));
  expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata));
});

test.each([
  ['the reserved name', '__metadata__', [1], Float32Array.of(1), "reserves the name '__metadata__'"],
  ['more data than shape', 'a', [2], new Float32Array(3), "'a' of shape [2] needs 2 values, got 3"],
  ['less data than shape', 'a', [2, 2], new Float32Array(3), "'a' of shape [2, 2] needs 4 values, got 3"],
  ['a fractional size', 'a', [0.5], new Float32Array(0), "'a' has shape [0.5]"],
  ['a list', 'a', [1], [1] as unknown as Float32Array, "'a' must be a Float32Array or an Int32Array"],
])('%s is not written', (_, name, shape, data, message) => {
  expect(() => encodeSafetensors(new Map([[name, { shape, data }]]))).toThrow(message);
});

const stored = (dtype: string, bytes: ArrayBufferView, size: number) => {
  const count = bytes.byteLength / size;
  const whole = withHeader(
    `{"a":{"dtype":"${dtype}","shape":[${count}],"data_offsets":[0,${bytes.byteLength}]}}`,
    bytes.byteLength,
  );
  whole.set(new Uint8Array(bytes.buffer), whole.length - bytes.byteLength);
  return whole;
};

test.each([
  [
    'F64',
    Float64Array.of(0.1, -2, Number.POSITIVE_INFINITY, Number.NaN),
    8,
    Float32Array.of(0.1, -2, Number.POSITIVE_INFINITY, Number.NaN),
  ],
  [
    'F16',
    Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x8000, 0x7bff, 0x7c00, 0x7e00),
    2,
    Float32Array.of(1, -2.5, 2 ** -24, -0, 65504, Number.POSITIVE_INFINITY, Number.NaN),
  ],
  [
    'BF16',
    Uint16Array.of(0x3f80, 0xc020, 0x7f80, 0x0001),
    2,
    Float32Array.of(1, -2.5, Number.POSITIVE_INFINITY, 2 ** -133),
  ],
  ['I64', BigInt64Array.of(-3n, 2n ** 31n - 1n), 8, Int32Array.of(-3, 2 ** 31 - 1)],
  ['U64', BigUint64Array.of(3n), 8, Int32Array.of(3)],
  ['I32', Int32Array.of(-(2 ** 31), 16_777_217), 4, Int32Array.of(-(2 ** 31), 16_777_217)],
  ['U32', Uint32Array.of(7), 4, Int32Array.of(7)],
  ['I16', Int16Array.of(-7), 2, Int32Array.of(-7)],
  ['U16', Uint16Array.of(65_535), 2, Int32Array.of(65_535)],
  ['I8', Int8Array.of(-7), 1, Int32Array.of(-7)],
  ['U8', Uint8Array.of(255), 1, Int32Array.of(255)],
  ['BOOL', Uint8Array.of(0, 1), 1, Int32Array.of(0, 1)],
])('%s is read', (dtype, bytes, size, expected) => {
  expect(decodeSafetensors(stored(dtype, bytes, size)).tensors.get('a')).toEqual({
    shape: [expected.length],
    data: expected,
  });
});

test.each([
  ['I64', BigInt64Array.of(0n, 2n ** 31n), "value 1 of 'a' is 2147483648, out of range of i32"],
  ['U64', BigUint64Array.of(2n ** 63n), 'out of range of i32'],
  ['F64', Float64Array.of(1e300), "value 0 of 'a' is 1e+300, out of range of f32"],
])('%s beyond what holds it is refused', (dtype, bytes, message) => {
  expect(() => decodeSafetensors(stored(dtype, bytes, 8))).toThrow(message);
});

test('i32 is written exactly', () => {
  const ids = new Map([['ids', { shape: [2], data: Int32Array.of(16_777_217, -1) }]]);
  expect(decodeSafetensors(encodeSafetensors(ids)).tensors).toEqual(ids);
});
