import { describe, expect, test } from 'vitest';
import { decodeWav } from '../../../src/data/index.js';

interface Parts {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly frameBytes?: number;
  /** The size that the header gives for the samples; their own by default. */
  readonly size?: number;
  /** Chunks between the header and the samples. */
  readonly between?: Uint8Array;
  readonly extensible?: boolean;
}

const textOf = (name: string) => Uint8Array.from(name, (letter) => letter.charCodeAt(0));

/** A WAV file of samples that are given as bytes. */
function wav(samples: ArrayLike<number>, parts: Parts = {}): Uint8Array {
  const { tag = 1, channels = 1, rate = 8000, bits = 16, between = new Uint8Array(), extensible = false } = parts;
  const { frameBytes = (channels * bits) / 8, size = samples.length } = parts;
  const header = new DataView(new ArrayBuffer(extensible ? 48 : 24));
  header.setUint32(4, header.byteLength - 8, true);
  header.setUint16(8, extensible ? 0xfffe : tag, true);
  header.setUint16(10, channels, true);
  header.setUint32(12, rate, true);
  header.setUint32(16, rate * frameBytes, true);
  header.setUint16(20, frameBytes, true);
  header.setUint16(22, bits, true);
  if (extensible) header.setUint16(32, tag, true);
  const fmt = new Uint8Array(header.buffer);
  fmt.set(textOf('fmt '));
  const sizeOf = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  return Uint8Array.from([
    ...textOf('RIFF'),
    ...sizeOf(4),
    ...textOf('WAVE'),
    ...fmt,
    ...between,
    ...textOf('data'),
    ...sizeOf(size),
    ...Array.from(samples),
  ]);
}

const bytesOf = (values: Int16Array | Int32Array | Float32Array | Float64Array) => new Uint8Array(values.buffer);

describe('samples', () => {
  test.each<[string, ArrayLike<number>, Parts, number[][]]>([
    ['8 bits', [0, 128, 255], { bits: 8 }, [[-1, 0, 127 / 128]]],
    ['16 bits', bytesOf(Int16Array.of(-32768, 16384)), {}, [[-1, 0.5]]],
    ['24 bits', [0, 0, 0x80, 1, 0, 0, 0xff, 0xff, 0xff], { bits: 24 }, [[-1, 2 ** -23, -(2 ** -23)]]],
    ['32 bits', bytesOf(Int32Array.of(-(2 ** 31), 2 ** 29)), { bits: 32 }, [[-1, 0.25]]],
    ['floats', bytesOf(Float32Array.of(0.75, -1.5)), { tag: 3, bits: 32 }, [[0.75, -1.5]]],
    ['doubles', bytesOf(Float64Array.of(0.75)), { tag: 3, bits: 64 }, [[0.75]]],
    [
      'two channels',
      bytesOf(Int16Array.of(8192, -8192, 16384, 0)),
      { channels: 2 },
      [
        [0.25, 0.5],
        [-0.25, 0],
      ],
    ],
    ['the extensible header', bytesOf(Float32Array.of(0.5)), { tag: 3, bits: 32, extensible: true }, [[0.5]]],
    // The extremes and the smallest steps of the tables of ITU-T G.711, in 13 and 14 bits.
    ['A-law', [0xaa, 0x2a, 0xd5, 0x55], { tag: 6, bits: 8 }, [[4032, -4032, 1, -1].map((x) => x / 4096)]],
    ['µ-law', [0x80, 0x00, 0xff, 0xfe], { tag: 7, bits: 8 }, [[8031, -8031, 0, 2].map((x) => x / 8192)]],
  ])('%s', (_, samples, parts, expected) => {
    const sound = decodeWav(wav(samples, { rate: 22050, ...parts }));
    expect(sound.sampleRate).toBe(22050);
    expect(sound.channels.map((channel) => Array.from(channel))).toEqual(expected);
  });

  test('chunks of other programs are passed over, padded to an even size', () => {
    const between = Uint8Array.from([...textOf('LIST'), 3, 0, 0, 0, 1, 2, 3, 0]);
    expect(decodeWav(wav([0, 64], { between })).channels).toEqual([Float32Array.of(0.5)]);
  });

  test('a sound of unknown size ends with the file', () => {
    expect(decodeWav(wav([0, 64, 0, 0], { size: 0xffffffff })).channels[0].length).toBe(2);
  });
});

test.each<[string, Uint8Array, string]>([
  ['not a WAV file', textOf('OggS: other bytes'), 'expected a WAV file, which begins with RIFF and WAVE'],
  ['no chunks', wav([]).slice(0, 12), 'the file has no header (chunk fmt)'],
  ['no samples chunk', wav([]).slice(0, 36), 'the file has no samples (chunk data)'],
  ['zero length', wav([]), 'the file has no samples'],
  ['less than a sample', wav([1]), 'the file has no samples'],
  ['cut off', wav([0, 0], { size: 1000 }), 'the file is cut off: 1000 bytes of samples were announced, 2 are there'],
  ['a rate of 0', wav([0, 0], { rate: 0 }), 'the header says 0 samples a second; expected 1 to 1000000'],
  ['no channels', wav([0, 0], { channels: 0 }), 'the header says 0 channels; expected 1 to 64'],
  [
    'a header that lies',
    wav([0, 0], { channels: 2, frameBytes: 3 }),
    'the header contradicts itself: 3 bytes for 2 channels of 16 bits; expected 4',
  ],
  [
    'a compressed format',
    wav([0, 0], { tag: 17, bits: 4 }),
    'samples of format 17 with 4 bits are not supported; expected PCM (1), floats (3), A-law (6) or µ-law (7)',
  ],
  ['NaN', wav(bytesOf(Float32Array.of(0, Number.NaN)), { tag: 3, bits: 32 }), 'sample 1 of channel 0 is NaN'],
  [
    'a double that f32 cannot hold',
    wav(bytesOf(Float64Array.of(1e300)), { tag: 3, bits: 64 }),
    'sample 0 of channel 0 is 1e+300',
  ],
  ['too long', wav(new Uint8Array(1204), { rate: 1 }), 'the sound is 602.0 s long; expected at most 600 s'],
])('%s is refused', (_, bytes, message) => {
  expect(() => decodeWav(bytes)).toThrow(`cannot decode 'sound': ${message}`);
});

test('arguments are checked', () => {
  expect(() => decodeWav([1] as never)).toThrow("cannot decode 'sound': its bytes must be a Uint8Array");
  expect(() => decodeWav(wav([0, 0]), { maximumSecond: 1 } as never)).toThrow("there is no option 'maximumSecond'");
  expect(() => decodeWav(wav(new Uint8Array(4)), { maximumSeconds: 1e-4 })).toThrow('expected at most 0.0001 s');
  expect(() => decodeWav(wav([]), { name: 'a.wav' })).toThrow("cannot decode 'a.wav': the file has no samples");
});
