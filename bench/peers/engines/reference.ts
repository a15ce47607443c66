import type { Engine } from '../engine.js';
import { startTessera } from './tessera.js';

/** Not a contestant: what the results of all are compared with. */
export const start = (): Promise<Engine> => startTessera('reference');
