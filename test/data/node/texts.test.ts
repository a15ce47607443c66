import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readTexts } from '../../../src/data/node/texts.js';
import { inEmptyFolder } from '../../support/command-line.js';

inEmptyFolder();

async function* input(...pieces: string[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

test('texts are joined in their order, also packed ones and standard input', async () => {
  writeFileSync('a.txt', 'ä\nb');
  writeFileSync('b.txt.gz', gzipSync('c\n'));
  writeFileSync('c.txt', Buffer.from('\ufeffd', 'utf16le'));
  expect(await readTexts(['a.txt', 'b.txt.gz', '-', 'c.txt'], input('1', '2\n3'))).toBe('ä\nbc\n12\n3d');
});

test('what is no text is refused with its name', async () => {
  writeFileSync('nul.txt', 'a\0b');
  writeFileSync('empty.txt', '');
  writeFileSync('latin1.txt', Buffer.from([0xe9, 0x0a]));
  for (const [files, message] of [
    [['nul.txt'], "cannot use the text of 'nul.txt': it has a NUL character"],
    [['latin1.txt'], "cannot use the text of 'latin1.txt': its bytes are not UTF-8"],
    [['empty.txt'], "the text of 'empty.txt' is empty"],
    [['-'], 'the text of standard input is empty'],
    [['-', '-'], "'-', standard input, is given twice"],
    [['none.txt'], "cannot read 'none.txt': there is no such file"],
    [['.'], "cannot read '.': "],
  ] as const)
    await expect(readTexts(files, input())).rejects.toThrow(message);
});
