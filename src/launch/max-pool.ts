import { maxPoolBackward, maxPoolForward } from '../kernels/conv/max-pool.js';
import { type Launch, launch, type Value } from './launch.js';

/** The window size and the stride of a pooling. */
export interface Windows {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
}

function sizesOf({ shape: input }: Value, { shape: output }: Value, { size, stride }: Windows) {
  const [batch, in_height, in_width, channels] = input;
  const [, out_height, out_width] = output;
  return {
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
}

/** The launch of y, the maximum of each window of x. */
export const maxPoolLaunches = (x: Value, y: Value, windows: Windows): Launch[] => [
  launch(maxPoolForward, { x, y }, sizesOf(x, y, windows)),
];

/** The launch of dx, the gradient of max pooling. */
export const maxPoolBackwardLaunches = (x: Value, dy: Value, dx: Value, windows: Windows): Launch[] => [
  launch(maxPoolBackward, { x, dy, dx }, sizesOf(x, dy, windows)),
];
