import type { Predictions } from './metrics/predictions.js';
import { type StudyModel, scoreOf } from './study.js';
import { type Difference, differenceOf, type Spread, spreadOf } from './study-statistics.js';

/** The trainings of one model. */
export interface StudiedModel {
  readonly model: StudyModel;
  /** Its predictions of the test rows, one for each seed, in the same order for all models. */
  readonly clean: readonly Predictions[];
  /** The same after training on labels of which a share is wrong; none where that is not studied. */
  readonly noisy: readonly Predictions[];
  /** The metric without each field, for each seed. */
  readonly without: readonly Readonly<Record<string, number>>[];
}

/** What a study says of a model. */
export interface StudyRow {
  readonly name: string;
  readonly parameters: number;
  /** The headline metric on the test rows. */
  readonly score: Spread;
  /** By how much it is better than the first model; that one has none. */
  readonly difference?: Difference;
  /** The mean metric where one of the fields is absent from all rows; a model of one field has none. */
  readonly withoutOne?: Spread;
  /** The metric after training on wrong labels. */
  readonly noisy?: Spread;
}

/** Sums a study up: each model beside the first one. @throws TesseraError if models have other seeds or rows. */
export function summarize(models: readonly StudiedModel[], seed: number): StudyRow[] {
  const [first] = models;
  return models.map(({ model: { name, parameters }, clean, noisy, without }, at) => {
    const withoutOne = without.map((scores) => spreadOf(Object.values(scores)).mean);
    return {
      name,
      parameters,
      score: spreadOf(clean.map(scoreOf)),
      ...(at > 0 && { difference: differenceOf(clean, first.clean, { seed, comparisons: models.length - 1 }) }),
      ...(withoutOne.every((mean) => !Number.isNaN(mean)) && { withoutOne: spreadOf(withoutOne) }),
      ...(noisy.length > 0 && { noisy: spreadOf(noisy.map(scoreOf)) }),
    };
  });
}
