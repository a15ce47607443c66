/*
 * Makes a table of a written and a spoken digit, of which neither alone tells the class (AV-MNIST's idea, Vielzeuf et
 * al. 2018, with a target that needs both): their sum. Who knows one digit and guesses the other is right once in ten.
 *
 *   npx tsx examples/data/digit-pairs.ts digits.csv.gz fsdd/recordings pairs
 *   npx tessera train pairs/pairs.csv --target sum --split part --category sum --image-size 16 \
 *     --encoder sound=crnn --epochs 20
 *
 * The pictures are the 1,797 handwritten digits of 8 x 8 pixels of scikit-learn
 * (`sklearn/datasets/data/digits.csv.gz`, from UCI, Alpaydin and Kaynak 1998), the sounds those of the Free Spoken Digit
 * Dataset. Pictures and recordings are each in one part alone: of recordings, indices 0 to 4 are for the test and 5 to 9
 * for validation, and of pictures every fifth and the one behind it.
 */
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { Command } from 'commander';
import sharp from 'sharp';
import { Generator } from '../../src/tensor/index.js';

const PARTS = ['train', 'validation', 'test'] as const;
const SIDE = 8;

const command = new Command('digit-pairs')
  .description('makes pairs of a written and a spoken digit')
  .argument('<digits>', "scikit-learn's digits.csv.gz: 64 pixels from 0 to 16, and the digit")
  .argument('<recordings>', "the Free Spoken Digit Dataset's folder of recordings")
  .argument('<out>', 'the folder to write: pairs.csv, pictures/ and sounds/')
  .option('--pairs <count>', 'pairs to train on; a fifth as many to validate and to test on', Number, 4000)
  .option('--seed <seed>', 'the seed of the pairs', Number, 0)
  .parse();
const [digits, recordings, out] = command.args;
const { pairs, seed } = command.opts<{ pairs: number; seed: number }>();

/** A picture or a recording of a digit. */
interface Sample {
  readonly digit: number;
  readonly file: string;
  readonly part: (typeof PARTS)[number];
}

async function writePictures(): Promise<Sample[]> {
  await mkdir(path.join(out, 'pictures'), { recursive: true });
  const stream = createReadStream(digits);
  const lines = (await text(digits.endsWith('.gz') ? stream.pipe(createGunzip()) : stream)).trim().split('\n');
  return Promise.all(
    lines.map(async (line, at): Promise<Sample> => {
      const values = line.split(',').map(Number);
      if (values.length !== SIDE ** 2 + 1) throw new Error(`${digits}, line ${at + 1}: expected 64 pixels and a digit`);
      const pixels = Uint8Array.from(values.slice(0, -1), (value) => Math.round((255 * value) / 16));
      const file = `pictures/${at}.png`;
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } }).toFile(path.join(out, file));
      return { digit: values[SIDE ** 2], file, part: at % 5 === 0 ? 'test' : at % 5 === 1 ? 'validation' : 'train' };
    }),
  );
}

async function copySounds(): Promise<Sample[]> {
  await mkdir(path.join(out, 'sounds'), { recursive: true });
  const names = (await readdir(recordings)).sort().map((name) => /^(\d)_\w+_(\d+)\.wav$/.exec(name));
  return Promise.all(
    names
      .filter((name) => name !== null)
      .map(async ([name, digit, index]): Promise<Sample> => {
        const file = `sounds/${name}`;
        await copyFile(path.join(recordings, name), path.join(out, file));
        const part = Number(index) < 5 ? 'test' : Number(index) < 10 ? 'validation' : 'train';
        return { digit: Number(digit), file, part };
      }),
  );
}

const [pictures, sounds] = [await writePictures(), await copySounds()];
const lines = ['picture,sound,part,sum'];
for (const part of PARTS) {
  const generator = new Generator(seed).fork(part);
  const [seen, heard] = [pictures, sounds].map((samples) => samples.filter((sample) => sample.part === part));
  if (heard.length === 0)
    throw new Error(`${recordings}: there are no recordings such as 7_jackson_32.wav for ${part}`);
  for (let row = 0; row < (part === 'train' ? pairs : Math.ceil(pairs / 5)); row++) {
    const [picture, sound] = [seen[generator.integer(seen.length)], heard[generator.integer(heard.length)]];
    lines.push(`${picture.file},${sound.file},${part},${picture.digit + sound.digit}`);
  }
}
await writeFile(path.join(out, 'pairs.csv'), `${lines.join('\n')}\n`);
console.log(
  `${path.join(out, 'pairs.csv')}: ${lines.length - 1} pairs of ${pictures.length} pictures and ${sounds.length} sounds`,
);
