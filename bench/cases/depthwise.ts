import { depthwiseConv2d, groupedConv2d } from '../../src/kernels/index.js';
import { type KernelCase, single } from './case.js';

interface Geometry {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly when?: KernelCase['when'];
}

/** A depthwise convolution with a window of 3 x 3 that halves both sides, and its two gradients. */
function depthwise({ batch, height, width, channels, when }: Geometry): KernelCase[] {
  const [out_height, out_width] = [height / 2, width / 2];
  const values = {
    batch,
    in_height: height,
    in_width: width,
    in_channels: channels,
    out_height,
    out_width,
    out_channels: channels,
    kernel_height: 3,
    kernel_width: 3,
    stride_height: 2,
    stride_width: 2,
    dilation_height: 1,
    dilation_width: 1,
    pad_top: 0,
    pad_left: 0,
    chunks: 1,
    chunk_length: batch * out_height,
    groups: channels,
  };
  const sizes = { x: batch * height * width * channels, w: 9 * channels, y: batch * out_height * out_width * channels };
  const geometry = `(${batch}, ${height}, ${width}, ${channels}), 3 x 3, stride 2`;
  const common = { when, ...groupedConv2d.forward.cost(values) };
  return [
    {
      ...common,
      name: `depthwise ${geometry}`,
      buffers: sizes,
      outputs: ['y'],
      rungs: [
        single('an element an invocation', groupedConv2d.forward, values),
        single('vec4', depthwiseConv2d.forward, values),
      ],
    },
    {
      ...common,
      name: `depthwise input gradient ${geometry}`,
      buffers: { dy: sizes.y, w: sizes.w, dx: sizes.x },
      outputs: ['dx'],
      rungs: [
        single('an element an invocation', groupedConv2d.inputBackward, values),
        single('vec4', depthwiseConv2d.inputBackward, values),
      ],
    },
    {
      ...common,
      name: `depthwise filter gradient ${geometry}`,
      buffers: { x: sizes.x, dy: sizes.y, dw: sizes.w },
      outputs: ['dw'],
      rungs: [
        single('an element an invocation', groupedConv2d.filterBackward, values),
        single('vec4', depthwiseConv2d.filterBackward, values),
      ],
    },
  ];
}

/** A layer over spectrograms, and a large one of images. */
export const depthwiseCases: readonly KernelCase[] = [
  ...depthwise({ batch: 8, height: 152, width: 32, channels: 32, when: 'quick' }),
  ...depthwise({ batch: 32, height: 112, width: 112, channels: 64, when: 'large' }),
];
