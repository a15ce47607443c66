import { expect, test } from 'vitest';
import { threefry } from '../../src/kernels/elementwise/random.js';

// Known answers of Threefry-2x32-20, from the authors' Random123 distribution.
test.each([
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const)('key %j and counter %j', ([k0, k1], [c0, c1], words) => {
  expect(threefry(k0, k1, c0, c1)).toEqual(words);
});
