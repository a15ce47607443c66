import { METRICS } from '../predictor/metrics.js';
import { percent } from './terminal.js';

/** A metric as it is written: 68.3%, or 0.1234. */
export const shownMetric = (name: string, value: number): string =>
  METRICS[name].isFraction ? percent(value) : String(Number(value.toPrecision(4)));
