/** Sizes of a training run. */
export interface Preset {
  readonly name: string;
  readonly pixels: number;
  readonly time: number;
  readonly embedding: number;
  readonly units: number;
  readonly filters: number;
  /** Share of the convolution's features dropped while training. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
}

export const PRESETS = {
  /** The Keras model at its own sizes. */
  keras: {
    name: 'keras',
    pixels: 28,
    time: 8,
    embedding: 128,
    units: 128,
    filters: 64,
    dropout: 0.5,
    epochs: 10,
    batch: 32,
    learningRate: 1e-3,
  },
  /** For software adapters: a few minutes on two cores. */
  small: {
    name: 'small',
    pixels: 20,
    time: 6,
    embedding: 32,
    units: 32,
    filters: 16,
    dropout: 0.5,
    epochs: 5,
    batch: 32,
    learningRate: 2e-3,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
