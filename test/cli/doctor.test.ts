import { expect, test } from 'vitest';
import { run } from '../support/command-line.js';

test('doctor tells of adapters, limits and versions', async () => {
  const { out } = await run('doctor', '--json');
  const found = JSON.parse(out);
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(['adapter', 'adapters', 'limits', 'platform', 'timestampNanoseconds', 'advice']),
  );
  expect((await run('doctor')).out).toContain('adapter: ');
});
