/*
 * Makes a table of pictures, captions and spoken captions from the stamps of Tux Paint (Debian's package
 * tuxpaint-stamps-default, GPL-2): one row for each stamp and language in which its caption is written and spoken.
 *
 *   apt-get download tuxpaint-stamps-default && dpkg-deb -x tuxpaint-stamps-default_*.deb tuxpaint
 *   npx tsx examples/data/stamps.ts tuxpaint/usr/share/tuxpaint/stamps stamps --languages fr
 *   npx tessera train stamps/stamps.csv --target category --group group --ignore language
 *
 * Stamps that share a caption or a recording, as letters in several styles do, are one group: split by it, so that
 * nothing that is tested on was heard or read in training.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import papaparse from 'papaparse';
import { groupsOf } from './groups.js';

/** A stamp with its caption in several languages, written and spoken. */
interface Stamp {
  /** The path of its picture within the folder. */
  readonly picture: string;
  /** The captions by language; '' is the original, English. */
  readonly captions: ReadonlyMap<string, string>;
  /** The paths of the recordings by language. */
  readonly spoken: ReadonlyMap<string, string>;
}

const command = new Command('stamps')
  .description("makes a table of Tux Paint's stamps: picture, caption, spoken caption, language and category")
  .argument('<stamps>', 'the folder of the stamps, which has folders such as animals and food')
  .argument('<out>', 'the folder to write: stamps.csv, pictures/ and speech/')
  .option('--languages <names>', 'languages by their codes, separated by commas (default: all)', (text) =>
    text.split(','),
  )
  .parse();
const [folder, out] = command.args;
const { languages } = command.opts<{ languages?: string[] }>();

/** The stamps of a folder and of those within. */
async function stampsIn(relative: string): Promise<Stamp[]> {
  const entries = await readdir(path.join(folder, relative), { withFileTypes: true });
  const inside = entries.filter((entry) => entry.isDirectory()).map(({ name }) => stampsIn(path.join(relative, name)));
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const own = names
    .filter((name) => /\.(png|svg)$/.test(name) && !/_(mirror|flip)\.\w+$/.test(name))
    // Of a stamp that is both, the PNG.
    .filter((name) => !name.endsWith('.svg') || !names.includes(name.replace(/svg$/, 'png')))
    .map(async (name): Promise<Stamp | undefined> => {
      const base = name.slice(0, -4);
      if (!names.includes(`${base}.txt`)) return undefined;
      const [first, ...others] = (await readFile(path.join(folder, relative, `${base}.txt`), 'utf8')).split('\n');
      const captions = new Map([['en', first.trim()]]);
      for (const line of others) {
        const [, language, caption] = /^([\w@]+)\.utf8=(.+)$/.exec(line.trim()) ?? [];
        if (language !== undefined) captions.set(language, caption);
      }
      const spoken = new Map<string, string>();
      for (const file of names) {
        const rest = file.startsWith(`${base}_desc`) ? /^(?:_(\w+))?\.ogg$/.exec(file.slice(base.length + 5)) : null;
        if (rest !== null) spoken.set(rest[1] ?? 'en', path.join(relative, file));
      }
      return { picture: path.join(relative, name), captions, spoken };
    });
  return [...(await Promise.all(own)).filter((stamp) => stamp !== undefined), ...(await Promise.all(inside)).flat()];
}

const stamps = (await stampsIn('')).sort((a, b) => (a.picture < b.picture ? -1 : 1));
if (stamps.length === 0) throw new Error(`${folder}: there are no stamps; expected pictures with captions beside them`);
const hashOf = async (file: string) =>
  createHash('sha256')
    .update(await readFile(path.join(folder, file)))
    .digest('hex');
const keys: string[][] = [];
for (const { captions, spoken } of stamps)
  keys.push([`caption ${captions.get('en')}`, ...(await Promise.all([...spoken.values()].map(hashOf)))]);
const groups = groupsOf(keys);

await mkdir(path.join(out, 'pictures'), { recursive: true });
await mkdir(path.join(out, 'speech'), { recursive: true });
const rows: (string | number)[][] = [];
for (const [at, { picture, captions, spoken }] of stamps.entries()) {
  const chosen = [...spoken.keys()].filter((name) => captions.has(name) && (languages?.includes(name) ?? true));
  if (chosen.length === 0) continue;
  const base = picture.slice(0, -4).replaceAll(path.sep, '-');
  const copy = `pictures/${base}${path.extname(picture)}`;
  await copyFile(path.join(folder, picture), path.join(out, copy));
  for (const language of chosen.sort()) {
    const speech = `speech/${base}-${language}.ogg`;
    await copyFile(path.join(folder, spoken.get(language) ?? ''), path.join(out, speech));
    rows.push([copy, captions.get(language) ?? '', speech, language, groups[at], picture.split(path.sep)[0]]);
  }
}
const head = ['picture', 'caption', 'speech', 'language', 'group', 'category'];
await writeFile(path.join(out, 'stamps.csv'), `${papaparse.unparse([head, ...rows], { newline: '\n' })}\n`);
console.log(
  `${path.join(out, 'stamps.csv')}: ${rows.length} rows of ${new Set(rows.map(([copy]) => copy)).size} stamps`,
);
