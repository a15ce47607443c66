/*
 * Makes a table of spoken digit sequences from the Free Spoken Digit Dataset (Jackson et al., CC BY-SA 4.0): three to
 * five recordings of one speaker, joined with short pauses, and what was said.
 *
 *   npx tsx examples/data/digit-sequences.ts fsdd/recordings digits
 *   npx tessera train digits/digits.csv --target transcript --split part
 *
 * Recordings are those of the official split: indices 0 to 4 are for the test, 5 to 9 for validation, all others for
 * training, so that no recording is in two parts. With --leave-out SPEAKER the test is on all recordings of a speaker
 * whom training and validation never hear.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { decodeWav } from '../../src/data/index.js';
import { Generator } from '../../src/tensor/index.js';

const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const PARTS = ['train', 'validation', 'test'] as const;
type Part = (typeof PARTS)[number];

/** The samples of one spoken digit. */
interface Recording {
  readonly digit: number;
  readonly speaker: string;
  readonly part: Part;
  readonly samples: Float32Array;
}

const [FEWEST, MOST] = [3, 5];
const SAMPLE_RATE = 8000;
const LONGEST_PAUSE = 0.15 * SAMPLE_RATE;

const command = new Command('digit-sequences')
  .description('joins recordings of the Free Spoken Digit Dataset to sequences of digits')
  .argument('<recordings>', "the data set's folder of recordings, such as 7_jackson_32.wav")
  .argument('<out>', 'the folder to write: digits.csv and clips/')
  .option('--sequences <count>', 'sequences to train on; a tenth as many to validate and to test on', Number, 4000)
  .option('--leave-out <speaker>', 'the speaker to test on alone')
  .option('--seed <seed>', 'the seed of the draws', Number, 0)
  .parse();
const [folder, out] = command.args;
const { sequences, leaveOut, seed } = command.opts<{ sequences: number; leaveOut?: string; seed: number }>();

const partOf = (speaker: string, index: number): Part => {
  if (leaveOut !== undefined && speaker === leaveOut) return 'test';
  if (leaveOut !== undefined) return index < 5 ? 'validation' : 'train';
  return index < 5 ? 'test' : index < 10 ? 'validation' : 'train';
};

async function readRecordings(): Promise<Recording[]> {
  const names = (await readdir(folder))
    .map((name) => /^(\d)_(\w+)_(\d+)\.wav$/.exec(name))
    .filter((name) => name !== null);
  if (names.length === 0)
    throw new Error(`${folder}: there are no recordings; expected files such as 7_jackson_32.wav`);
  return Promise.all(
    names
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(async ([name, digit, speaker, index]) => {
        const { sampleRate, channels } = decodeWav(await readFile(path.join(folder, name)));
        if (sampleRate !== SAMPLE_RATE)
          throw new Error(`${name}: expected ${SAMPLE_RATE} samples a second, got ${sampleRate}`);
        return { digit: Number(digit), speaker, part: partOf(speaker, Number(index)), samples: channels[0] };
      }),
  );
}

/** Several recordings of one speaker with pauses between them, as 16-bit samples. */
function join(recordings: readonly Recording[], generator: Generator): Int16Array {
  const pieces = recordings.flatMap(({ samples }) => [new Float32Array(generator.integer(LONGEST_PAUSE)), samples]);
  const joined = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(
      piece.map((value) => Math.round(32767 * value)),
      at,
    );
    at += piece.length;
  }
  return joined;
}

/** A WAV file of one channel. */
function encodeWav(samples: Int16Array): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  for (const [at, value] of [16, 1 | (1 << 16), SAMPLE_RATE, 2 * SAMPLE_RATE, 2 | (16 << 16)].entries())
    head.writeUInt32LE(value, 16 + 4 * at);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

const recordings = await readRecordings();
const speakers = [...new Set(recordings.map(({ speaker }) => speaker))];
if (leaveOut !== undefined && !speakers.includes(leaveOut))
  throw new Error(`there is no speaker '${leaveOut}'; there are ${speakers.join(', ')}`);
await mkdir(path.join(out, 'clips'), { recursive: true });
const lines = ['clip,transcript,speaker,part'];
for (const part of PARTS) {
  const generator = new Generator(seed).fork(part);
  const own = recordings.filter((recording) => recording.part === part);
  const voices = [...new Set(own.map(({ speaker }) => speaker))].map((name) =>
    own.filter(({ speaker }) => speaker === name),
  );
  for (let row = 0; row < (part === 'train' ? sequences : Math.ceil(sequences / 10)); row++) {
    const voice = voices[generator.integer(voices.length)];
    const count = FEWEST + generator.integer(MOST - FEWEST + 1);
    const said = Array.from({ length: count }, () => voice[generator.integer(voice.length)]);
    const clip = `clips/${part}-${row}.wav`;
    await writeFile(path.join(out, clip), encodeWav(join(said, generator)));
    lines.push(`${clip},${said.map(({ digit }) => WORDS[digit]).join(' ')},${voice[0].speaker},${part}`);
  }
}
await writeFile(path.join(out, 'digits.csv'), `${lines.join('\n')}\n`);
console.log(`${path.join(out, 'digits.csv')}: ${lines.length - 1} sequences of ${speakers.length} speakers`);
