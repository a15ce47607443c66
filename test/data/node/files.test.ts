import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import {
  checkWritable,
  decodeImage,
  readImage,
  readWholeFile,
  writeFileAtomically,
} from '../../../src/data/node/index.js';
import { expectClose } from '../../support/numbers.js';

const folder = await mkdtemp(path.join(os.tmpdir(), 'tessera-test-'));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

test('a file is replaced as a whole, and nothing is left beside it', async () => {
  await writeFileAtomically(at('new/file'), 'one');
  await writeFileAtomically(at('new/file'), 'two');
  expect(await readFile(at('new/file'), 'utf8')).toBe('two');
  expect(await readdir(at('new'))).toEqual(['file']);
});

test('a place that cannot be written is named, with the reason', async () => {
  await writeFile(at('plain'), '');
  await expect(writeFileAtomically(at('plain/inside'), 'x')).rejects.toThrow(
    /cannot write '.*inside': a part of the path is a file/,
  );
  await expect(writeFileAtomically('/proc/nothing/here', 'x')).rejects.toThrow("cannot write '/proc/nothing/here'");
  await expect(checkWritable('')).rejects.toThrow("cannot write '': the name is empty");
});

test('writing follows symbolic links, also to a file that is not there yet', async () => {
  await writeFileAtomically(at('real/target'), 'old');
  await writeFileAtomically(at('links/beside'), '');
  await symlink('../real/target', at('links/one'));
  await symlink('one', at('links/two'));
  await symlink('../real/absent', at('links/dangling'));
  await symlink('circle', at('links/circle'));
  await writeFileAtomically(at('links/two'), 'new');
  await writeFileAtomically(at('links/dangling'), 'made');
  expect(await readFile(at('real/target'), 'utf8')).toBe('new');
  expect(await readFile(at('real/absent'), 'utf8')).toBe('made');
  for (const name of ['one', 'two', 'dangling'])
    expect((await lstat(at(`links/${name}`))).isSymbolicLink(), name).toBe(true);
  await expect(writeFileAtomically(at('links/circle'), 'x')).rejects.toThrow('lead in a circle');
});

test('a file keeps its mode, and one that is read-only keeps its content', async () => {
  await writeFile(at('secret'), 'old', { mode: 0o600 });
  await writeFileAtomically(at('secret'), 'new');
  expect([(await stat(at('secret'))).mode & 0o777, await readFile(at('secret'), 'utf8')]).toEqual([0o600, 'new']);
  await writeFile(at('protected'), 'old');
  await chmod(at('protected'), 0o444);
  await expect(checkWritable(at('protected'))).rejects.toThrow('the file is read-only');
  await expect(writeFileAtomically(at('protected'), 'new')).rejects.toThrow('the file is read-only');
  expect(await readFile(at('protected'), 'utf8')).toBe('old');
});

test('a pipe is written into and stays a pipe', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  await checkWritable(at('pipe'));
  const read = new Promise((resolve) => execFile('cat', [at('pipe')], (_, out) => resolve(out)));
  await writeFileAtomically(at('pipe'), 'through');
  expect([await read, (await lstat(at('pipe'))).isFIFO()]).toEqual(['through', true]);
  await expect(readWholeFile(at('pipe'))).rejects.toThrow('not a regular file');
});

const madeDevice = (): boolean => {
  try {
    execFileSync('mknod', [at('null'), 'c', '1', '3'], { stdio: 'ignore' });
    writeFileSync(at('null'), '');
    return true;
  } catch {
    return false; // only root may make devices, and not everywhere
  }
};
test.skipIf(!madeDevice())('a device is written into and stays a device', async () => {
  await checkWritable(at('null'));
  await writeFileAtomically(at('null'), 'gone');
  expect((await lstat(at('null'))).isCharacterDevice()).toBe(true);
  await expect(readWholeFile(at('null'))).rejects.toThrow('not a regular file');
});

test('what killed writers have left is removed after an hour', async () => {
  const hours = (count: number) => new Date(Date.now() - 3_600_000 * count);
  for (const [name, age] of [
    ['00000001', 2],
    ['00000002', 0],
  ] as const) {
    await writeFileAtomically(at(`left/.tessera-${name}.tmp`), 'half');
    await utimes(at(`left/.tessera-${name}.tmp`), hours(age), hours(age));
  }
  await writeFileAtomically(at('left/file'), 'whole');
  expect((await readdir(at('left'))).sort()).toEqual(['.tessera-00000002.tmp', 'file']);
});

test('reading looks at the size before it allocates', async () => {
  await writeFile(at('ten'), '0123456789');
  expect((await readWholeFile(at('ten'))).length).toBe(10);
  await expect(readWholeFile(at('ten'), { maximumBytes: 9 })).rejects.toThrow('it has 10 bytes; expected at most 9');
  await expect(readWholeFile(at('missing'))).rejects.toThrow('there is no such file');
  await expect(readWholeFile(folder)).rejects.toThrow('it is a folder');
});

test('images become numbers on a white ground', async () => {
  const red = { create: { width: 4, height: 2, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 1 } } } as const;
  for (const format of ['png', 'webp', 'gif'] as const) {
    await writeFile(at(`red.${format}`), await sharp(red).toFormat(format, { lossless: true }).toBuffer());
    const values = await readImage(at(`red.${format}`), [4, 4, 3]);
    expectClose(values.subarray(0, 3), [1, 1, 1], { absolute: 0.01 }); // above the image
    expectClose(values.subarray(4 * 3 + 3, 4 * 3 + 6), [1, 0, 0], { absolute: 0.02 });
  }
  expect((await readImage(at('red.png'), [2, 4, 1])).length).toBe(8);
});

test('an image is turned as its EXIF orientation says', async () => {
  // Red, green over blue, white, as the sensor saw them; every orientation that a camera can write.
  const red = [255, 0, 0];
  const green = [0, 255, 0];
  const blue = [0, 0, 255];
  const white = [255, 255, 255];
  const raw = { width: 2, height: 2, channels: 3 } as const;
  const upright = [
    [red, green, blue, white],
    [green, red, white, blue],
    [white, blue, green, red],
    [blue, white, red, green],
    [red, blue, green, white],
    [blue, red, white, green],
    [white, green, blue, red],
    [green, white, red, blue],
  ];
  for (const [at, pixels] of upright.entries()) {
    const stored = sharp(Buffer.from([red, green, blue, white].flat()), { raw }).withMetadata({ orientation: at + 1 });
    const values = await decodeImage(await stored.png().toBuffer(), [2, 2, 3]);
    expect(
      Array.from(values, (value) => 255 * value),
      `orientation ${at + 1}`,
    ).toEqual(pixels.flat());
  }
});

test('what is no image is refused', async () => {
  await writeFile(at('text.png'), 'this is no image');
  await expect(readImage(at('text.png'), [4, 4, 3])).rejects.toThrow(/cannot decode '.*text\.png'/);
  const whole = await readFile(at('red.png'));
  await writeFile(at('half.png'), whole.subarray(0, whole.length / 2));
  await expect(readImage(at('half.png'), [4, 4, 3])).rejects.toThrow(/cannot decode '.*half\.png'/);
});
