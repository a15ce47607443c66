import { expect, test } from 'vitest';
import {
  batches,
  normalize,
  pixelStatistics,
  splitKeys,
  toyData,
  UNKNOWN,
  Vocabulary,
  words,
} from '../../src/data/index.js';
import { Generator } from '../../src/tensor/generator.js';

test('words are split by the rules of Unicode, in lower case and normal form C, and lose no letter', () => {
  for (const [text, expected] of [
    ["  Café-au-lait, l'ÉTÉ 2026! ", ['café', 'au', 'lait', "l'été", '2026']],
    ['3.14 snake_case ___ ---', ['3.14', 'snake_case']],
    ['ガラス カラス', ['ガラス', 'カラス']],
    ['हिन्दी में की', ['हिन्दी', 'में', 'की']],
    ['ภาษาไทยง่าย', ['ภาษา', 'ไทย', 'ง่าย']],
    ['한국어 텍스트', ['한국어', '텍스트']],
    ['我爱北京天安门', ['我', '爱', '北京', '天安门']],
    ['👩‍👩‍👧‍👦👍🏽🇩🇪🇫🇷 ❤️', ['👩‍👩‍👧‍👦', '👍🏽', '🇩🇪', '🇫🇷', '❤️']],
    ['ΟΔΌΣ İstanbul STRAẞE', ['οδός', 'i̇stanbul', 'straße']],
  ] as const) {
    expect(words(text), text).toEqual(expected);
    expect(words(text.normalize('NFD')), `${text}, decomposed`).toEqual(expected);
    expect(new Vocabulary(words(text)).words, text).toEqual(expected);
  }
  expect(words('')).toEqual([]);
});

test('finds the words that the segmenter finds', () => {
  const segmenter = new Intl.Segmenter('und', { granularity: 'word' });
  const generator = new Generator(0);
  const parts = [...`ab12   .,;:!?'"()-_/é’日本ไท@#\t\n\u00a0\u3000א`, '👩‍👩‍👧', '🇩🇪'];
  for (let round = 0; round < 2000; round++) {
    const text = Array.from({ length: 8 }, () => parts[generator.integer(parts.length)]).join('');
    const segments = Array.from(segmenter.segment(text), ({ segment }) => segment);
    const expected = segments.filter((segment) =>
      /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u.test(segment),
    );
    expect(words(text), JSON.stringify(text)).toEqual(expected);
  }
});

test('a vocabulary is read as it was written, or not at all', () => {
  const vocabulary = Vocabulary.of(['été 東京都に住んでいます 👍🏽']);
  expect(Vocabulary.fromJSON(JSON.stringify(vocabulary))).toEqual(vocabulary);
  for (const word of ['Été', 'été'.normalize('NFD'), 'deux mots', '-', '', 3])
    expect(() => new Vocabulary([word as string]), String(word)).toThrow(
      `Vocabulary: word 0 is ${JSON.stringify(word)}; expected one word in lower case and normal form C`,
    );
  const wrong: [string, string][] = [
    ['["ete"]', 'got an array, written by a tokenizer that removed accents; build it again with Vocabulary.of'],
    ['{"tokenizer":"other","words":["ete"]}', 'got "other"'],
    ['null', 'got undefined'],
    ['{"tokenizer":"unicode-words-nfc"}', 'expected a list of words, got undefined'],
    ['{"tokenizer":"unicode-words-nfc","words":["Été"]}', 'word 0 is "Été"'],
    ['{', 'not valid JSON'],
  ];
  for (const [json, message] of wrong) expect(() => Vocabulary.fromJSON(json), json).toThrow(message);
});

test('a vocabulary has the most frequent words, and knows what it does not know', () => {
  const vocabulary = Vocabulary.of(['red heart', 'blue heart', 'red car'], { size: 4 });
  expect(vocabulary.words).toEqual(['red', 'heart']);
  const { tokens, mask } = vocabulary.encode(['Heart of red', '', 'red red red red'], 3);
  expect(Array.from(tokens)).toEqual([3, UNKNOWN, 2, 0, 0, 0, 2, 2, 2]);
  expect(Array.from(mask)).toEqual([1, 1, 1, 0, 0, 0, 1, 1, 1]);
  expect(() => new Vocabulary(['a', 'a'])).toThrow('occurs twice');
});

test('an epoch has every row once, in an order of (seed, epoch) alone', async () => {
  const data = toyData({ size: 21 });
  const order = async (seed: number, epoch: number, skip = 0) => {
    const rows: number[] = [];
    for (const { labels, images } of batches(data, { size: 4, seed, epoch, skip })) {
      const values = await images.data();
      for (let row = 0; row < labels.size; row++) rows.push(data.images.indexOf(values[row * 64]) / 64);
    }
    return rows;
  };
  const first = await order(1, 0);
  expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, row) => row));
  expect(await order(1, 0)).toEqual(first);
  expect(await order(1, 0, 2)).toEqual(first.slice(8));
  expect(await order(1, 1)).not.toEqual(first);
  expect(await order(2, 0)).not.toEqual(first);
});

test('what cannot be batched is refused', () => {
  const data = toyData({ size: 3 });
  expect(() => [...batches({ ...data, size: 0 }, { size: 4 })]).toThrow('the dataset is empty');
  expect(() => batches(data, { size: 0 })).toThrow('batches: size must be a positive integer, got 0');
  expect(() => batches(data, { size: 4, skp: 1 } as never)).toThrow("no option 'skp' (did you mean 'skip'?)");
  expect(() => toyData({ size: '8' } as never)).toThrow("toyData: size must be a positive integer, got '8'");
  expect(() => Vocabulary.of([], { size: 1 })).toThrow('Vocabulary.of: size must be an integer of 2 or above, got 1');
  const images = data.images.slice();
  images[70] = Number.NaN;
  expect(() => [...batches({ ...data, images }, { size: 4 })]).toThrow('the image of row 1 contains NaN');
  expect(() => [...batches({ ...data, size: 4 }, { size: 4 })]).toThrow('4 rows need 16 values of tokens, got 12');
  expect(() => [...batches({ ...data, labels: Int32Array.of(0, 4, 1) }, { size: 4 })]).toThrow(
    'the label of row 1 is 4; expected 0 to 3',
  );
});

test('a split draws its share of every class', () => {
  const classOf = new Map(Array.from({ length: 100 }, (_, index) => [`key${index}`, index % 4]));
  const chosen = splitKeys(classOf, 0.2, 1);
  for (let label = 0; label < 4; label++)
    expect([...chosen].filter((key) => classOf.get(key) === label)).toHaveLength(5);
  expect(splitKeys(classOf, 0.2, 1)).toEqual(chosen);
  expect(splitKeys(classOf, 0.2, 2)).not.toEqual(chosen);
  expect(() => splitKeys(classOf, 20, 1)).toThrow('within [0, 1], got 20');
});

test('images are normalized by channel; what is no pixel is refused', () => {
  const images = Float32Array.of(0, 0.25, 0.5, 1);
  const statistics = pixelStatistics(images, 2);
  expect(statistics).toEqual({ mean: [0.25, 0.625], deviation: [0.25, 0.375] });
  const normalized = normalize(images, statistics);
  expect(Array.from(normalized)).toEqual([-1, -1, 1, 1]);
  expect(() => normalize(normalized, statistics)).toThrow('normalize only once');
  expect(() => pixelStatistics(Float32Array.of(1, Number.NaN), 1)).toThrow('value 1 is NaN');
  expect(() => pixelStatistics(new Float32Array(4), 3)).toThrow('4 values do not fill 3 channels');
});
