import type { CategoryState } from '../data/fields/category.js';
import { DATE_VALUES } from '../data/fields/date.js';
import type { KindName } from '../data/fields/field.js';
import type { ImageState } from '../data/fields/image.js';
import { kinds } from '../data/fields/index.js';
import { type NumberState, number } from '../data/fields/number.js';
import { GAPS, type SequenceState } from '../data/fields/sequence.js';
import type { SoundState } from '../data/fields/sound.js';
import type { TagsState } from '../data/fields/tags.js';
import type { TextState } from '../data/fields/text.js';
import { type Schema, type SchemaField, type SchemaTarget, targetOf } from '../data/schema.js';
import type { FusionName } from '../models/fusion/names.js';
import {
  AdditionFusion,
  CategoryEmbedding,
  ClassificationTask,
  ConcatenationFusion,
  CrossAttentionFusion,
  type Encoder,
  FiLMFusion,
  type Fusion,
  GatedFusion,
  type HeadOptions,
  ImageConv,
  ImageResidual,
  ImageViT,
  LowRankFusion,
  Multimodal,
  OrdinalTask,
  PiecewiseLinear,
  RegressionTask,
  SequenceLSTM,
  SequenceTransformer,
  SoundConv,
  SoundCRNN,
  SoundTransformer,
  SoundWaveCNN,
  TagsTask,
  type Task,
  TextBag,
  TextCNN,
  TextGRU,
  TextLSTM,
  TextTransformer,
  TokenConcatenationFusion,
  TranscriptionTask,
  TransformerFusion,
  ValuesMLP,
} from '../models/index.js';
import { TesseraError } from '../tensor/index.js';
import { unknownName } from '../tensor/options.js';

/** The options that the encoders of all kinds share. */
interface Sizes {
  readonly width: number;
  readonly dropout: number;
}

/** Makes an encoder for what was learned of a field, for a task. */
type MakeEncoder<State> = (state: State, sizes: Sizes, target: SchemaTarget) => Encoder;

const textEncoders: Readonly<Record<string, MakeEncoder<TextState>>> = {
  lstm: (state, sizes) => new TextLSTM({ ...ofText(state, sizes), embedding: sizes.width }),
  gru: (state, sizes) => new TextGRU({ ...ofText(state, sizes), embedding: sizes.width }),
  cnn: (state, sizes) => new TextCNN({ ...ofText(state, sizes), embedding: sizes.width }),
  transformer: (state, sizes) => new TextTransformer(ofText(state, sizes)),
  bag: (state, sizes) => new TextBag(ofText(state, sizes)),
};
const ofText = ({ vocabulary, subwords }: TextState, sizes: Sizes) => ({
  ...sizes,
  vocabulary: vocabulary.length + 2,
  subwords,
});

const imageEncoders: Readonly<Record<string, MakeEncoder<ImageState>>> = {
  residual: (_, sizes) => new ImageResidual(sizes),
  conv: (state, { dropout }) => new ImageConv({ image: shapeOf(state), filters: 32, stride: 2, dropout }),
  vit: (state, sizes) => new ImageViT({ ...sizes, image: shapeOf(state), patch: patchOf(state) }),
};
const shapeOf = ({ settings: { size } }: ImageState): readonly [number, number, number] =>
  typeof size === 'number' ? [size, size, 3] : [size[0], size[1], 3];
/** The largest patch up to an eighth of the image that divides its sides. */
function patchOf(state: ImageState): number {
  const [height, width] = shapeOf(state);
  let patch = Math.max(1, Math.floor(Math.min(height, width) / 8));
  while (height % patch !== 0 || width % patch !== 0) patch--;
  return patch;
}

