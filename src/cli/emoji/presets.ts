/** The sizes and settings of a training run. */
export interface Preset {
  readonly name: string;
  readonly pixels: number;
  readonly time: number;
  readonly embedding: number;
  readonly units: number;
  readonly filters: number;
  /** The dropout rate of the convolution's features. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
}

/** The presets by name. */
export const PRESETS = {
  /** The sizes of the Keras model. */
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
  /** Sizes for software adapters, with which training takes a few minutes on two cores. */
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

/** The name of a preset. */
export type PresetName = keyof typeof PRESETS;
