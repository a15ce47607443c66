import { TesseraError } from '../tensor/index.js';

/** The learning rate of a step, counted from 0. Rates are data: a schedule makes no new plan. */
export type Schedule = (step: number) => number;

/** From `rate` down to `end` along half a cosine, over so many steps, then `end`. Loshchilov and Hutter 2017. */
export const cosineDecay =
  (rate: number, steps: number, end = 0): Schedule =>
  (step) =>
    end + 0.5 * (rate - end) * (1 + Math.cos(Math.PI * Math.min(1, step / steps)));

/** `rate` times `factor` for each `every` steps that have passed, all at once. */
export const stepDecay =
  (rate: number, every: number, factor = 0.1): Schedule =>
  (step) =>
    rate * factor ** Math.floor(step / every);

/** `rate` times `factor` for each `every` steps, little by little. */
export const exponentialDecay =
  (rate: number, every: number, factor: number): Schedule =>
  (step) =>
    rate * factor ** (step / every);

/** A straight rise over the first steps to what another schedule, or a rate, begins with; that one follows. */
export function warmUp(steps: number, then: Schedule | number): Schedule {
  const after = typeof then === 'number' ? () => then : then;
  return (step) => (step < steps ? (after(0) * (step + 1)) / (steps + 1) : after(step - steps));
}

/**
 * One cycle (Smith and Topin 2018): up from rate / 25 to `rate` over the first share of the steps, then down to almost
 * nothing, both along half a cosine.
 */
export function oneCycle(rate: number, steps: number, { rise = 0.3 }: { rise?: number } = {}): Schedule {
  if (!(rise > 0 && rise < 1)) throw new TesseraError(`oneCycle: the rise must lie within (0, 1), got ${rise}`);
  const top = rise * steps;
  const [first, last] = [rate / 25, rate / 250_000];
  const between = (from: number, to: number, share: number) =>
    from + 0.5 * (to - from) * (1 - Math.cos(Math.PI * share));
  return (step) =>
    step < top ? between(first, rate, step / top) : between(rate, last, Math.min(1, (step - top) / (steps - top)));
}
