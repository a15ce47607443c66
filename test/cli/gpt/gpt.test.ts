import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { Generator } from '../../../src/tensor/generator.js';
import { bytePairs } from '../../support/byte-pairs.js';
import { type Ended, inEmptyFolder, interruptAt, run, start } from '../../support/command-line.js';

inEmptyFolder();

/** Lines of words that follow each other at random, with a few characters. */
function textOf(words: number): string {
  const generator = new Generator(7);
  const known = ['to', 'be', 'or', 'not', 'see', 'tone'];
  return Array.from(
    { length: words },
    (_, at) => known[generator.integer(known.length)] + (at % 8 === 7 ? '\n' : ' '),
  ).join('');
}

const model = ['--layers', '1', '--heads', '2', '--width', '16', '--block', '8', '--batch', '4'];
const training = ['--steps', '12', '--evaluate-every', '6', '--evaluation-batches', '2', '--sample-length', '5'];
const small = ['gpt', 'train', 'words.txt', ...model, ...training, '--learning-rate', '0.02', '--seed', '3'];
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

let trained: Ended;
beforeAll(async () => {
  writeFileSync('words.txt', textOf(400));
  trained = await run(...small, '--json');
});

test('trains on a text, and reports beside baselines', () => {
  expect(trained.code, trained.err).toBe(0);
  const result = JSON.parse(trained.out);
  expect(result).toMatchObject({
    adapter: expect.any(String),
    seed: 3,
    parameters: expect.any(Number),
    steps: 12,
    stepMilliseconds: expect.any(Number),
    loss: { train: expect.any(Number), validation: expect.any(Number), wholeValidation: expect.any(Number) },
    baselines: { uniform: Math.log(9), unigram: expect.any(Number), bigram: expect.any(Number) },
    text: { unit: 'character', vocabulary: 9, tokensPerCharacter: 1 },
    run: 'runs/words-seed3',
  });
  expect(result.loss.validation).toBeLessThan(result.baselines.uniform);
  expect(result.bitsPerCharacter).toBeCloseTo(result.loss.wholeValidation / Math.LN2, 9);
  expect(trained.err).toMatch(/^text: [\d,]+ characters; vocabulary: 9 characters; [\d,]+ tokens to train on/m);
  expect(trained.err).toMatch(/^step 6: training text \d\.\d+, held-out text \d\.\d+\n {2}\| /m);
});

test('leaves a folder that tells how it was made', () => {
  const { text, seed, model, command } = read('runs/words-seed3/config.json');
  expect([text.files, seed, model.width]).toEqual([['words.txt'], 3, 16]);
  expect(command).toBe(`tessera ${small.join(' ')} --json`);
  expect(read('runs/words-seed3/tokens.json')).toEqual({ tokens: 'characters', characters: '\n benorst' });
  const lines = readFileSync('runs/words-seed3/metrics.jsonl', 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).steps)).toEqual([6, 12]);
  const page = readFileSync('runs/words-seed3/report.html', 'utf8');
  for (const part of ['</html>', 'bigrams', 'bits a character', 'After 12 steps']) expect(page).toContain(part);
  for (const file of ['checkpoint.safetensors', 'lock']) expect(existsSync(`runs/words-seed3/${file}`)).toBe(false);
});

