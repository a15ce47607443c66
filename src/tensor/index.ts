export type { Device, HostArray } from '../gpu/device.js';
export { DeviceLostError, KernelError, OutOfMemoryError, TesseraError } from '../gpu/errors.js';
export { DEVICE_CHOICES, type DeviceChoice, type OpenOptions, openDevice } from '../gpu/open.js';
export { grad, valueAndGrad } from './autograd.js';
export { checkFinite } from './check-finite.js';
export { full, type Nested, ones, scalar, tensor, zeros } from './create.js';
export { defaultDevice, setDefaultDevice } from './default-device.js';
export { evaluate, readBack, startReading } from './evaluate.js';
export { type ExplainedDispatch, type Explanation, explain } from './explain.js';
export { Generator } from './generator.js';
export type { DType } from './graph.js';
export * as ops from './ops/index.js';
export {
  adamUpdate,
  arcTangent2 as atan2,
  concat,
  conv2d,
  crossEntropyRows,
  dropout,
  elu,
  gather,
  gelu,
  hardSigmoid,
  type LstmOptions,
  type LstmState,
  leakyRelu,
  lstm,
  matmul,
  maxPool2d,
  momentumUpdate,
  type RandomKey,
  randomNormal,
  randomUniform,
  scatterAdd,
  sgdUpdate,
  silu,
  softplus,
  where,
} from './ops/index.js';
export type { Shape } from './shape.js';
export { type Operand, Tensor } from './tensor.js';
export { Variable } from './variable.js';
