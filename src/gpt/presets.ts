/** The presets of `tessera gpt train`: nanoGPT's settings for characters on a CPU and on a GPU. */
export const PRESETS = ['cpu', 'gpu'] as const;
/** One of `PRESETS`. */
export type PresetName = (typeof PRESETS)[number];
