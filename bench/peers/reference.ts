import type { Engine } from '../contest/engine.js';
import { startTessera } from './tessera.js';

/** Not a contestant: what the others' results are compared with. */
export const start = (): Promise<Engine> => startTessera('reference');
