export type { Answer } from '../answers.js';
export type { Explanation, FieldEffect } from '../explain-row.js';
export type { PartEffects } from '../part-effects.js';
export { Predictor } from './predictor.js';
