import { expect, test } from 'vitest';
import { boolean } from '../../../src/data/fields/boolean.js';
import { category } from '../../../src/data/fields/category.js';
import { date } from '../../../src/data/fields/date.js';
import { image } from '../../../src/data/fields/image.js';
import { kinds } from '../../../src/data/fields/index.js';
import { number } from '../../../src/data/fields/number.js';
import { sequence } from '../../../src/data/fields/sequence.js';
import { sound } from '../../../src/data/fields/sound.js';
import { tags } from '../../../src/data/fields/tags.js';
import { text } from '../../../src/data/fields/text.js';
import { learn } from '../../support/fields.js';

const byteFiles = {
  readFile: async () => new Uint8Array(),
  decodeImage: async () => Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => at % 200),
  decodeSound: async () => ({ sampleRate: 8000, channels: [new Float32Array(800)] }),
  column: 'image',
  cacheBytes: 0,
};
const states = {
  number: await learn(number, ['1', 2.5, 7n, undefined]),
  category: await learn(category, ['a', 'b', 'a', 'b', 'b']),
  boolean: await learn(boolean, ['yes', false]),
  date: await learn(date, ['2026-11-26', '2025-01-01']),
  tags: await learn(tags, ['x,y', ['y', 'x']]),
  text: await learn(text, ['one two', 'two one']),
  image: await learn(image, ['a.png'], {}, byteFiles),
  sound: await learn(sound, ['a.wav'], {}, byteFiles),
  sequence: await learn(sequence, [[{ time: -3 }, { time: -1 }], [{ time: 2 }]]),
};

test('every kind has its name, and is here', () => {
  for (const [name, kind] of Object.entries(kinds)) expect(kind.kind).toBe(name);
  expect(Object.keys(states).sort()).toEqual(Object.keys(kinds).sort());
});

test.each(Object.entries(states))('the state of %s is read as it was written', (name, state) => {
  const kind = kinds[name as keyof typeof kinds];
  expect(kind.parseState(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

test.each(Object.entries(states))('the state of %s is refused where it is wrong, by what is wrong', (name, state) => {
  const kind = kinds[name as keyof typeof kinds];
  for (const wrong of [null, [], 'text', 3]) expect(() => kind.parseState(wrong)).toThrow(`${name} state: expected an`);
  expect(() => kind.parseState({ ...state, other: 1 })).toThrow(`${name} state: there is no option 'other'`);
  expect(() => kind.parseState({ ...state, settings: null })).toThrow(`${name} state: settings must be an object`);
  expect(() => kind.parseState({ ...state, settings: { other: 1 } })).toThrow(`${name}: there is no option 'other'`);
  for (const part of Object.keys(state))
    expect(() => kind.parseState({ ...state, [part]: 'wrong' }), part).toThrow(`${name} state: ${part} must be`);
});

test('numbers of a state are in order and positive where they must be', () => {
  const { settings } = states.number;
  expect(() => number.parseState({ settings, mean: 0, deviation: 0 })).toThrow(
    'deviation must be a finite number above',
  );
  expect(() => number.parseState({ settings, mean: 0, deviation: 1, quantiles: [1, 2] })).toThrow('quantiles must be');
  for (const edges of [
    [1, 1],
    [2, 1],
    [0, 1e-9],
    ['a', 'b'],
  ])
    expect(() => number.parseState({ settings, mean: 0, deviation: 1, edges })).toThrow(
      'edges must be ascending numbers',
    );
  const byQuantiles = { ...settings, scaling: 'quantile' };
  expect(() => number.parseState({ settings: byQuantiles, mean: 0, deviation: 1, edges: [] })).toThrow(
    'quantiles do not go with',
  );
  expect(() => category.parseState({ ...states.category, values: ['a', 'a'] })).toThrow('distinct strings');
  expect(() => text.parseState({ ...states.text, length: 1000 })).toThrow('length 1000 exceeds maximumLength 256');
});

test('settings that make no sense are refused', () => {
  expect(() => number.settings({ scaling: 'log' as 'standard' })).toThrow("scaling must be 'standard' or 'quantile'");
  expect(() => category.settings({ minimumCount: 0 })).toThrow('minimumCount must be a positive integer');
  expect(() => tags.settings({ separator: '' as ',' })).toThrow("separator must be ','");
  expect(() => text.settings({ tokenizer: 'tokenizer.json' as 'words' })).toThrow("got 'tokenizer.json'");
  expect(() => image.settings({ size: 0 })).toThrow('size must be a positive integer or [height, width]');
  expect(() => image.settings({ background: 'white' })).toThrow("a color such as '#ffffff'");
  expect(() => image.settings({ sise: 3 } as object)).toThrow("did you mean 'size'");
});

test.each(Object.keys(kinds))(
  'a column of %s without a value in the training rows has nothing to learn from',
  async (name) => {
    const kind = kinds[name as keyof typeof kinds];
    await expect(learn(kind, [undefined, '', '  '])).rejects.toThrow(/no training row|no tag occurs 2 times/);
  },
);