test('Ctrl-C and a killed process continue to the same bits', async () => {
  const split = [...small, '--out', 'runs/split', '--dropout', '0.1'];
  const whole = await run(...split.map((word) => (word === 'runs/split' ? 'runs/whole' : word)), '--json');
  const stopped = await start(split, interruptAt(/^step 6:/m));
  expect(stopped.code, stopped.err).toBe(130);
  expect(stopped.err).toMatch(/stopped after \d+ steps; continue with: tessera gpt train --resume runs\/split/);
  cpSync('runs/split', 'runs/changed', { recursive: true });
  expect((await run(...split)).err).toContain('was interrupted; finish it with: tessera gpt train --resume runs/split');
  const resumed = await run('gpt', 'train', '--resume', 'runs/split', '--json');
  expect(resumed.code, resumed.err).toBe(0);
  expect(JSON.parse(resumed.out).loss).toEqual(JSON.parse(whole.out).loss);
  const bytes = (folder: string) => readFileSync(`${folder}/model.safetensors`);
  expect(bytes('runs/split').equals(bytes('runs/whole'))).toBe(true);
  const samples = (folder: string) =>
    readFileSync(`${folder}/metrics.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).sample);
  expect(samples('runs/split')).toEqual(samples('runs/whole'));
});

test('an interrupted run writes with its best model so far, and is continued with its own text alone', async () => {
  const sampled = await run('gpt', 'sample', 'runs/changed', '--length', '3');
  expect(sampled.err).toContain('the run has not ended: its best model so far writes');
  writeFileSync('other.txt', textOf(300));
  expect((await run('gpt', 'train', 'other.txt', '--resume', 'runs/changed')).err).toMatch(
    /the text is not the one that the run began with: \d+ characters then, \d+ now; restore it/,
  );
  writeFileSync('tokens.json', readFileSync('runs/changed/tokens.json'));
  writeFileSync('runs/changed/tokens.json', JSON.stringify({ tokens: 'characters', characters: '\n benors' }));
  expect((await run('gpt', 'train', '--resume', 'runs/changed')).err).toContain(
    'the text has a character that the vocabulary does not know: "t" (U+0074, line 1)',
  );
  writeFileSync('runs/changed/tokens.json', JSON.stringify({ tokens: 'characters', characters: '\n abenorst' }));
  expect((await run('gpt', 'sample', 'runs/changed')).err).toContain('do not belong together');
});

test('gradients of several batches make a step, and layers are computed again', async () => {
  const args = [...small, '--accumulate', '2', '--recompute', '--out', 'runs/accumulated', '--json'];
  const { code, out, err } = await run(...args);
  expect(code, err).toBe(0);
  expect(JSON.parse(out).steps).toBe(12);
});

test('byte pairs of a tokenizer.json', async () => {
  writeFileSync('tokenizer.json', JSON.stringify(bytePairs));
  const { code, out, err } = await run(...small, '--tokens', 'tokenizer.json', '--out', 'runs/pairs', '--json');
  expect(code, err).toBe(0);
  expect(JSON.parse(out).text).toMatchObject({ unit: 'byte-pair token', vocabulary: 258 });
  const sampled = await run('gpt', 'sample', 'runs/pairs', '--prompt', 'low é😀', '--length', '4', '--json');
  expect(JSON.parse(sampled.out).samples[0], sampled.err).toMatchObject({ prompt: 'low é😀', tokens: 4 });
});

test('settings of another run are taken from its file, and flags go before them', async () => {
  const config = ['--config', 'runs/words-seed3/config.json', '--steps', '2', '--out', 'runs/again', '--json'];
  const { code, out, err } = await run('gpt', 'train', 'words.txt', ...config);
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ seed: 3, steps: 2, parameters: JSON.parse(trained.out).parameters });
});

test('a text from standard input', async () => {
  const { promisify } = await import('node:util');
  const { execFile } = await import('node:child_process');
  const { tessera } = await import('../../support/command-line.js');
  const args = [
    'gpt',
    'train',
    '-',
    ...model,
    '--steps',
    '1',
    '--evaluation-batches',
    '1',
    '--out',
    'runs/piped',
    '--json',
  ];
  const command = `cat words.txt | "${process.execPath}" "${tessera}" ${args.join(' ')}`;
  const { stdout } = await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command]);
  expect(JSON.parse(stdout)).toMatchObject({ steps: 1, run: 'runs/piped' });
});

test('the folder of a GPT is none for a run on a table', async () => {
  writeFileSync('rows.csv', 'x,label\n1,a\n2,b\n3,a\n4,b\n');
  const { code, err } = await run('train', 'rows.csv', '--target', 'label', '--out', 'runs/words-seed3', '--overwrite');
  expect([code, existsSync('runs/words-seed3/tokens.json')]).toEqual([1, true]);
  expect(err).toContain("'runs/words-seed3' has other files, such as 'config.json'");
});

test('one text is written as it comes; the same seed writes the same', async () => {
  const args = ['gpt', 'sample', 'runs/words-seed3', '--prompt', 'to be', '--length', '20'];
  const first = await run(...args, '--seed', '5');
  expect(first.code, first.err).toBe(0);
  expect(first.out).toMatch(/^to be[\n benorst]{20}\n$/);
  expect(first.err).toMatch(/19 tokens after the first in \d+\.\d s: \d+ tokens\/s/);
  expect(first.err).toContain('adapter: ');
  expect((await run(...args, '--seed', '5')).out).toBe(first.out);
  expect((await run(...args, '--seed', '6')).out).not.toBe(first.out);
  const json = await run(...args, '--seed', '5', '--json');
  expect(JSON.parse(json.out)).toMatchObject({
    seed: 5,
    samples: [{ prompt: 'to be', text: first.out.slice('to be'.length, -1), tokens: 20, stopped: false }],
    tokensPerSecond: expect.any(Number),
  });
});

test('several prompts and texts are written together, as each is alone', async () => {
  const args = ['gpt', 'sample', 'runs/words-seed3', '--length', '6', '--seed', '5'];
  const { out, err } = await run(...args, '--prompt', 'to', '--prompt', 'not to be', '--count', '2', '--json');
  const { samples } = JSON.parse(out);
  expect(
    samples.map(({ prompt }: { prompt: string }) => prompt),
    err,
  ).toEqual(['to', 'to', 'not to be', 'not to be']);
  const alone = await run(...args, '--prompt', 'to', '--json');
  expect(samples[0]).toEqual(JSON.parse(alone.out).samples[0]);
  const shown = await run(...args, '--prompt', 'to', '--count', '2');
  expect(shown.out).toBe(`--- 1 of 2\nto${samples[0].text}\n--- 2 of 2\nto${samples[1].text}\n`);
});

test('a text ends where the stop text comes; likeliest tokens are drawn at temperature 0', async () => {
  const args = ['gpt', 'sample', 'runs/words-seed3', '--length', '40', '--json'];
  const stopped = await run(...args, '--stop', ' ', '--prompt', 'b');
  const [sample] = JSON.parse(stopped.out).samples;
  expect(sample.stopped).toBe(true);
  expect(sample.text).not.toContain(' ');
  const cold = async (seed: string, ...more: string[]) =>
    JSON.parse((await run(...args, '--temperature', '0', '--seed', seed, ...more)).out).samples[0].text;
  expect(await cold('1')).toBe(await cold('2'));
  expect(await cold('1', '--top-k', '1', '--top-p', '0.5', '--repetition-penalty', '5')).not.toBe(await cold('1'));
});

test('of a prompt longer than the block the last tokens are used', async () => {
  const args = ['gpt', 'sample', 'runs/words-seed3', '--length', '6', '--temperature', '0', '--json'];
  const long = await run(...args, '--prompt', 'or not to be');
  expect(long.err).toContain('warning: the prompt has 12 tokens, and the model sees 8: the last ones are used');
  const short = await run(...args, '--prompt', 'ot to be');
  expect(JSON.parse(long.out).samples[0].text).toBe(JSON.parse(short.out).samples[0].text);
});

test('a loss that is not finite ends the training at the last good state, and names the op', async () => {
  const args = [...small, '--learning-rate', '1e30', '--out', 'runs/diverged'];
  const { code, err } = await run(...args);
  expect(code).toBe(1);
  expect(err).toMatch(/the training has diverged \('[a-z]\w*' gave (NaN|-?Infinity) at index/i);
  expect(err).toMatch(/the state after \d+ steps is kept; train again with a smaller --learning-rate/);
  expect(err).not.toMatch(/^ {4}at /m);
  expect(existsSync('runs/diverged/checkpoint.safetensors')).toBe(true);
  expect(existsSync('runs/diverged/lock')).toBe(false);
});

test.each<[args: string[], message: string]>([
  [['gpt', 'train', 'none.txt'], "cannot read 'none.txt': there is no such file"],
  [['gpt', 'train', 'empty.txt'], "the text of 'empty.txt' is empty"],
  [['gpt', 'train', 'binary.txt'], "cannot use the text of 'binary.txt': it has a NUL character"],
  [['gpt', 'train', 'latin1.txt'], "cannot use the text of 'latin1.txt': its bytes are not UTF-8"],
  [['gpt', 'train', '-', '-'], "'-', standard input, is given twice"],
  [
    ['gpt', 'train', 'short.txt', ...model],
    'the text is too short: the last tenth, which is held out, has 2 characters',
  ],
  [[...small, '--tokens', 'words.txt'], "'words.txt': it is no JSON"],
  [[...small, '--tokens', 'no-tokens.json'], "must be the contents of a tokenizer.json, with a 'model'"],
  [[...small, '--config', 'no-tokens.json'], "'no-tokens.json': config: there is no option 'tokens'"],
  [[...small, '--heads', '3'], 'GPT: width must be a multiple of heads'],
  [[...small, '--warm-up', '12'], 'warmUp: expected fewer than the 12 steps of the training, got 12'],
  [['gpt', 'train', '--resume', 'runs/words-seed3'], 'has ended; write with it: tessera gpt sample runs/words-seed3'],
  [['gpt', 'train', '--resume', 'runs/none'], "'runs/none' is not the folder of a run of 'tessera gpt train'"],
  [
    ['gpt', 'train', '--resume', 'runs/words-seed3', '--steps', '5'],
    'a resumed run keeps its settings; remove --steps',
  ],
  [small, "'runs/words-seed3' has a finished run; choose another folder with --out"],
  [['gpt', 'sample', 'runs/none'], "'runs/none' is not the folder of a run of 'tessera gpt train'"],
  [
    ['gpt', 'sample', 'runs/words-seed3', '--prompt', 'to be é'],
    'gpt sample: --prompt: the text has a character that the vocabulary does not know: "é" (U+00E9, line 1)',
  ],
  [['gpt', 'sample', 'runs/words-seed3', '--prompt', ''], '--prompt is empty'],
  [['gpt', 'sample', 'runs/words-seed3', '--stop', ''], '--stop is empty'],
  [['predict', 'runs/words-seed3', '--x', '1'], "is a run of 'tessera gpt train'; write with it: tessera gpt sample"],
])('%j is refused, and nothing is written', async (args, message) => {
  writeFileSync('empty.txt', '');
  writeFileSync('binary.txt', Buffer.from([1, 2, 0, 3]));
  writeFileSync('latin1.txt', Buffer.from('é', 'latin1'));
  writeFileSync('short.txt', textOf(5));
  writeFileSync('no-tokens.json', '{"tokens":{}}');
  const { code, out, err } = await run(
    ...args,
    ...(args.includes('--resume') || args[1] !== 'train' || args === small ? [] : ['--out', 'runs/refused']),
  );
  expect(err).toContain(message);
  expect(err).not.toMatch(/^ {4}at /m);
  expect([code, out]).toEqual([1, '']);
  expect(existsSync('runs/refused')).toBe(false);
});

test.each<[args: string[], message: string]>([
  [['gpt', 'train', 'words.txt', '--dropout', '1'], 'expected a number from 0 to below 1'],
  [['gpt', 'train', 'words.txt', '--preset', 'huge'], 'Allowed choices are cpu, gpu'],
  [['gpt', 'train', '--resume', 'runs/x', '--overwrite'], 'cannot be used with option'],
  [['gpt', 'sample', 'runs/words-seed3', '--top-p', '0'], 'expected a number above 0, up to 1'],
  [['gpt', 'sample', 'runs/words-seed3', '--temperature', '-1'], 'expected a number of at least 0'],
  [['gpt', 'sample'], "missing required argument 'run'"],
])('%j is a wrong call', async (args, message) => {
  const { code, out, err } = await run(...args);
  expect([code, out, err]).toEqual([2, '', expect.stringContaining(message)]);
});
