import { counted } from '../predictor/report/numbers.js';
import type { Baselines } from './baselines.js';
import type { GPTModelConfig, GPTTrainingConfig } from './config.js';
import type { EvaluationRecord } from './progress.js';

/** What is known of a run at its end, `report.json` in its folder. */
export interface GPTReport {
  /** The folder of the run, when it ended, and what began it. */
  readonly run: string;
  readonly date: string;
  readonly command: string;
  /** The versions of the program and of Node. */
  readonly versions: Readonly<Record<string, string>>;
  readonly adapter: string;
  readonly seed: number;
  /** The text: its files, its characters, and the tokens of its parts. */
  readonly text: {
    readonly files: readonly string[];
    readonly characters: number;
    /** What a token is: `character`. */
    readonly unit: string;
    readonly vocabulary: number;
    readonly train: number;
    readonly validation: number;
    /** The tokens for each character of the held-out text. */
    readonly tokensPerCharacter: number;
  };
  readonly model: GPTModelConfig;
  readonly training: GPTTrainingConfig;
  readonly parameters: number;
  readonly steps: number;
  readonly stepMilliseconds: number;
  /** The step whose parameters are kept. */
  readonly keptStep: number;
  /** The losses of the kept parameters in nats a token: of random blocks of both parts, and of the whole held-out text. */
  readonly loss: { readonly train: number; readonly validation: number; readonly wholeValidation: number };
  /** The losses of models that see at most one token, on the whole held-out text. */
  readonly baselines: Baselines;
  readonly history: readonly EvaluationRecord[];
}

/** A loss in bits a character, from nats a token. */
export const bitsPerCharacter = (loss: number, { tokensPerCharacter }: GPTReport['text']): number =>
  (loss * tokensPerCharacter) / Math.LN2;

/** The losses beside the baselines, in nats a token, by what they are of. */
export function lossesOf({ loss, baselines, training }: GPTReport): [name: string, nats: number][] {
  const { evaluationBatches, batch } = training;
  const random = `${evaluationBatches} random batch${evaluationBatches === 1 ? '' : 'es'} of ${counted(batch, 'block')}`;
  return [
    ['model, whole held-out text', loss.wholeValidation],
    [`model, held-out text, ${random}`, loss.validation],
    [`model, training text, ${random}`, loss.train],
    ['bigrams, whole held-out text', baselines.bigram],
    ['unigrams, whole held-out text', baselines.unigram],
    ['uniform', baselines.uniform],
  ];
}

/** The result in one sentence: whether the model is better than the bigrams of its text. */
export function verdictOf({ loss, baselines, text }: GPTReport): string {
  const { wholeValidation } = loss;
  const difference = Math.abs(baselines.bigram - wholeValidation).toFixed(3);
  const beside =
    wholeValidation < baselines.bigram ? `${difference} less than bigrams` : `${difference} more than bigrams`;
  return `${wholeValidation.toFixed(3)} nats a token on the held-out text, ${beside}; ${bitsPerCharacter(wholeValidation, text).toFixed(3)} bits a character`;
}
