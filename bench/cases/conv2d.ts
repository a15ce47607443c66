import { conv2dRegister, conv2dSubgroup, groupedConv2d, reductions } from '../../src/kernels/index.js';
import { type KernelCase, type Rung, single } from './case.js';

interface Geometry {
  readonly batch: number;
  readonly pixels: number;
  readonly inputs: number;
  readonly outputs: number;
  /** On every side: 1 keeps the size of the image, 0 takes its border away. */
  readonly padding: 0 | 1;
  readonly when?: KernelCase['when'];
}

/** How many rows of pixels one invocation of the filter's gradient walks where they are split into chunks. */
const CHUNK_ROWS = 16;

/** A convolution with a window of 3 x 3, and its two gradients. */
function convolution({ batch, pixels, inputs, outputs, padding, when }: Geometry): KernelCase[] {
  const out = pixels + 2 * padding - 2;
  const values = {
    batch,
    in_height: pixels,
    in_width: pixels,
    in_channels: inputs,
    out_height: out,
    out_width: out,
    out_channels: outputs,
    kernel_height: 3,
    kernel_width: 3,
    stride_height: 1,
    stride_width: 1,
    dilation_height: 1,
    dilation_width: 1,
    pad_top: padding,
    pad_left: padding,
    chunks: 1,
    chunk_length: batch * out,
  };
  const sizes = { x: batch * pixels ** 2 * inputs, w: 9 * inputs * outputs, y: batch * out ** 2 * outputs };
  const chunks = Math.ceil(values.chunk_length / CHUNK_ROWS);
  const whole = { ...values, groups: 1 };
  const vec4 = (count: number) => count % 4 === 0;
  const filters = (name: string, kernel: typeof conv2dRegister.filterBackward): Rung => ({
    name,
    steps: [
      {
        kernel,
        values: { ...values, chunks, chunk_length: CHUNK_ROWS },
        buffers: { x: 'x', dy: 'dy', dw: 'partial' },
      },
      {
        kernel: reductions.sum.columns,
        values: { outer: 1, n: chunks, inner: sizes.w, chunks: 1, chunk_length: chunks },
        buffers: { x: 'partial', y: 'dw' },
      },
    ],
  });
  const geometry = `(${batch}, ${pixels}, ${pixels}, ${inputs}) -> ${outputs}, 3 x 3`;
  const common = {
    when,
    flops: 2 * sizes.y * 9 * inputs,
    bytes: 4 * (sizes.x + sizes.w + sizes.y),
  };
  return [
    {
      ...common,
      name: `conv2d ${geometry}`,
      buffers: sizes,
      outputs: ['y'],
      rungs: [
        single('naive', groupedConv2d.forward, whole),
        single('register', conv2dRegister.forward, values),
        ...(vec4(outputs) ? [single('subgroup', conv2dSubgroup.forward, values)] : []),
      ],
    },
    {
      ...common,
      name: `conv2d input gradient ${geometry}`,
      outputs: ['dx'],
      buffers: { dy: sizes.y, w: sizes.w, dx: sizes.x },
      rungs: [
        single('naive', groupedConv2d.inputBackward, whole),
        single('register', conv2dRegister.inputBackward, values),
        ...(vec4(inputs) && vec4(outputs) ? [single('subgroup', conv2dSubgroup.inputBackward, values)] : []),
      ],
    },
    {
      ...common,
      name: `conv2d filter gradient ${geometry}`,
      outputs: ['dw'],
      buffers: { x: sizes.x, dy: sizes.y, partial: chunks * sizes.w, dw: sizes.w },
      rungs: [
        single('naive', groupedConv2d.filterBackward, whole),
        single('register', conv2dRegister.filterBackward, values),
        filters('register, in chunks', conv2dRegister.filterBackward),
        ...(vec4(outputs) ? [filters('subgroup, in chunks', conv2dSubgroup.filterBackward)] : []),
      ],
    },
  ];
}

/** The Keras model's layer, which has one channel; one inside a network; and a large one. */
export const conv2dCases: readonly KernelCase[] = [
  ...convolution({ batch: 32, pixels: 28, inputs: 1, outputs: 64, padding: 0, when: 'quick' }),
  ...convolution({ batch: 8, pixels: 28, inputs: 32, outputs: 64, padding: 1 }),
  ...convolution({ batch: 32, pixels: 56, inputs: 128, outputs: 128, padding: 1, when: 'large' }),
];
