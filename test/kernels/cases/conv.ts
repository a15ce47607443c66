import { conv2dRegister } from '../../../src/kernels/conv/conv2d.js';
import { depthwiseConv2d } from '../../../src/kernels/conv/depthwise.js';
import { groupedConv2d } from '../../../src/kernels/conv/grouped.js';
import { maxPoolBackward, maxPoolForward } from '../../../src/kernels/conv/max-pool.js';
import { conv2dSubgroup } from '../../../src/kernels/conv/subgroup.js';
import type { KernelCase } from '../../support/kernels.js';
import { integers, normals } from '../../support/numbers.js';

interface Conv {
  readonly x: [number, number, number, number];
  readonly w: [number, number, number];
  readonly stride?: [number, number];
  readonly pad?: [number, number, number, number];
  readonly dilation?: [number, number];
  readonly groups?: number;
}
const convs: Conv[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 1] },
  { x: [2, 5, 7, 3], w: [3, 2, 5] },
  { x: [1, 8, 8, 4], w: [3, 3, 8], pad: [1, 1, 1, 1] },
  { x: [3, 9, 6, 2], w: [3, 3, 4], stride: [2, 3] },
  { x: [2, 6, 7, 1], w: [4, 3, 6], stride: [2, 1], pad: [1, 2, 0, 1] },
  { x: [2, 17, 13, 5], w: [5, 5, 9], pad: [2, 2, 2, 2] },
  { x: [0, 4, 4, 1], w: [2, 2, 3] },
  { x: [2, 9, 8, 3], w: [3, 2, 5], dilation: [2, 3], pad: [1, 0, 2, 1] },
  { x: [1, 7, 9, 2], w: [2, 3, 4], dilation: [3, 1], stride: [1, 2] },
  { x: [1, 5, 5, 4], w: [2, 2, 8] },
  { x: [1, 11, 10, 2], w: [3, 3, 3], stride: [3, 3], pad: [1, 1, 1, 1] },
  { x: [2, 9, 8, 8], w: [3, 2, 12], stride: [2, 1], pad: [1, 1, 0, 1], dilation: [1, 2] },
  { x: [1, 6, 5, 36], w: [3, 2, 40], pad: [1, 0, 1, 0] },
  { x: [2, 5, 11, 4], w: [2, 3, 8], stride: [3, 3] },
  // An image of the output is a chunk of three lines.
  { x: [5, 5, 6, 4], w: [3, 3, 8] },
  { x: [1, 11, 10, 4], w: [3, 3, 6], groups: 2, stride: [3, 3], pad: [1, 1, 1, 1] },
  { x: [1, 11, 10, 4], w: [3, 3, 6], groups: 2, stride: [2, 2], pad: [1, 1, 2, 1] },
  { x: [2, 6, 5, 6], w: [3, 3, 4], groups: 2 },
  { x: [1, 9, 7, 5], w: [3, 2, 5], groups: 5, pad: [1, 1, 0, 1], stride: [2, 1] },
  { x: [2, 7, 8, 3], w: [2, 3, 9], groups: 3, dilation: [2, 2], pad: [0, 2, 1, 1] },
  { x: [1, 9, 7, 4], w: [3, 2, 4], groups: 4, pad: [1, 1, 0, 1], stride: [2, 1] },
  { x: [3, 7, 8, 12], w: [2, 3, 12], groups: 12, dilation: [2, 2], pad: [0, 2, 1, 1] },
  { x: [2, 11, 10, 8], w: [3, 3, 8], groups: 8, stride: [3, 2], pad: [1, 1, 2, 1] },
  // The last row and column of x are in no window.
  { x: [2, 5, 5, 4], w: [2, 2, 4], groups: 4, stride: [2, 2] },
];
export const convolution = convs.flatMap(
  ({ x, w, stride = [1, 1], pad = [0, 0, 0, 0], dilation = [1, 1], groups }): KernelCase[] => {
    const [batch, in_height, in_width, in_channels] = x;
    const [kernel_height, kernel_width, out_channels] = w;
    const out_height =
      Math.floor((in_height + pad[0] + pad[1] - (kernel_height - 1) * dilation[0] - 1) / stride[0]) + 1;
    const out_width = Math.floor((in_width + pad[2] + pad[3] - (kernel_width - 1) * dilation[1] - 1) / stride[1]) + 1;
    const lines = batch * out_height;
    const values = {
      batch,
      in_height,
      in_width,
      in_channels,
      out_height,
      out_width,
      out_channels,
      kernel_height,
      kernel_width,
      stride_height: stride[0],
      stride_width: stride[1],
      dilation_height: dilation[0],
      dilation_width: dilation[1],
      ...(groups === undefined ? {} : { groups }),
      pad_top: pad[0],
      pad_left: pad[2],
      chunks: 1,
      chunk_length: Math.max(1, lines),
    };
    const sizes = {
      x: batch * in_height * in_width * in_channels,
      y: lines * out_width * out_channels,
      w: (kernel_height * kernel_width * in_channels * out_channels) / (groups ?? 1),
    };
    const note = `x [${x}], window [${w}], stride [${stride}], padding [${pad}], dilation [${dilation}], ${groups ?? 1} groups`;
    const tolerance = { absolute: 1e-4, relative: 1e-4 };
    const chunks = Math.max(1, Math.ceil(lines / 3));
    const one = { note, values, tolerance };
    const backward = { x: sizes.x, dy: sizes.y };
    const forward = { ...one, buffers: sizes };
    const inputBackward = { ...one, buffers: { dy: sizes.y, w: sizes.w, dx: sizes.x } };
    const filterBackward = [
      { ...one, buffers: { ...backward, dw: sizes.w } },
      {
        ...one,
        note: `${note}, ${chunks} chunks`,
        values: { ...values, chunks, chunk_length: 3 },
        buffers: { ...backward, dw: chunks * sizes.w },
      },
    ];
    if (groups !== undefined)
      return [
        { kernel: groupedConv2d.forward, ...forward },
        { kernel: groupedConv2d.inputBackward, ...inputBackward },
        ...filterBackward.map((given) => ({ kernel: groupedConv2d.filterBackward, ...given })),
        ...(groups === in_channels && groups === out_channels && groups % 4 === 0
          ? [
              { kernel: depthwiseConv2d.forward, ...forward },
              { kernel: depthwiseConv2d.inputBackward, ...inputBackward },
              ...filterBackward.map((given) => ({ kernel: depthwiseConv2d.filterBackward, ...given })),
            ]
          : []),
      ];
    const vec4 = (...channels: number[]) => channels.every((count) => count % 4 === 0);
    return [
      { kernel: conv2dRegister.forward, ...forward },
      { kernel: conv2dRegister.inputBackward, ...inputBackward },
      ...filterBackward.map((given) => ({ kernel: conv2dRegister.filterBackward, ...given })),
      ...(vec4(out_channels) ? [{ kernel: conv2dSubgroup.forward, ...forward }] : []),
      ...(vec4(out_channels) ? filterBackward : []).map((given) => ({
        kernel: conv2dSubgroup.filterBackward,
        ...given,
      })),
      ...(vec4(in_channels, out_channels) ? [{ kernel: conv2dSubgroup.inputBackward, ...inputBackward }] : []),
    ];
  },
);
/** Infinities in the column of a window's last weight, and in rows of x that few windows hold: they stay there. */
export const infiniteConvolution = convolution
  .filter(({ kernel, note }) => kernel === conv2dSubgroup.forward && note.startsWith('x [3,9,6,2]'))
  .map((one) => {
    const { x, w } = one.buffers as Record<'x' | 'w', number>;
    const { out_channels, in_width, in_channels } = one.values;
    const given = { x: normals(x, 1), w: normals(w, 2) };
    given.w[w - out_channels + 1] = Number.POSITIVE_INFINITY;
    given.x.fill(Number.POSITIVE_INFINITY, x - 2 * in_width * in_channels);
    return { ...one, note: `${one.note}, infinite`, buffers: { ...one.buffers, ...given } };
  });
