import { TesseraError } from '../../tensor/index.js';
import { checkOptions, nonNegativeInteger, optional, positiveInteger } from '../../tensor/options.js';

/** What a decoder found. */
export interface Decoded {
  /** The labels in their order. */
  readonly labels: readonly number[];
  /** The logarithm of their probability. */
  readonly logProbability: number;
}

/** Options of `ctcGreedy`. */
export interface CtcGreedyOptions {
  /** The number of classes, the blank among them. */
  readonly classes: number;
  /** The class that stands for no label. Default 0. */
  readonly blank?: number;
}

/** Options of `ctcBeamSearch`. */
export interface CtcBeamSearchOptions extends CtcGreedyOptions {
  /** The number of label sequences that are followed. Default 8. */
  readonly beam?: number;
}

/** Classes less probable than e^-12 of the best one of a frame are not followed. */
const FAINT = -12;

/**
 * The labels of the most probable alignment: the best class of each frame, repetitions taken as one, without blanks
 * (Graves et al. 2006). Its probability is that of the alignment. Takes log probabilities (time, classes), row-major.
 *
 * @throws TesseraError if they are not whole frames, or the blank is no class.
 */
export function ctcGreedy(logProbabilities: ArrayLike<number>, options: CtcGreedyOptions): Decoded {
  const { classes, blank } = checkDecoding('ctcGreedy', logProbabilities, options);
  const labels: number[] = [];
  let logProbability = 0;
  let before = blank;
  for (let begin = 0; begin < logProbabilities.length; begin += classes) {
    let best = 0;
    for (let label = 1; label < classes; label++)
      if (logProbabilities[begin + label] > logProbabilities[begin + best]) best = label;
    if (best !== blank && best !== before) labels.push(best);
    logProbability += logProbabilities[begin + best];
    before = best;
  }
  return { labels, logProbability };
}

/** A sequence of labels with the probabilities of its alignments so far. */
interface Prefix {
  readonly labels: readonly number[];
  /** log Σ p of the alignments that end with a blank, and of those that end with the last label. */
  blank: number;
  label: number;
}

/**
 * The most probable labels, over all alignments of each sequence (prefix beam search, Hannun et al. 2014): exact with a
 * beam that holds all sequences, but for classes that are less probable than e^-12 of the best one of a frame. Takes
 * log probabilities (time, classes), row-major.
 *
 * @throws TesseraError if they are not whole frames, or the blank is no class.
 */
export function ctcBeamSearch(logProbabilities: ArrayLike<number>, options: CtcBeamSearchOptions): Decoded {
  const { beam = 8, ...given } = checkOptions('ctcBeamSearch', options, {
    classes: positiveInteger,
    blank: optional(nonNegativeInteger),
    beam: optional(positiveInteger),
  });
  const { classes, blank } = checkDecoding('ctcBeamSearch', logProbabilities, given);
  let prefixes: Prefix[] = [{ labels: [], blank: 0, label: Number.NEGATIVE_INFINITY }];
  for (let begin = 0; begin < logProbabilities.length; begin += classes) {
    const next = new Map<string, Prefix>();
    let most = Number.NEGATIVE_INFINITY;
    for (let label = 0; label < classes; label++) most = Math.max(most, logProbabilities[begin + label]);
    const reach = (labels: readonly number[]): Prefix => {
      const key = labels.join();
      const known = next.get(key);
      if (known !== undefined) return known;
      const made = { labels, blank: Number.NEGATIVE_INFINITY, label: Number.NEGATIVE_INFINITY };
      next.set(key, made);
      return made;
    };
    for (const prefix of prefixes) {
      const total = totalOf(prefix);
      const last = prefix.labels.at(-1);
      for (let label = 0; label < classes; label++) {
        const p = logProbabilities[begin + label];
        if (p < most + FAINT) continue;
        if (label === blank) {
          const same = reach(prefix.labels);
          same.blank = logAdd(same.blank, total + p);
          continue;
        }
        const longer = reach([...prefix.labels, label]);
        // The last label again is a new one behind a blank alone; else it lasts.
        longer.label = logAdd(longer.label, (label === last ? prefix.blank : total) + p);
        if (label !== last) continue;
        const same = reach(prefix.labels);
        same.label = logAdd(same.label, prefix.label + p);
      }
    }
    prefixes = [...next.values()].sort((a, b) => totalOf(b) - totalOf(a)).slice(0, beam);
  }
  const [best] = prefixes;
  return { labels: best.labels, logProbability: totalOf(best) };
}

const totalOf = ({ blank, label }: Prefix): number => logAdd(blank, label);

/** log(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === Number.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
}

function checkDecoding(
  where: string,
  logProbabilities: ArrayLike<number>,
  options: CtcGreedyOptions,
): Required<CtcGreedyOptions> {
  const { classes, blank = 0 } = checkOptions(where, options, {
    classes: positiveInteger,
    blank: optional(nonNegativeInteger),
  });
  if (!(Array.isArray(logProbabilities) || ArrayBuffer.isView(logProbabilities)))
    throw new TesseraError(`${where}: expected an array of log probabilities (time, classes)`);
  if (logProbabilities.length % classes !== 0)
    throw new TesseraError(
      `${where}: ${logProbabilities.length} log probabilities are no whole frames of ${classes} classes`,
    );
  if (blank >= classes)
    throw new TesseraError(
      `${where}: blank ${blank} is out of range: expected 0 to ${classes - 1} (${classes} classes)`,
    );
  const odd = Array.prototype.findIndex.call(logProbabilities, (value) => !(value <= 1e-3));
  if (odd >= 0)
    throw new TesseraError(
      `${where}: ${logProbabilities[odd]} at position ${odd} is no log probability; expected numbers up to 0`,
    );
  return { classes, blank };
}
