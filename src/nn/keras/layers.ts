import { multiHeadAttention, positionalEmbedding, transformerBlock } from './layers/attention.js';
import {
  averagePooling2d,
  conv1d,
  conv2d,
  conv2dTranspose,
  depthwiseConv2d,
  globalAveragePooling2d,
  globalMaxPooling2d,
  maxPooling2d,
  upSampling2d,
} from './layers/convolution.js';
import {
  activation,
  dense,
  dropout,
  embedding,
  flatten,
  globalAveragePooling1d,
  permute,
  reshape,
  timeDistributed,
} from './layers/core.js';
import { add, average, concatenate, lambda, maximum, minimum, multiply, subtract } from './layers/merge.js';
import {
  batchNormalization,
  groupNormalization,
  layerNormalization,
  rmsNormalization,
} from './layers/normalization.js';
import { bidirectional, gru, lstm } from './layers/recurrent.js';

/** Layers by the names and with the options of Keras. */
export const layers = {
  ...{ dense, embedding, flatten, reshape, permute, dropout, activation, timeDistributed },
  ...{ lstm, gru, bidirectional },
  ...{ conv1d, conv2d, depthwiseConv2d, conv2dTranspose, upSampling2d },
  ...{ maxPooling2d, averagePooling2d, globalMaxPooling2d, globalAveragePooling2d, globalAveragePooling1d },
  ...{ batchNormalization, layerNormalization, rmsNormalization, groupNormalization },
  ...{ multiHeadAttention, transformerBlock, positionalEmbedding },
  ...{ concatenate, add, subtract, multiply, average, maximum, minimum, lambda },
} as const;
