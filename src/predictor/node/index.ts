export type { Answer } from '../answers.js';
export { Predictor } from './predictor.js';
