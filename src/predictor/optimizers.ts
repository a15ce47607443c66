import type { Multimodal } from '../models/index.js';
import { AdamW, Embedding } from '../nn/index.js';
import type { Variable } from '../tensor/index.js';
import type { TrainingConfig } from './config.js';

/** AdamW for weight matrices and convolution kernels with decay, and for all other parameters without. */
export function optimizersOf(
  model: Multimodal,
  config: TrainingConfig,
  learningRate: (step: number) => number,
): AdamW[] {
  const { weightDecay, clipNorm, averageDecay } = config;
  const tables = new Set(
    [...model.modules()].flatMap((module) => (module instanceof Embedding ? module.parameters() : [])),
  );
  const decays = (parameter: Variable) => parameter.rank > 1 && !tables.has(parameter);
  const options = { learningRate, clipNorm, ...(averageDecay > 0 && { averageDecay }) };
  const parameters = model.parameters();
  return [
    new AdamW(parameters.filter(decays), { ...options, weightDecay }),
    new AdamW(
      parameters.filter((parameter) => !decays(parameter)),
      { ...options, weightDecay: 0 },
    ),
  ];
}
