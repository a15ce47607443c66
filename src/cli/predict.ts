import { normalize, Vocabulary, words } from '../data/index.js';
import { readImage } from '../data/node/index.js';
import { type DeviceChoice, TesseraError, tensor } from '../tensor/index.js';
import { underPrefix } from './checkpoint.js';
import { withDevice } from './device.js';
import { loadFinished } from './evaluate.js';
import { percent, Terminal, table } from './terminal.js';
import { modelOf } from './training.js';

/** The options of `tessera predict`. */
export interface PredictOptions {
  readonly checkpoint: string;
  readonly top: number;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera predict`, which prints the most probable classes of an image with a text. Returns the exit code. */
export async function predict(
  image: string,
  text: string,
  { checkpoint: file, top, device: choice, json = false }: PredictOptions,
): Promise<number> {
  const terminal = new Terminal(json);
  const { run, tensors } = await loadFinished(file);
  const { pixels, time } = run.preset;
  const input = normalize(await readImage(image, [pixels, pixels, 3]), run.statistics);
  const removed = new Set(run.removedWords);
  const known = words(text).filter((word) => !removed.has(word));
  if (known.length === 0) {
    throw new TesseraError(
      `predict: the text '${text}' has no usable words${words(text).length > 0 ? ' (its words were removed from training because they leak the class)' : ''}; give a few words`,
    );
  }
  const encoded = new Vocabulary(run.words).encode([known.join(' ')], time);
  return withDevice(choice, terminal, async (device) => {
    const model = modelOf(run, 'both').eval();
    model.loadState(underPrefix(tensors, 'both.model.'));
    const logits = model.forward({
      tokens: tensor(encoded.tokens, [1, time]),
      mask: tensor(encoded.mask, [1, time]),
      images: tensor(input, [1, pixels, pixels, 3]),
    });
    const probabilities = Array.from(await logits.softmax().data());
    const ranked = run.classes
      .map((name, index) => ({ class: name, probability: probabilities[index] }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top);
    terminal.print(
      table(
        ['class', 'probability'],
        ranked.map(({ class: name, probability }) => [name, percent(probability)]),
        [1],
      ),
    );
    terminal.result({ adapter: device.name, image, text, predictions: ranked });
    return 0;
  });
}