const soundEncoders: Readonly<Record<string, MakeEncoder<SoundState>>> = {
  conv: ({ sampleRate }, sizes, target) => new SoundConv({ ...sizes, sampleRate, ...maskedOf(target) }),
  crnn: ({ sampleRate }, sizes, target) =>
    new SoundCRNN({ ...sizes, sampleRate, ...maskedOf(target), subsampling: isOfWords(target) ? 8 : 4 }),
  wave: ({ sampleRate }, sizes) => new SoundWaveCNN({ ...sizes, sampleRate }),
  transformer: ({ sampleRate }, sizes, target) => new SoundTransformer({ ...sizes, sampleRate, ...maskedOf(target) }),
};
/** What is hidden in training must not be a whole word of a transcript. */
const maskedOf = ({ kind }: SchemaTarget) => (kind === 'text' ? { masked: 0.05 } : {});
/** A word lasts longer than a character: fewer tokens do. */
const isOfWords = ({ kind, settings: { symbols } }: SchemaTarget) => kind === 'text' && symbols === 'words';

const sequenceEncoders: Readonly<Record<string, MakeEncoder<SequenceState>>> = {
  lstm: (state, sizes) => new SequenceLSTM({ ...sizes, ...ofEvents(state) }),
  transformer: (state, sizes) => new SequenceTransformer({ ...sizes, ...ofEvents(state) }),
};
const ofEvents = ({ scales, values }: SequenceState) => ({
  numbers: scales.length,
  categories: values.map(({ length }) => length + 2),
  gaps: GAPS,
});

const valuesEncoders = <State>(count: (state: State) => number): Readonly<Record<string, MakeEncoder<State>>> => ({
  mlp: (state, sizes) => new ValuesMLP({ inputs: count(state), ...sizes }),
});

/** The encoders of each kind of field by name; the first is the default. */
const ENCODERS = {
  text: textEncoders,
  image: imageEncoders,
  sound: soundEncoders,
  sequence: sequenceEncoders,
  number: {
    piecewise: ({ edges }: NumberState) => new PiecewiseLinear({ edges }),
    ...valuesEncoders(() => 1),
  },
  boolean: { value: () => new PiecewiseLinear(), ...valuesEncoders(() => 1) },
  date: valuesEncoders(() => DATE_VALUES),
  tags: valuesEncoders(({ tags }: TagsState) => tags.length),
  category: {
    embedding: ({ values }: CategoryState) => new CategoryEmbedding({ categories: values.length + 2 }),
  },
} as Readonly<Record<KindName, Readonly<Record<string, MakeEncoder<unknown>>>>>;

type FusionSizes = Sizes & { readonly inputs: readonly number[] };

const FUSION_OF: Readonly<Record<FusionName, (sizes: FusionSizes) => Fusion>> = {
  concatenation: (sizes) => new ConcatenationFusion(sizes),
  addition: (sizes) => new AdditionFusion(sizes),
  gated: (sizes) => new GatedFusion(sizes),
  film: (sizes) => new FiLMFusion(sizes),
  'low-rank': (sizes) => new LowRankFusion(sizes),
  'cross-attention': (sizes) => new CrossAttentionFusion(sizes),
  transformer: (sizes) => new TransformerFusion(sizes),
};

/** The names of the encoders of a kind of field; the first is the default. */
export const encodersOf = (kind: KindName): readonly string[] => Object.keys(ENCODERS[kind]);

/** How the model of a run is built. */
export interface ModelConfig {
  /** The encoders by column or kind, where it is not the default of the kind. */
  readonly encoders: Readonly<Record<string, string>>;
  readonly fusion: FusionName;
  /** The size of the features of each field, and of the fused vector. */
  readonly width: number;
  /** The number of units of a hidden layer between the fused vector and the outputs; 0 for none. */
  readonly hidden: number;
  /** The rate of the dropout of features, within [0, 1). */
  readonly dropout: number;
  /** The probability that training leaves out a field of a row, within [0, 1). */
  readonly modalityDropout: number;
}

/** Options of `buildModel`. */
export interface BuildOptions {
  /** The seed of the initial values and of all dropouts. */
  readonly seed: number;
  /** The weight of each class in the loss. Default: all weigh the same. */
  readonly classWeights?: readonly number[];
  /** The size of the fused vector. Default: that of the features. */
  readonly fusionWidth?: number;
}

