export { attentionForward } from './attention/attention.js';
export { attentionKeyBackward, attentionQueryBackward } from './attention/backward.js';
export { attentionProbabilities, attentionScoresBackward } from './attention/unfused.js';
export { conv2dF16, conv2dRegister } from './conv/conv2d.js';
export { depthwiseConv2d } from './conv/depthwise.js';
export { groupedConv2d } from './conv/grouped.js';
export { maxPoolBackward, maxPoolForward } from './conv/max-pool.js';
export { conv2dSubgroup } from './conv/subgroup.js';
export { ctc } from './ctc.js';
export { composeElementwise } from './elementwise/compose.js';
export { composeElementwiseCpu } from './elementwise/compose-cpu.js';
export * as functions from './elementwise/functions.js';
export { fuse } from './elementwise/fusion.js';
export { normal, uniform } from './elementwise/random.js';
export * as elementwise from './elementwise/table.js';
export { lstmSequence, lstmSequenceBackward } from './lstm/sequence.js';
export { lstmCell, lstmCellSubgroup, lstmCellVec4 } from './lstm/step.js';
export { lstmCellBackward, lstmCellBackwardSubgroup, lstmCellBackwardVec4 } from './lstm/step-backward.js';
export { addParts } from './matmul/add.js';
export { matmulDirect } from './matmul/direct-cpu.js';
export { matmulF16, matmulNaive, matmulRegister, matmulTiled } from './matmul/matmul.js';
export { matmulSubgroup, matmulSubgroupF16 } from './matmul/subgroup.js';
export { matmulSubgroupMatrix } from './matmul/subgroup-matrix.js';
export { matmulWide, matmulWideF16 } from './matmul/wide.js';
export { fills, stridedCopies, stridedCopiesF16 } from './movement.js';
export { fillsCpu, stridedCopiesCpu, stridedCopiesF16Cpu } from './movement-cpu.js';
export {
  adagradUpdate,
  adamUpdate,
  momentumUpdate,
  nesterovUpdate,
  rmspropUpdate,
  sgdUpdate,
} from './optimizers.js';
export { gatherRows, rowStarts, sumRows } from './reduce/gather.js';
export { argmaxColumns, reductions } from './reduce/reduce.js';
export { rowsCpu } from './reduce/rows-cpu.js';
export { cumsum } from './reduce/scan.js';
export { argsort } from './reduce/sort.js';
export { measureRoofs, type Roofs, roofKernels, timeAtRoof } from './roofline.js';
export { crossEntropyBackward, crossEntropyForward } from './rows/cross-entropy.js';
export { layerNormBackward, layerNormForward, layerNormNaive } from './rows/layer-norm.js';
export {
  logSoftmaxBackward,
  logSoftmaxForward,
  softmaxBackward,
  softmaxForward,
  softmaxNaive,
} from './rows/softmax.js';
export { sliceUpdates } from './slice-update.js';
