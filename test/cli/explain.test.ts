import { expect, test } from 'vitest';
import { run } from '../support/command-line.js';

test('explain shows a table, or one object', async () => {
  const { code, out } = await run('explain', 'sigma-fusion', '--json');
  const { dispatches, buffers, peakBytes } = JSON.parse(out);
  expect(code).toBe(0);
  expect(dispatches.filter(({ kernel }: { kernel: string }) => kernel.endsWith('+add+sigmoid'))).toHaveLength(4);
  for (const dispatch of dispatches)
    expect(dispatch).toMatchObject({
      workgroups: expect.any(Number),
      flops: expect.any(Number),
      bytes: expect.any(Number),
    });
  expect([buffers, peakBytes]).toEqual([expect.any(Number), expect.any(Number)]);
  const shown = await run('explain', 'text-image-classifier', '--training', '--wgsl');
  expect(shown.out).toContain('adam_update');
  expect(shown.out).toContain('fn main(');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for the escape character
  expect(shown.out + shown.err).not.toMatch(/\u001b/);
});
