import { type Advantage, METRICS } from '../metrics.js';
import { counted, differenceText, intervalText, metricText } from './numbers.js';
import type { Report } from './report.js';

/**
 * How good a model is, in a sentence, as the first line of its page and of what training prints. It begins with the
 * linear baseline where there is one that is not clearly worse.
 */
export function verdictOf(report: Report): string {
  const { metric, metrics, intervals, baselines, advantages, rows, target } = report;
  const { title } = METRICS[metric];
  const value = metrics.test[metric];
  const interval = intervals.test[metric];
  const reached = `${title} ${metricText(metric, value)}${interval ? ` (95% interval ${intervalText(metric, interval)})` : ''}`;
  const where = `on ${counted(rows.test, 'test row')}`;
  const { majority } = advantages;
  const nothing = {
    classification: 'the most frequent class',
    regression: 'the mean',
    tags: 'the most frequent tags',
    transcription: 'the most frequent transcript',
  }[report.task];
  const useless = majority.value > 0 ? '' : ` It is no better than always predicting ${nothing}.`;
  if (baselines.linear === undefined || advantages.linear === undefined)
    return `The model predicts '${target}' with ${reached} ${where}.${useless}`;
  const linear = metricText(metric, baselines.linear[metric]);
  switch (outcome(advantages.linear)) {
    case 'better':
      return `The model predicts '${target}' with ${reached} ${where}, ${differenceText(metric, advantages.linear.value)} better than a linear model.${useless}`;
    case 'unclear':
      return `The model is not clearly better than a linear model: ${reached} against ${linear} ${where}; the difference may be chance.${useless}`;
    case 'worse':
      return `The model does not beat a linear model: ${reached} against ${linear} ${where}.${useless}`;
  }
}

/** Compares a model with a baseline. A gain without an interval, such as on a single group of rows, is not clear. */
export function outcome({ value, interval }: Advantage): 'better' | 'unclear' | 'worse' {
  if (value <= 0) return 'worse';
  return interval !== undefined && interval[0] > 0 ? 'better' : 'unclear';
}
