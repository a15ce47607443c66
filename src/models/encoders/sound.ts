import { arange, full, type Tensor } from '../../tensor/index.js';
import { expectInputs, expectTensor } from '../options.js';

/** The inputs of encoders of sounds. */
export type SoundInputs = {
  /** Samples: (batch, samples) of f32, followed by zeros where a sound is shorter. */
  readonly samples: Tensor;
  /** The length of each sound in seconds: (batch) of f32. Default: all are as long as the tensor. */
  readonly seconds?: Tensor;
};

/**
 * Returns the inputs of an encoder of sounds, with their lengths.
 * @throws TesseraError if one is missing, or has another type or shape.
 */
export function expectSound(where: string, inputs: SoundInputs, sampleRate: number): Required<SoundInputs> {
  const { samples, seconds } = expectInputs(where, inputs);
  const [batch, length] = expectTensor(where, 'samples', samples, 'f32', ['batch', 'samples']).shape;
  if (seconds === undefined) return { samples, seconds: full([batch], length / sampleRate) };
  return { samples, seconds: expectTensor(where, 'seconds', seconds, 'f32', [batch]) };
}

/**
 * The mask of the steps of sounds that last `seconds` (batch): (batch, steps), 1 for steps whose middle is in the sound,
 * 0 for padding. `perSecond` is the number of steps in a second.
 */
export function maskOf(seconds: Tensor, steps: number, perSecond: number): Tensor {
  const middle = arange(steps).cast('f32').add(0.5).reshape([1, steps]);
  return middle.less(seconds.mul(perSecond).expandDims(1)).cast('f32');
}

/** The mask (batch, ⌈steps/step⌉) of every `step`-th step of a mask (batch, steps). */
export const everyStep = (mask: Tensor, step: number): Tensor => mask.slice([0, 0], mask.shape, [1, step]);
