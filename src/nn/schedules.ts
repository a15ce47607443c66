import {
  type Check,
  checkOptions,
  expectValue,
  nonNegative,
  nonNegativeInteger,
  openFraction,
  optional,
  positiveInteger,
} from '../tensor/options.js';

/** A function from the step, counted from 0, to its learning rate. Rates are data: a new rate needs no new plan. */
export type Schedule = (step: number) => number;

/** Interpolates between two values along half a cosine, for a fraction of the way within [0, 1]. */
const interpolate = (from: number, to: number, fraction: number): number =>
  from + 0.5 * (to - from) * (1 - Math.cos(Math.PI * fraction));

/**
 * Cosine annealing (Loshchilov and Hutter 2017), from `rate` at step 0 to `end` at step `steps` and after:
 *
 *   end + (rate - end) · (1 + cos(π · step / steps)) / 2
 *
 * @throws TesseraError if a rate is below 0 or not finite, or `steps` is not a positive integer.
 */
export function cosineDecay(rate: number, steps: number, end = 0): Schedule {
  expectAll('cosineDecay', { rate: [rate, nonNegative], steps: [steps, positiveInteger], end: [end, nonNegative] });
  return (step) => interpolate(rate, end, Math.min(1, step / steps));
}

/**
 * Step decay: the rate is multiplied by `factor` every `every` steps, rate · factor^⌊step / every⌋.
 * @throws TesseraError if a number is below 0 or not finite, or `every` is not a positive integer.
 */
export function stepDecay(rate: number, every: number, factor = 0.1): Schedule {
  expectAll('stepDecay', { rate: [rate, nonNegative], every: [every, positiveInteger], factor: [factor, nonNegative] });
  return (step) => rate * factor ** Math.floor(step / every);
}

/**
 * Exponential decay: the rate falls smoothly by `factor` over every `every` steps, rate · factor^(step / every).
 * @throws TesseraError if a number is below 0 or not finite, or `every` is not a positive integer.
 */
export function exponentialDecay(rate: number, every: number, factor: number): Schedule {
  const checks = { rate: [rate, nonNegative], every: [every, positiveInteger], factor: [factor, nonNegative] } as const;
  expectAll('exponentialDecay', checks);
  return (step) => rate * factor ** (step / every);
}

/**
 * Linear warm-up over the first `steps` steps to the initial rate of the schedule that follows, or to a constant rate;
 * with 0 steps there is none:
 *
 *   then(0) · (step + 1) / (steps + 1)     for step < steps
 *   then(step - steps)                     after
 *
 * @throws TesseraError if `steps` is not a non-negative integer, or `then` is neither a schedule nor a rate.
 */
export function warmUp(steps: number, then: Schedule | number): Schedule {
  expectValue('warmUp', 'steps', steps, nonNegativeInteger);
  if (typeof then !== 'function') expectValue('warmUp', 'the rate that follows', then, nonNegative);
  const after = typeof then === 'number' ? () => then : then;
  return (step) => (step < steps ? (after(0) * (step + 1)) / (steps + 1) : after(step - steps));
}

/**
 * The one-cycle policy (Smith and Topin 2018), identical to PyTorch's `OneCycleLR` with its defaults: from rate / 25 up
 * to `rate` at step rise · steps - 1, then down to rate / 250,000 at step steps - 1 and after, both along half a
 * cosine. `rise`, the fraction of the steps in which the rate rises, is 0.3 by default (PyTorch's `pct_start`).
 *
 * @throws TesseraError if the rate is below 0 or not finite, `steps` is not a positive integer, or `rise` is not within
 * (0, 1).
 */
export function oneCycle(rate: number, steps: number, options: { readonly rise?: number } = {}): Schedule {
  expectAll('oneCycle', { rate: [rate, nonNegative], steps: [steps, positiveInteger] });
  const { rise = 0.3 } = checkOptions('oneCycle', options, { rise: optional(openFraction) });
  const [first, last] = [rate / 25, rate / 250_000];
  const [top, end] = [rise * steps - 1, steps - 1];
  return (step) => {
    if (step <= top) return interpolate(first, rate, top === 0 ? 1 : step / top);
    return interpolate(rate, last, Math.min(1, (step - top) / (end - top)));
  };
}

function expectAll(where: string, values: Readonly<Record<string, readonly [value: unknown, check: Check]>>): void {
  for (const [name, [value, check]] of Object.entries(values)) expectValue(where, name, value, check);
}
