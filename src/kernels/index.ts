export { addParts } from './add-parts.js';
export { attentionForward } from './attention.js';
export { attentionKeyGradient, attentionQueryGradient } from './attention-gradient.js';
export { attentionProbabilities, attentionSlopes } from './attention-naive.js';
export { composeElementwise } from './compose.js';
export { conv2dHalves, conv2dRegister } from './conv2d.js';
export { conv2dSubgroup } from './conv2d-subgroup.js';
export { crossEntropyBackward, crossEntropyForward } from './cross-entropy.js';
export * as elementwise from './elementwise.js';
export * as functions from './functions.js';
export { gatherRows, rowStarts, sumRows } from './gather.js';
export { groupedConv2d } from './grouped-conv2d.js';
export { fuse } from './hooks.js';
export { layerNormBackward, layerNormForward } from './layer-norm.js';
export { layerNormNaive } from './layer-norm-naive.js';
export { lstmCell, lstmCellFours, lstmCellSubgroup } from './lstm.js';
export { lstmCellBackward, lstmCellBackwardFours, lstmCellBackwardSubgroup } from './lstm-gradient.js';
export { lstmSequence, lstmSequenceBackward } from './lstm-sequence.js';
export { matmulHalves, matmulNaive, matmulRegister, matmulTiled } from './matmul.js';
export { matmulDirect } from './matmul-direct.js';
export { matmulSubgroup, matmulSubgroupHalves } from './matmul-subgroup.js';
export { matmulSubgroupMatrix } from './matmul-subgroup-matrix.js';
export { matmulWide, matmulWideHalves } from './matmul-wide.js';
export { maxPoolBackward, maxPoolForward } from './max-pool.js';
export { fills, stridedCopies, stridedCopiesOfHalves } from './movement.js';
export {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
} from './optimizers.js';
export { normal, uniform } from './random.js';
export { argmaxColumns, reductions } from './reduce.js';
export { measureRoofs, type Roofs, roofKernels, timeAtRoof } from './roofs.js';
export { cumulativeSum } from './scan.js';
export { logSoftmaxBackward, logSoftmaxForward, softmaxBackward, softmaxForward } from './softmax.js';
export { softmaxNaive } from './softmax-naive.js';
export { argsort } from './sort.js';
