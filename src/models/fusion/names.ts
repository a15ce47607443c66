/** The names of the fusions; the first is the default. This file loads nothing, for the help. */
export const FUSIONS = [
  'concatenation',
  'addition',
  'gated',
  'film',
  'low-rank',
  'cross-attention',
  'transformer',
] as const;

/** The name of a fusion. */
export type FusionName = (typeof FUSIONS)[number];
