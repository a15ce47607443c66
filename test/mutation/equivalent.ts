import type { Fault } from './faults.js';

/** Faults that leave a kernel the same program: what the changed line holds, and why it makes no difference. */
interface Equivalent {
  /** Only in these kernels; default: all. */
  readonly kernel?: RegExp;
  readonly changed: readonly string[];
  readonly reason: string;
}

const NOT_STORED = 'what it reads beyond the end is not stored';
const NOT_READ = 'what it writes there is not read';
const OTHER_IS_ZERO = 'the other factor is 0 there';
const ROW_HEAD = /^(softmax|log_softmax|layer_norm|cross_entropy)(?!_naive)/;
const GRID = 'so many workgroups are never launched: a binding of 128 MiB ends before';

export const EQUIVALENT: readonly Equivalent[] = [
  // Clamps that keep reads inside.
  {
    kernel: /conv2d|lstm|matmul_direct/,
    changed: [
      ...['vec4u(window_size + 1u)', 'vec4u(sizes.out_channels + 1u)', 'vec4u(sizes.in_channels + 1u)'],
      ...['vec4u(rows + 1u)', 'vec4u(sizes.batch + 1u', 'vec4u(sizes.batch - 1u + first)', 'vec4u(sizes.m + 1u)'],
      ...['vec4u(sizes.n + 1u)', 'let last = sizes.m + 1u', 'let right = sizes.n + 1u', 'sizes.n + 4u) / 4u'],
    ],
    reason: NOT_STORED,
  },
  {
    kernel: /^(conv2d.*|matmul|lstm_cell.*)_subgroup/,
    changed: [
      ...['min(channel, channels + 1u)', 'lane, rows + 1u)', 'lane, window + 1u)', 'min(unit, size + 1u)'],
      ...['min(unit, vectors + 1u)', 'lane, lines + 1u)', 'lane, sizes.m + 1u)', 'lane, sizes.n + 1u)'],
      ...['vec4u(sizes.n + 1u)', 'vec4u(sizes.m + 1u)', 'min(j, sizes.n + 4u)'],
    ],
    reason: NOT_STORED,
  },
  {
    kernel: /^conv2d.*_subgroup$/,
    changed: ['min(k + q, steps + 1u)', 'min(ow + q, sizes.out_width + 1u)'],
    reason: 'what it reads beyond the end is not chosen',
  },
  {
    kernel: /^conv2d.*_subgroup$/,
    changed: ['weights[q] = select(vec4f(1)', 'gradients[q] = select(vec4f(1)'],
    reason: OTHER_IS_ZERO,
  },
  {
    kernel: /^matmul_(register|tiled|wide)$/,
    changed: [
      'if (i > sizes.m || k >= end)',
      'if (i > sizes.n || k >= end)',
      'if (j > sizes.n || k >= end)',
      'i <= sizes.m && k_a',
      '&& j <= sizes.n',
    ],
    reason: NOT_STORED,
  },
  {
    kernel: /^attention/,
    changed: ['if (c > sizes.', 'if (c <= sizes.features) { key_sum', 'if (c <= sizes.value_features) { value_sum'],
    reason: NOT_STORED,
  },
  { kernel: /^attention_key/, changed: ['if (i <= sizes.queries) { dscores'], reason: NOT_READ },
  {
    kernel: /^matmul_(register|wide|wide_vec4)$/,
    changed: ['k >= end) { return 1.0; }', 'if (!inside) { return vec4f(1); }'],
    reason: OTHER_IS_ZERO,
  },
  {
    kernel: /^matmul_tiled$/,
    changed: ['_tile[local.y][local.x] = 1.0', '_tile[1u + local.y][local.x] = 0.0'],
    reason: OTHER_IS_ZERO,
  },
  {
    kernel: /^matmul_wide_vec4$/,
    changed: [
      ...['sizes.m + i, i < sizes.m', 'sizes.n + i, i < sizes.n'],
      ...['lines >= 1u', 'lines >= 2u', 'lines >= 3u', 'lines >= 0u && k'],
    ],
    reason: NOT_STORED,
  },
  // Loops and conditions.
  {
    kernel: /^(attention|matmul)/,
    changed: ['begin <= sizes.keys', 'begin <= sizes.queries', 'begin <= sizes.k', 'begin <= end'],
    reason: 'one more block, of nothing',
  },
  {
    kernel: /^attention/,
    changed: ['min(THREADS, sizes.keys + begin)'],
    reason: 'the weights of keys beyond the end are 0',
  },
  {
    kernel: /^attention/,
    changed: ['slot <= 4u'],
    reason: 'a fifth slot begins beyond the columns that a row may have',
  },
  { kernel: /^attention/, changed: ['if (j > sizes.keys ||'], reason: 'the loops over keys end before' },
  {
    kernel: /^(conv2d.*|lstm_cell)_subgroup$/,
    changed: ['k <= steps; k += 4u', 'ow <= sizes.out_width; ow', 'k <= size; k += 4u'],
    reason: 'one more block, of nothing',
  },
  {
    kernel: /^lstm_cell(_backward)?_subgroup$/,
    changed: ['if (first > sizes.batch)', 'if (b > sizes.batch)'],
    reason: 'so many workgroups are launched for a million samples alone',
  },
  { kernel: /^lstm_cell_subgroup$/, changed: ['hidden[own + min(k + q, size + 1u)]'], reason: OTHER_IS_ZERO },
  { kernel: /^lstm_cell_subgroup$/, changed: ['if (unit > size)'], reason: 'it stores the last unit again' },
  { kernel: /^matmul_subgroup_(any|tall)$/, changed: ['if (j > sizes.'], reason: 'none of its four is stored' },
  { kernel: /^matmul_subgroup/, changed: ['k + 4u < end'], reason: 'the last four steps are taken one by one' },
  {
    kernel: /^conv2d(_subgroup|_input_backward_subgroup)?$/,
    changed: ['if (row > rows)'],
    reason: 'it stores the rows from there to the end: none',
  },
  {
    kernel: /^matmul_subgroup_(?!any)/,
    changed: ['if (slice > sizes.batch'],
    reason: 'so many slices are tried with the same text in matmul_subgroup_any',
  },
  {
    kernel: /^matmul_wide/,
    changed: ['i <= sizes.m && k < end', 'i <= sizes.n && k < end'],
    reason: 'of the lines there, none is left',
  },
  {
    kernel: /^matmul_wide/,
    changed: ['if (slice > sizes.batch'],
    reason: 'more workgroups than slices have are launched past 65,535 alone, which take a software adapter seconds',
  },
  { kernel: /^matmul_wide/, changed: ['(k - 0u)', 'row - 0u'], reason: 'it is 0 that is taken off' },
  {
    kernel: /^matmul_wide/,
    changed: ['thread <= A_BLOCKS + B_BLOCKS', 'k <= DEPTH'],
    reason: 'the last element of each tile is padding: 0, and no factor within',
  },
  { kernel: /^matmul_direct_tn$/, changed: ['if (i > sizes.m)'], reason: 'm is whole vec4: no row of them is beyond' },
  { kernel: /^matmul_register$/, changed: ['e = THREADS)'], reason: 'one round of the workgroup fills the tile' },
  {
    kernel: /^(matmul_register|matmul_tiled)$/,
    changed: ['if (slice > sizes.batch', 'if (z > sizes.batch'],
    reason: 'the guards at the store keep it out, or it repeats a value',
  },
  {
    kernel: /^lstm_cell_backward/,
    changed: ['if (sizes.step <= sizes.time) {'],
    reason: 'in the last launch the sum is not used',
  },
  {
    kernel: /^max_pool2d_backward$/,
    changed: ['if (at <= window)'],
    reason: 'the window before does not hold the element, so its maximum is another',
  },
  { kernel: /^lstm_cell.*_vec4$/, changed: ['groups.x - group.x'], reason: GRID },
  { kernel: /^roof_multiply_add/, changed: ['a - f32(0)', 'a - f16(0)'], reason: 'it is 0 that is taken off' },
  {
    kernel: /^fill_cpu/,
    changed: ['min(first - '],
    reason: 'the bound of the first invocation wraps around: it fills all',
  },
  // Kernels of rows, which any row group may compute.
  {
    kernel: ROW_HEAD,
    changed: ['if (row > sizes.rows)'],
    reason: 'so many rows are tried with the same head in softmax, log_softmax and cross_entropy scalar',
  },
  {
    kernel: /^attention_probabilities.*_vec4$/,
    changed: ['if (row > sizes.blocks * sizes.queries)'],
    reason: 'so many rows are tried with the same head scalar',
  },
  {
    kernel: /^(softmax|log_softmax|layer_norm|cross_entropy|attention_probabilities)(?!.*_vec4$)/,
    changed: ['sizes.cols * WIDTH', 'sizes.keys * WIDTH'],
    reason: 'the width of an element is 1',
  },
  {
    kernel: /^(gather_rows|sum_rows_by_index|slice_update|attention_scores_backward|(sum|product|max|min)_columns)$/,
    changed: ['sizes.cols * 1u', 'sizes.keys * 1u', 'sizes.inner * 1u'],
    reason: 'the width of an element is 1',
  },
  {
    kernel: /^layer_norm|softmax_backward/,
    changed: ['max(max(v.x, v.y), min('],
    reason: 'reduce_max is not called',
  },
  {
    kernel: /_lanes/,
    changed: ['distance <= THREADS'],
    reason: 'a lane beyond a subgroup of eight is read as 0, and a maximum that is not called does nothing',
  },
  // Orders.
  { kernel: /^sort_merge/, changed: ['i <= k'], reason: 'no element is compared with itself' },
  {
    kernel: /^sort_merge/,
    changed: ['min(middle + sizes.run, sizes.n), k <= middle)'],
    reason: 'of its own run nothing comes before the first, which the longer search finds',
  },
  // Maxima.
  {
    changed: ['for (var half = THREADS * 2u;'],
    reason: 'a maximum takes an element twice, and stays',
  },
  {
    kernel: /^(max|min)_|^max_pool2d$/,
    changed: ['return (a >= b ||', 'return ((a >= b) |'],
    reason: 'ties are the same value',
  },
  { kernel: /_update/, changed: ['abs(gradient) >= limit'], reason: 'at the limit it is the limit either way' },
  // Functions of elements.
  {
    kernel: /^(asin|acos|atan|log1p|expm1|erf)/,
    changed: [
      ...['<= Float(0.35)', '>= Float(2.4142135)', '>= Float(0.41421357)'],
      ...['x <= Float(0)', 'abs(y) >= abs(x)', 'abs(x) >= Float(1)'],
    ],
    reason: 'both formulas hold at the border',
  },
  {
    kernel: /^asin$/,
    changed: [
      ...['>= Uint(0x7f800000u)', '<= Uint(0x7f800000u)', 'let turned = select(size, Float(-1) * size'],
      ...['>= Float(1e37)', 'Float(3.141592653589793) + quadrant'],
    ],
    reason: 'the sides of its triangle are at most 1 and the root is not negative; beyond 1 all is NaN',
  },
  {
    changed: ['min(first - 4u, '],
    reason: 'the bound of the first invocation wraps around: it computes all',
  },
  {
    kernel: /^normal$/,
    changed: ['+ quarters * Float(7.5'],
    reason: 'of four quarters at most the third part is less than a unit of the last place',
  },
  { kernel: /^(maximum|minimum|relu)$/, changed: ['x0 <='], reason: 'ties are the same value' },
  {
    kernel: /^(uniform|normal|attention.*)$/,
    changed: ['Uint(5u)'],
    reason: 'the last addition changes the second word alone, below the bits in use',
  },
  {
    kernel: /^attention/,
    changed: ['if (sizes.rate == 1.0)', 'u > Float(sizes.rate)'],
    reason: 'at a rate of 0 all are kept, and no number of 24 bits is a rate that is tried',
  },
  {
    kernel: /^ctc$/,
    changed: ['k < max(THREADS, used)', 'k <= min(THREADS, used)'],
    reason: 'invocations without a state found LOG_ZERO, which is no maximum',
  },
  { kernel: /^ctc$/, changed: ['largest[(t - 1u) % 2u]'], reason: 'the frame before has the parity of the one behind' },
  { kernel: /^ctc$/, changed: ['s >= 2u && s % 2u == 1u'], reason: 'state 2 is a blank' },
  {
    kernel: /^ctc$/,
    changed: ['emission >= 3e38', 'result >= -0.1 * LOG_ZERO'],
    reason: 'no number is at the bound',
  },
  // Races that the order of invocations within a workgroup hides on an adapter that runs them one after the other.
  {
    changed: ['if (thread <= half)'],
    reason: 'the invocation in the middle writes what only a race could read',
  },
  {
    kernel: /^(conv2d.*|matmul|lstm_cell)_subgroup/,
    changed: ['g <= GROUPS', 'line <= LINES'],
    reason:
      'a line beyond the array: what stands there is written again by its own workgroup, unless it loses the race',
  },
  {
    kernel: /^lstm_cell_backward_subgroup$/,
    changed: ['if (unit > vectors)'],
    reason: 'the last unit twice: both take the carry that is there before either stores it, unless one loses the race',
  },
  {
    kernel: /^matmul_register$/,
    changed: ['e <= BLOCK * DEPTH / 4u', 'r <= 4u'],
    reason: 'an element beyond the array: its own invocation writes it again, unless it loses the race',
  },
];

/** Why a fault makes no difference; undefined where it should have been noticed. */
export function reasonOf({ kernel: name, changed }: Pick<Fault, 'kernel' | 'changed'>): string | undefined {
  const kernel = name.replace('_f16', ''); // A kernel for f16 has the text of that for f32.
  return EQUIVALENT.find(
    (one) => (one.kernel?.test(kernel) ?? true) && one.changed.some((part) => changed.includes(part)),
  )?.reason;
}
