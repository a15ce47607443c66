import { type Device, openDevice } from '../../src/tensor/index.js';

/** The adapter that is there. Where there is none, the tests of kernels compare the reference with itself. */
export const gpu: Device = await openDevice();
export const reference: Device = await openDevice({ device: 'reference' });