export const pooling = (
  [
    [
      [1, 1, 1, 1],
      [1, 1],
      [1, 1],
    ],
    [
      [2, 6, 8, 3],
      [2, 2],
      [2, 2],
    ],
    [
      [2, 7, 9, 2],
      [3, 2],
      [2, 3],
    ],
    [
      [1, 8, 8, 5],
      [3, 3],
      [1, 1],
    ],
    [
      [0, 4, 4, 1],
      [2, 2],
      [2, 2],
    ],
  ] as const
).flatMap(([x, size, stride]): KernelCase[] => {
  const [batch, in_height, in_width, channels] = x;
  const out_height = Math.floor((in_height - size[0]) / stride[0]) + 1;
  const out_width = Math.floor((in_width - size[1]) / stride[1]) + 1;
  const values = {
    batch,
    in_height,
    in_width,
    channels,
    out_height,
    out_width,
    window_height: size[0],
    window_width: size[1],
    stride_height: stride[0],
    stride_width: stride[1],
  };
  const count = batch * in_height * in_width * channels;
  const ties = Float32Array.from(integers(count, 40), (value) =>
    value === 7 ? Number.NaN : value === 8 ? Number.NEGATIVE_INFINITY : value % 4,
  );
  const note = `x [${x}], window [${size}], stride [${stride}]`;
  const out = batch * out_height * out_width * channels;
  return [
    { kernel: maxPoolForward, note, values, buffers: { x: ties, y: out } },
    { kernel: maxPoolBackward, note, values, buffers: { x: ties, dy: out, dx: count } },
  ];
});
