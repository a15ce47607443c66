/*
 * Makes a table of spoken phrases and their languages: to train, the spoken captions of Tux Paint's stamps; to test, the
 * words of KTuberling (Debian's packages tuxpaint-stamps-default, GPL-2, and ktuberling-data, GPL-2 or newer).
 *
 *   npx tsx examples/data/languages.ts tuxpaint/usr/share/tuxpaint/stamps \
 *     ktuberling/usr/share/ktuberling/sounds languages
 *   npx tessera train languages/languages.csv --target language --split part --ignore package
 *
 * A language has one to three speakers in each package. Tested on the same package, a model may tell the speaker or the
 * microphone instead of the language; other speakers with other microphones say which it is.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { Generator } from '../../src/tensor/index.js';

const command = new Command('languages')
  .description('makes a table of spoken phrases and their languages')
  .argument('<stamps>', "the folder of Tux Paint's stamps")
  .argument('<sounds>', "KTuberling's folder of sounds, which has files such as fr.soundtheme")
  .argument('<out>', 'the folder to write: languages.csv and clips/')
  .option('--languages <codes>', 'languages, separated by commas', (text) => text.split(','), ['ca', 'da', 'fr', 'ru'])
  .option('--seed <seed>', 'the seed of the validation rows', Number, 0)
  .parse();
const [stamps, sounds, out] = command.args;
const { languages, seed } = command.opts<{ languages: string[]; seed: number }>();

/** The recordings of the stamps by language: each content once, as letters in several styles share theirs. */
async function stampClips(language: string): Promise<string[]> {
  const names = await readdir(stamps, { recursive: true });
  const byContent = new Map<string, string>();
  for (const name of names.filter((file) => file.endsWith(`_desc_${language}.ogg`)).sort()) {
    const file = path.join(stamps, name);
    byContent.set(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
      file,
    );
  }
  return [...byContent.values()];
}

/** The recordings that a theme of sounds names. */
async function themeClips(language: string): Promise<string[]> {
  const theme = await readFile(path.join(sounds, `${language}.soundtheme`), 'utf8');
  const files = [...theme.matchAll(/file="([^"]+\.(?:ogg|wav))"/g)].map(([, file]) => path.join(sounds, file));
  return [...new Set(files)].sort();
}

await mkdir(path.join(out, 'clips'), { recursive: true });
const generator = new Generator(seed);
const lines = ['clip,language,package,part'];
for (const language of languages)
  for (const [name, clips] of [
    ['tuxpaint', await stampClips(language)],
    ['ktuberling', await themeClips(language)],
  ] as const) {
    if (clips.length === 0) throw new Error(`there are no recordings in '${language}' of ${name}`);
    for (const [at, file] of clips.entries()) {
      const copy = `clips/${name}-${language}-${at}${path.extname(file)}`;
      await copyFile(file, path.join(out, copy));
      const part = name === 'ktuberling' ? 'test' : generator.uniform() < 0.1 ? 'validation' : 'train';
      lines.push(`${copy},${language},${name},${part}`);
    }
  }
await writeFile(path.join(out, 'languages.csv'), `${lines.join('\n')}\n`);
console.log(`${path.join(out, 'languages.csv')}: ${lines.length - 1} clips in ${languages.length} languages`);
