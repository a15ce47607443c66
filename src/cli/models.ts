/** The models for `explain`, `profile` and `tune`, which run on random data. */
export const MODELS = ['sigma-fusion', 'text-image-classifier'] as const;
/** The name of such a model. */
export type ModelName = (typeof MODELS)[number];
