import {
  type ChosenSettings,
  type GPTModelConfig,
  type GPTTrainingConfig,
  parseSettings,
  settingsOf,
} from '../../gpt/config.js';
import type { PresetName } from '../../gpt/presets.js';
import { readJson } from '../../predictor/node/run-files.js';
import { defined } from '../defined.js';
import type { GPTTrainOptions, ModelFlags, TrainingFlags } from './options.js';

/** The settings of a run: those of the preset, changed by the file of `--config`, and by the flags. */
export async function chosenSettings(
  options: GPTTrainOptions,
  preset: PresetName,
): Promise<{ readonly model: GPTModelConfig; readonly training: GPTTrainingConfig; readonly seed: number }> {
  const file: ChosenSettings & { readonly seed?: number } =
    options.config === undefined ? {} : await readJson(options.config, parseSettings);
  const settings = settingsOf(preset, {
    model: { ...file.model, ...modelFlags(options) },
    training: { ...file.training, ...trainingFlags(options) },
  });
  return { ...settings, seed: options.seed ?? file.seed ?? 0 };
}

function modelFlags(flags: ModelFlags): Partial<GPTModelConfig> {
  const { layers, heads, width, block, dropout, bias, positions, recompute } = flags;
  return defined({ layers, heads, width, block, dropout, bias, positions, recompute });
}

function trainingFlags(flags: TrainingFlags): Partial<GPTTrainingConfig> {
  const { steps, batch, accumulate, learningRate, finalLearningRate, warmUp, weightDecay, clipNorm, beta2 } = flags;
  const { evaluateEvery, evaluationBatches, sampleLength } = flags;
  return defined({
    ...{ steps, batch, accumulate, learningRate, finalLearningRate, warmUp, weightDecay, clipNorm, beta2 },
    ...{ evaluateEvery, evaluationBatches, sampleLength },
  });
}
