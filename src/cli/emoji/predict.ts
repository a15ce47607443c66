import { normalize, Vocabulary, words } from '../../data/index.js';
import { readImage } from '../../data/node/index.js';
import { type DeviceChoice, TesseraError, tensor } from '../../tensor/index.js';
import { withDevice } from '../device.js';
import { percent, Terminal, table } from '../terminal.js';
import { underPrefix } from './checkpoint.js';
import { checkpointOf, loadFinished } from './evaluate.js';
import { modelOf } from './training.js';

/** The options of `tessera predict`. */
export interface PredictOptions {
  readonly top: number;
  readonly device: DeviceChoice;
  readonly json?: boolean;
}

/** Implements `tessera predict` for a run on emoji, which takes `--image` and `--text`. Returns the exit code. */
export async function predict(
  run: string,
  cells: ReadonlyMap<string, string>,
  { top, device: choice, json = false }: PredictOptions,
): Promise<number> {
  const odd = [...cells.keys()].find((name) => name !== 'image' && name !== 'text');
  if (odd !== undefined) throw new TesseraError(`predict: a run on emoji takes --image and --text, got --${odd}`);
  const [image, text] = [cells.get('image'), cells.get('text')];
  if (image === undefined || text === undefined)
    throw new TesseraError('predict: a run on emoji needs both: --image FILE --text "a few words"');
  const file = await checkpointOf(run);
  const terminal = new Terminal(json);
  const { run: settings, tensors } = await loadFinished(file);
  const { pixels, time } = settings.preset;
  const input = normalize(await readImage(image, [pixels, pixels, 3]), settings.statistics);
  const removed = new Set(settings.removedWords);
  const known = words(text).filter((word) => !removed.has(word));
  if (known.length === 0) {
    throw new TesseraError(
      `predict: the text '${text}' has no usable words${words(text).length > 0 ? ' (its words were removed from training because they leak the class)' : ''}; give a few words`,
    );
  }
  const encoded = new Vocabulary(settings.words).encode([known.join(' ')], time);
  return withDevice(choice, terminal, async (device) => {
    const model = modelOf(settings, 'both').eval();
    model.loadState(underPrefix(tensors, 'both.model.'));
    const logits = model.forward({
      tokens: tensor(encoded.tokens, [1, time]),
      mask: tensor(encoded.mask, [1, time]),
      images: tensor(input, [1, pixels, pixels, 3]),
    });
    const probabilities = Array.from(await logits.softmax().data());
    const ranked = settings.classes
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
