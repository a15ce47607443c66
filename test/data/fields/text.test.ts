import { expect, test } from 'vitest';
import { text } from '../../../src/data/fields/text.js';
import { NGRAMS, subwordsOf } from '../../../src/data/subwords.js';
import { Generator } from '../../../src/tensor/generator.js';
import { arraysOf, encode, learn, noFiles } from '../../support/fields.js';

const repeat = (word: string, count: number) => Array(count).fill(word).join(' ');

test('texts are padded to the class of the longest row of a batch, with a mask', async () => {
  const state = await learn(text, ['red heart', 'red car', 'blue car', repeat('red', 20)]);
  expect(state).toMatchObject({ vocabulary: ['red', 'car'], length: 32 });
  const short = await encode(text, state, ['car RED unseen', '', undefined, '!?']);
  expect(short.tokens.shape).toEqual([4, 4]);
  expect(short.tokens.data.slice(0, 4)).toEqual([3, 2, 1, 0]);
  expect(short.mask.data.slice(0, 4)).toEqual([1, 1, 1, 0]);
  expect(short.tokens.data.slice(4).every((id) => id === 0)).toBe(true);
  expect(short.present.data).toEqual([1, 0, 0, 1]);
  const long = await encode(text, state, ['car', repeat('red', 9)]);
  expect(long.tokens.shape).toEqual([2, 16]);
  const cut = await encode(text, state, [repeat('red', 1000)]);
  expect(cut.mask).toEqual({ shape: [1, 32], data: Array(32).fill(1) });
});

test('the length holds 95% of the training texts whole, up to its maximum', async () => {
  const texts = [...Array(95).fill('a b c'), ...Array(5).fill(repeat('a', 500))];
  expect(await learn(text, texts)).toMatchObject({ length: 4 });
  expect(await learn(text, texts.slice(1))).toMatchObject({ length: 256 });
  expect(await learn(text, texts.slice(1), { maximumLength: 100 })).toMatchObject({ length: 100 });
});

test('words of short texts have n-grams, those of the vocabulary and others', async () => {
  const state = await learn(text, ['red heart', 'red car']);
  expect(state).toMatchObject({ vocabulary: ['red'], subwords: 1024 });
  const { tokens, subwords } = await encode(text, state, ['red hearts', '']);
  expect(tokens.data.slice(0, 3)).toEqual([2, 1, 0]);
  expect(subwords.shape).toEqual([2, 4, NGRAMS]);
  const padded = (ids: readonly number[]) => [...ids, ...Array(NGRAMS - ids.length).fill(0)];
  const [red, hearts] = [subwordsOf('red', 1024), subwordsOf('hearts', 1024)];
  expect(subwords.data.slice(0, 2 * NGRAMS)).toEqual([...padded(red), ...padded(hearts)]);
  expect(subwords.data.slice(2 * NGRAMS).every((id) => id === 0)).toBe(true);
});

test('a dropped token keeps its n-grams', async () => {
  const column = text.column(await learn(text, ['red', 'red'], { dropTokens: 0.999999 }), noFiles);
  column.add('red', { file: '', number: 1 });
  const { tokens, subwords } = await arraysOf(await column.batch(Uint32Array.of(0), new Generator(1)));
  expect(tokens.data[0]).toBe(1);
  expect(subwords.data.slice(0, 6)).toEqual(subwordsOf('red', 1024));
});

test('long texts, and tokens of a tokenizer, have no n-grams unless asked for; none are an option', async () => {
  const long = await learn(text, [repeat('red', 17)]);
  expect(long.subwords).toBe(0);
  expect(await encode(text, long, ['red'])).not.toHaveProperty('subwords');
  expect(await learn(text, ['red'], { tokenizer: bytePairs })).toMatchObject({ subwords: 0 });
  expect(await learn(text, ['red'], { subwords: 0 })).toMatchObject({ subwords: 0 });
  expect(await learn(text, [repeat('red', 17)], { subwords: 50 })).toMatchObject({ subwords: 50 });
  for (const subwords of [1, 2.5, -1, 1e6, 'some'] as never[])
    expect(() => text.settings({ subwords })).toThrow(
      "subwords must be 'auto', 0 for none, or an integer from 2 to 65536",
    );
});

test('texts of any script become words', async () => {
  const texts = ['我爱北京天安门', 'مرحبا بالعالم', 'हिन्दी में', '👩‍👩‍👧‍👦 👍🏽'];
  const state = await learn(text, [...texts, ...texts]);
  expect(state.vocabulary).toEqual(expect.arrayContaining(['北京', 'مرحبا', 'بالعالم', 'हिन्दी', '👩‍👩‍👧‍👦', '👍🏽']));
  const { tokens, mask } = await encode(text, state, texts);
  expect(tokens.data.every((id, at) => (mask.data[at] === 1 ? id >= 2 : id === 0))).toBe(true);
});

test('a length by which rows are grouped is what they are padded to', async () => {
  const column = text.column(await learn(text, [repeat('a', 40)]), noFiles);
  for (const length of [0, 3, 8, 9, 40, 100]) column.add(repeat('a', length), { file: '', number: 1 });
  column.add(undefined, { file: '', number: 7 });
  expect([0, 1, 2, 3, 4, 5, 6].map((row) => column.lengthOf?.(row))).toEqual([4, 4, 8, 16, 64, 64, 4]);
});

test('numbers and dates are read as texts; bytes and lists are not', () => {
  const settings = text.settings({});
  expect(text.parse(12, settings)).toBe('12');
  expect(() => text.parse(new Uint8Array(2), settings)).toThrow('expected a text, got 2 bytes');
  expect(() => text.parse(['a'], settings)).toThrow('expected a text, got a list of 1');
});

/** A byte-pair tokenizer of a few merges, as a tokenizer.json has it. */
const bytePairs = {
  version: '1.0',
  normalizer: { type: 'Lowercase' },
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  added_tokens: [],
  model: {
    type: 'BPE',
    unk_token: '[UNK]',
    vocab: { '[UNK]': 0, l: 1, o: 2, w: 3, e: 4, r: 5, lo: 6, low: 7, er: 8 },
    merges: ['l o', 'lo w', 'e r'],
  },
};

test('texts are split by a tokenizer that the user gives', async () => {
  const state = await learn(text, ['lower low', 'Lower'], { tokenizer: bytePairs });
  expect(state.vocabulary).toEqual(['low', 'er']);
  const read = text.parseState(JSON.parse(JSON.stringify(state)));
  const { tokens } = await encode(text, read, ['LOWER low e']);
  expect(tokens.data).toEqual([2, 3, 2, 1]);
});

test('contents that are no tokenizer are refused before a row is read', () => {
  for (const broken of [{ model: null }, { model: { type: 'Other' } }])
    expect(() => text.learner(text.settings({ tokenizer: broken }), noFiles)).toThrow('tokenizer cannot be used: ');
});
