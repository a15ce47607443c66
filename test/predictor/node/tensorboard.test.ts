import { expect, test } from 'vitest';
import { epochEvent, versionEvent } from '../../../src/predictor/node/tensorboard.js';
import { crc32c, readEventFile } from '../../support/event-file.js';

const record = {
  epoch: 1,
  steps: 300,
  loss: 0.75,
  validation: { accuracy: 0.5, größe: 3e-5 },
  learningRate: 0.002,
  milliseconds: 5,
  wallTime: 1_790_000_000.25,
};

test('the CRC that the reader checks is CRC-32C', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});

test('records are those that the writer of TensorBoard 2.21 makes', () => {
  expect(versionEvent(1.5).toString('hex')).toBe(
    '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c',
  );
  expect(epochEvent({ ...record, validation: { accuracy: 0.5 } }).toString('hex')).toBe(
    '4c00000000000000f5d4a2a009000010e04eacda4110ac022a3e0a0b0a046c6f7373150000403f0a130a0c6c6561726e696e6752617465156f12033b0a1a0a1376616c69646174696f6e2f6163637572616379150000003f55d16986',
  );
});

test('events are read back from their records', () => {
  const [first, epoch, ...others] = readEventFile(Buffer.concat([versionEvent(1.5), epochEvent(record)]));
  expect(first).toEqual({ wallTime: 1.5, step: 0, fileVersion: 'brain.Event:2', values: {} });
  expect(epoch).toEqual({
    wallTime: record.wallTime,
    step: 300,
    values: {
      loss: 0.75,
      learningRate: Math.fround(0.002),
      'validation/accuracy': 0.5,
      'validation/größe': Math.fround(3e-5),
    },
  });
  expect(others).toEqual([]);
});

test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 52 + 1])('step %d is written in full', (steps) => {
  expect(readEventFile(epochEvent({ ...record, steps }))[0].step).toBe(steps);
});

test('a flipped bit anywhere is noticed by the CRCs', () => {
  const bytes = epochEvent(record);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] ^= 1 << (at % 8);
    expect(() => readEventFile(damaged), `byte ${at}`).toThrow(/wrong CRC|cut off/);
  }
});
