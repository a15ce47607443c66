import type { Predictions, TaskName } from '../../src/predictor/metrics.js';
import { surestMistakes } from '../../src/predictor/mistakes.js';
import { assess } from '../../src/predictor/report/assess.js';
import type { Report } from '../../src/predictor/report/report.js';
import { slicesOf } from '../../src/predictor/slices.js';
import { Generator } from '../../src/tensor/index.js';

/** What a sample report is of. */
export interface SampleOptions {
  readonly task: TaskName;
  /** Names of classes or tags. */
  readonly names?: readonly string[];
  readonly rows?: number;
  /** How much the model and the linear baseline know, from 0 to 1. */
  readonly skill?: number;
  readonly linearSkill?: number;
}

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==';

/** A report of made-up predictions, the same for the same options. */
export function sampleReport({
  task,
  names = ['car', 'pear', 'door'],
  rows = 300,
  skill = 0.7,
  linearSkill = 0.5,
}: SampleOptions): Report {
  const made = (own: number, seed: number) => predictionsOf(task, names, rows, own, new Generator(seed));
  // The same seed gives the same targets.
  const [test, linear, majority] = [skill, linearSkill, 0].map((own) => made(own, 11));
  const validation = made(skill, 12);
  const assessment = assess({ validation, test, majority, ...(task !== 'transcription' && { linear }) }, { seed: 1 });
  const score = assessment.metrics.test[assessment.metric];
  return {
    version: 1,
    run: 'runs/fruit',
    date: '2026-01-02T03:04:05.000Z',
    command: 'tessera train fruit.csv --target label --minutes 5',
    versions: { 'tessera-gpu': '0.1.0', node: '20.9.0' },
    adapter: 'llvmpipe, software',
    seed: 1,
    task,
    target: 'label',
    rows: { train: 2400, validation: rows, test: rows },
    split: 'at random, with the same share of each class in every part (seed 1)',
    fields: [
      { name: 'photo', kind: 'image', missing: 0.02, note: '64 x 64 pixels' },
      { name: 'title', kind: 'text', missing: 0, note: '812 known words, cut at 16' },
      { name: 'price', kind: 'number', missing: 0.31, note: 'mean 12.1, deviation 3.02' },
    ],
    warnings: ["'id' has another value in every row", "the class 'door' has few rows"],
    ...((task === 'classification' || task === 'tags') && {
      balance: names.map((name, at) => ({ name, rows: { train: 900 - 7 * at, validation: 40, test: 38 } })),
    }),
    contributions: {
      rows,
      all: score,
      fields: [
        { name: 'photo', alone: score * 0.8, without: score * 0.6 },
        { name: 'title', alone: score * 0.7, without: score * 0.75 },
        { name: 'price', alone: score * 0.3, without: score * 1.01 },
      ],
    },
    curves: Array.from({ length: 12 }, (_, at) => ({
      step: 75 * (at + 1),
      trainLoss: 1.2 / (at + 1) + 0.1,
      ...(task === 'classification' && { validationLoss: 1.1 / (at + 1) + 0.2 + 0.02 * at }),
      validation: task === 'regression' ? score * (1 + 1 / (at + 1)) : score * (1 - 0.5 / (at + 1)),
    })),
    mistakes: surestMistakes(test, 6).map((mistake, at) => ({
      ...mistake,
      place: `fruit.csv, row ${mistake.row + 1}`,
      values: [
        { name: 'photo', text: `photos/${mistake.row}.png` },
        { name: 'title', text: at === 0 ? 'long words and many '.repeat(30) : `title ${mistake.row}` },
        { name: 'price', text: '12.50' },
      ],
      images: at % 3 === 2 ? [] : [{ name: 'photo', url: PIXEL }],
    })),
    slices: slicesOf(
      test,
      [
        { name: 'price', values: Array.from({ length: rows }, (_, row) => (row % 5 === 0 ? undefined : row)) },
        {
          name: 'shop',
          values: Array.from({ length: rows }, (_, row) => ['north', 'south', 'a shop with a long name'][row % 3]),
        },
      ],
      assessment.metric,
      { seed: 1 },
    ),
    steps: 900,
    keptStep: 900,
    stepMilliseconds: 41.2,
    batch: 32,
    deviceBytes: 123_456_789,
    parameters: 1_234_567,
    ...assessment,
  };
}

function predictionsOf(
  task: TaskName,
  names: readonly string[],
  rows: number,
  skill: number,
  generator: Generator,
): Predictions {
  const width = names.length;
  const uniform = () => generator.uniform();
  switch (task) {
    case 'classification': {
      const targets = Array.from({ length: rows }, () => Math.floor(width * uniform() ** 1.5));
      const outputs = targets.flatMap((target) => {
        const scores = names.map((_, at) => 0.05 + uniform() + (at === target ? skill : 0));
        const sum = scores.reduce((all, score) => all + score ** 4, 0);
        return scores.map((score) => score ** 4 / sum);
      });
      return { task, classes: names, targets, outputs };
    }
    case 'tags': {
      const targets = Array.from({ length: rows * width }, () => (uniform() < 0.4 ? 1 : 0));
      return {
        task,
        tags: names,
        targets,
        outputs: targets.map((target) => skill * 0.7 * target + (1 - 0.7 * skill) * uniform()),
      };
    }
    case 'regression': {
      const targets = Array.from({ length: rows }, () => 1000 * uniform());
      return {
        task,
        targets,
        outputs: targets.map((target) => 500 + skill * (target - 500) + 300 * (1 - skill) * (uniform() - 0.5)),
      };
    }
    case 'transcription': {
      const draw = () => names[Math.floor(width * uniform())];
      const targets = Array.from({ length: rows }, () => [draw(), draw(), draw()]);
      const outputs = targets.map((words) => words.map((word) => (uniform() < skill ? word : draw())));
      return {
        task,
        targets: targets.map((words) => words.join(' ')),
        outputs: outputs.map((words) => words.join(' ')),
      };
    }
  }
}