/**
 * Builds the model for the fields and the target of a schema with states, y = h(g(f1(x1), ..., fn(xn))).
 * @throws TesseraError if there is no target or no field, an encoder is not one of its field's kind, or a transcript is
 * to be fused by other than concatenation.
 */
export function buildModel(schema: Schema, config: ModelConfig, options: BuildOptions): Multimodal {
  const { width, hidden, dropout } = config;
  const { seed, classWeights, fusionWidth = width } = options;
  checkModel(schema, config);
  const encoders = Object.fromEntries(
    schema.fields.map((field) => {
      const { column, kind, state } = field;
      const name = encoderName(schema, field, config);
      return [column, ENCODERS[kind][name](kinds[kind].parseState(state), { width, dropout }, targetOf(schema))];
    }),
  );
  const inputs = Object.values(encoders).map((encoder) => encoder.width);
  const fusion = fusionOf(schema, config, { inputs, width: fusionWidth, dropout });
  const modalityDropout = schema.fields.length > 1 ? config.modalityDropout : 0;
  const head = { inputs: fusion.width, ...(hidden > 0 && { hidden, dropout }) };
  const task = taskOf(targetOf(schema), head, classWeights);
  return new Multimodal({ encoders, fusion, task, modalityDropout, seed });
}

/**
 * @throws TesseraError if an encoder is chosen for what is neither a field nor a kind of field, or is not one of that
 * kind, or a transcript is to be fused by other than concatenation.
 */
export function checkModel({ fields, target }: Schema, { encoders, fusion }: ModelConfig): void {
  if (target?.kind === 'text' && fusion !== 'concatenation')
    throw new TesseraError(`--fusion ${fusion}: a target of texts is predicted by concatenation; leave the flag out`);
  for (const [name, encoder] of Object.entries(encoders)) {
    const chosen = fields.filter(({ column, kind }) => column === name || kind === name);
    if (chosen.length === 0) {
      const known = fields.flatMap(({ column, kind }) => [column, kind]);
      throw unknownName(`--encoder ${name}=${encoder}`, 'field or kind', name, [...new Set(known)]);
    }
    for (const { kind } of chosen)
      if (!Object.hasOwn(ENCODERS[kind], encoder))
        throw unknownName(`--encoder ${name}=${encoder}`, `${kind} encoder`, encoder, encodersOf(kind));
  }
}

/**
 * The name of the encoder chosen for a field or its kind, or the default of its kind; of sounds whose transcript is
 * predicted, the one whose tokens know what comes before and after them.
 */
export function encoderName(schema: Schema, { column, kind }: SchemaField, { encoders }: ModelConfig): string {
  const own = [column, kind].find((name) => Object.hasOwn(encoders, name));
  if (own !== undefined) return encoders[own];
  return kind === 'sound' && targetOf(schema).kind === 'text' ? 'crnn' : encodersOf(kind)[0];
}

/** The fusion chosen; for a transcript, that of the tokens of the column of sounds with the other fields. */
function fusionOf(schema: Schema, config: ModelConfig, sizes: FusionSizes): Fusion {
  if (targetOf(schema).kind !== 'text') return FUSION_OF[config.fusion](sizes);
  const field = schema.fields.findIndex(({ kind }) => kind === 'sound');
  return new TokenConcatenationFusion({ ...sizes, field });
}

function taskOf(
  { kind, classes = [], state }: SchemaTarget,
  head: HeadOptions,
  classWeights: readonly number[] | undefined,
): Task {
  switch (kind) {
    case 'category':
      return new ClassificationTask({
        ...head,
        classes: classes.length,
        classWeights,
      });
    case 'ordinal':
      return new OrdinalTask({ ...head, classes: classes.length });
    case 'tags':
      return new TagsTask({ ...head, tags: classes.length });
    case 'text':
      return new TranscriptionTask({ ...head, symbols: classes.length });
    case 'number': {
      const { mean, deviation } = number.parseState(state);
      return new RegressionTask({ ...head, mean, deviation });
    }
  }
}
