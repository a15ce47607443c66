import { lstmSequence, lstmSequenceBackward } from '../../../src/kernels/lstm/sequence.js';
import { lstmCell, lstmCellSubgroup, lstmCellVec4 } from '../../../src/kernels/lstm/step.js';
import {
  lstmCellBackward,
  lstmCellBackwardSubgroup,
  lstmCellBackwardVec4,
} from '../../../src/kernels/lstm/step-backward.js';
import type { KernelCase } from '../../support/kernels.js';
import { normals } from '../../support/numbers.js';

// LSTM.
export const lstm = (
  [
    [lstmCell, lstmCellBackward, 1, 1],
    [lstmCell, lstmCellBackward, 3, 5],
    [lstmCell, lstmCellBackward, 2, 67],
    [lstmCellVec4, lstmCellBackwardVec4, 1, 4],
    [lstmCellVec4, lstmCellBackwardVec4, 4, 4],
    [lstmCellVec4, lstmCellBackwardVec4, 3, 8],
    [lstmCellVec4, lstmCellBackwardVec4, 5, 36],
    [lstmCellVec4, lstmCellBackwardVec4, 2, 128],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 1, 4],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 17, 32],
    [lstmCellSubgroup, lstmCellBackward, 18, 7],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 19, 36],
    [lstmCellSubgroup, lstmCellBackwardSubgroup, 2, 128],
    [lstmSequence, lstmSequenceBackward, 1, 4],
    [lstmSequence, lstmSequenceBackward, 3, 36],
    [lstmSequence, lstmSequenceBackward, 2, 132],
    [lstmSequence, lstmSequenceBackward, 0, 4],
  ] as const
).flatMap(([forward, backward, batch, hidden_size]): KernelCase[] => {
  const time = 3;
  const states = (time + 1) * batch * hidden_size;
  const gates = 4 * time * batch * hidden_size;
  const recurrent = normals(4 * hidden_size ** 2, 9).map((value) => value / Math.sqrt(hidden_size));
  // Behind the last step the mask says padding: it is not to be asked there.
  const mask = Float32Array.from({ length: (time + 1) * batch }, (_, index) =>
    index % 3 === 1 || index >= time * batch ? 0 : 1,
  );
  const within = normals(gates, 5).map((value) => 1 / (1 + Math.exp(-value)));
  const note = `batch ${batch}, hidden ${hidden_size}`;
  const forwardBuffers = {
    x_gates: gates,
    recurrent,
    mask,
    gates: new Float32Array(gates),
    hidden: normals(states, 3),
    cells: normals(states, 4),
  };
  const backwardCase = {
    buffers: {
      recurrent,
      gates: within,
      cells: states,
      mask,
      dhidden: states,
      dcells: states,
      state: normals(states + batch * hidden_size, 6),
      dgates: normals(gates, 7),
    },
    tolerance: { absolute: 1e-4, relative: 1e-4 },
  };
  if (forward === lstmSequence)
    return [
      { kernel: forward, note, values: { time, batch, hidden_size }, buffers: forwardBuffers },
      { kernel: backward, note, values: { time, batch, hidden_size }, ...backwardCase },
    ];
  return [0, 1, 2, 3].flatMap((step): KernelCase[] => [
    ...(step < time
      ? [
          {
            kernel: forward,
            note: `${note}, step ${step}`,
            values: { step, batch, hidden_size },
            buffers: forwardBuffers,
          },
        ]
      : []),
    { kernel: backward, note: `${note}, step ${step}`, values: { step, time, batch, hidden_size }, ...backwardCase },
  ]);
});
