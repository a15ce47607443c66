import type { KernelFamily } from '../../src/cli/bench.js';
import { attentionCases } from './attention.js';
import type { KernelCase } from './case.js';
import { conv2dCases } from './conv2d.js';
import { crossEntropyCases } from './cross-entropy.js';
import { ctcCases } from './ctc.js';
import { depthwiseCases } from './depthwise.js';
import { elementwiseCases } from './elementwise.js';
import { gatherCases } from './gather.js';
import { layerNormCases } from './layer-norm.js';
import { lstmCases } from './lstm.js';
import { matmulCases } from './matmul.js';
import { movementCases } from './movement.js';
import { optimizerCases } from './optimizers.js';
import { reductionCases } from './reduction.js';
import { softmaxCases } from './softmax.js';

/** The cases of each family of kernels, by the name that the command line knows. */
export const FAMILIES: Readonly<Record<KernelFamily, readonly KernelCase[]>> = {
  matmul: matmulCases,
  conv2d: conv2dCases,
  depthwise: depthwiseCases,
  softmax: softmaxCases,
  'layer-norm': layerNormCases,
  reduction: reductionCases,
  lstm: lstmCases,
  attention: attentionCases,
  'cross-entropy': crossEntropyCases,
  ctc: ctcCases,
  elementwise: elementwiseCases,
  movement: movementCases,
  gather: gatherCases,
  optimizers: optimizerCases,
};

/** The cases of a family that a run times. */
export const casesOf = (
  family: KernelFamily,
  { quick, software }: { readonly quick: boolean; readonly software: boolean },
): KernelCase[] => FAMILIES[family].filter(({ when }) => (quick ? when === 'quick' : when !== 'large' || !software));
