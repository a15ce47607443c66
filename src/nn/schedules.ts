import {
  type Check,
  checkOptions,
  expectValue,
  nonNegative,
  nonNegativeInteger,
  openFraction,
  optional,
  positiveInteger,
} from './options.js';

/** The learning rate of a step, counted from 0. Rates are data: a schedule makes no new plan. */
export type Schedule = (step: number) => number;

/** Half a cosine from one value to another: `share` 0 is the first, 1 the other. */
const along = (from: number, to: number, share: number): number =>
  from + 0.5 * (to - from) * (1 - Math.cos(Math.PI * share));

/**
 * From `rate` at step 0 down to `end` at step `steps` along half a cosine, then `end`. Loshchilov and Hutter 2017.
 * @throws TesseraError if a rate is below 0 or not finite, or `steps` is no positive integer.
 */
export function cosineDecay(rate: number, steps: number, end = 0): Schedule {
  expectAll('cosineDecay', { rate: [rate, nonNegative], steps: [steps, positiveInteger], end: [end, nonNegative] });
  return (step) => along(rate, end, Math.min(1, step / steps));
}

/**
 * `rate` times `factor` for each `every` steps that have passed, all at once.
 * @throws TesseraError if a number is below 0 or not finite, or `every` is no positive integer.
 */
export function stepDecay(rate: number, every: number, factor = 0.1): Schedule {
  expectAll('stepDecay', { rate: [rate, nonNegative], every: [every, positiveInteger], factor: [factor, nonNegative] });
  return (step) => rate * factor ** Math.floor(step / every);
}

/**
 * `rate` times `factor` for each `every` steps, little by little.
 * @throws TesseraError if a number is below 0 or not finite, or `every` is no positive integer.
 */
export function exponentialDecay(rate: number, every: number, factor: number): Schedule {
  const checks = { rate: [rate, nonNegative], every: [every, positiveInteger], factor: [factor, nonNegative] } as const;
  expectAll('exponentialDecay', checks);
  return (step) => rate * factor ** (step / every);
}

/**
 * A straight rise over the first `steps` steps, none for 0, to what another schedule, or a rate, begins with; that one
 * follows.
 * @throws TesseraError if `steps` is no non-negative integer, or what follows is neither a schedule nor a rate.
 */
export function warmUp(steps: number, then: Schedule | number): Schedule {
  expectValue('warmUp', 'steps', steps, nonNegativeInteger);
  if (typeof then !== 'function') expectValue('warmUp', 'the rate that follows', then, nonNegative);
  const after = typeof then === 'number' ? () => then : then;
  return (step) => (step < steps ? (after(0) * (step + 1)) / (steps + 1) : after(step - steps));
}

/**
 * One cycle (Smith and Topin 2018), step by step as in PyTorch's `OneCycleLR`: from rate / 25 up to `rate` at step
 * rise · steps - 1, then down to rate / 250,000 at the last step, steps - 1, both along half a cosine; that rate stays.
 * @throws TesseraError if the rate is below 0 or not finite, `steps` is no positive integer, or `rise` is not within (0, 1).
 */
export function oneCycle(rate: number, steps: number, options: { readonly rise?: number } = {}): Schedule {
  expectAll('oneCycle', { rate: [rate, nonNegative], steps: [steps, positiveInteger] });
  const { rise = 0.3 } = checkOptions('oneCycle', options, { rise: optional(openFraction) });
  const [first, last] = [rate / 25, rate / 250_000];
  const [top, end] = [rise * steps - 1, steps - 1];
  return (step) => {
    if (step <= top) return along(first, rate, top === 0 ? 1 : step / top);
    return along(rate, last, Math.min(1, (step - top) / (end - top)));
  };
}

function expectAll(where: string, values: Readonly<Record<string, readonly [value: unknown, check: Check]>>): void {
  for (const [name, [value, check]] of Object.entries(values)) expectValue(where, name, value, check);
}
