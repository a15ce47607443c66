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

test('a view that is not aligned is read', () => {
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
    expect(() => decodeSafetensors(file.subarray(0, length))).toThrow('safetensors:');
});

const withHeader = (header: string, body = 16) => {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};

test.each([
  ['another format', new TextEncoder().encode('PNG something else entirely'), 'its header is said to have'],
  ['no JSON', withHeader('not json'), 'its header is not JSON'],
  ['a list', withHeader('[1]'), 'its header is not an object'],
  ['another dtype', withHeader('{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'), `'a' has dtype "F16"`],
  [
    'a negative size',
    withHeader('{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,4]}}'),
    `'a' has no shape or place`,
  ],
  ['a place outside', withHeader('{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}'), 'needs 32 bytes'],
  [
    'a huge shape',
    withHeader('{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,16]}}'),
    'needs 4000000000000 bytes',
  ],
  ['a null entry', withHeader('{"a":null}'), `'a' has dtype undefined`],
])('%s is refused', (_, bytes, message) => {
  expect(() => decodeSafetensors(bytes)).toThrow(message);
});
