import type { StoredTensor } from '../nn/index.js';
import { TesseraError } from '../tensor/index.js';
import { checkOptions, fraction, optional, positiveInteger } from '../tensor/options.js';
import { GPT } from './gpt.js';

/** Options of `loadGPT2`. */
export interface LoadGPT2Options {
  /** The number of heads, which the weights do not tell. Default width / 64, as in all of OpenAI's GPT-2. */
  readonly heads?: number;
  /** The rate of the dropout, for training on; see `GPTOptions`. Default 0. */
  readonly dropout?: number;
}

/** The name of each part in Hugging Face's GPT-2, by ours. Linear layers are (inputs, outputs) in both. */
const PARTS: Readonly<Record<string, string>> = {
  'embedding.table': 'wte.weight',
  'positions.table': 'wpe.weight',
  'norm.scale': 'ln_f.weight',
  'norm.shift': 'ln_f.bias',
  'norm1.scale': 'ln_1.weight',
  'norm1.shift': 'ln_1.bias',
  'attention.qkv.kernel': 'attn.c_attn.weight',
  'attention.qkv.bias': 'attn.c_attn.bias',
  'attention.project.kernel': 'attn.c_proj.weight',
  'attention.project.bias': 'attn.c_proj.bias',
  'norm2.scale': 'ln_2.weight',
  'norm2.shift': 'ln_2.bias',
  'expand.kernel': 'mlp.c_fc.weight',
  'expand.bias': 'mlp.c_fc.bias',
  'contract.kernel': 'mlp.c_proj.weight',
  'contract.bias': 'mlp.c_proj.bias',
};

/** `h.0.ln_1.weight` for `layers.0.norm1.scale`. */
function nameInGPT2(name: string): string {
  const [, layer, part] = /^layers\.(\d+)\.(.*)$/.exec(name) ?? [undefined, undefined, name];
  return layer === undefined ? PARTS[part] : `h.${layer}.${PARTS[part]}`;
}

/** The causal mask, which older files hold as a buffer of each layer. */
const MASK = /^h\.\d+\.attn\.(masked_)?bias$/;
/** The head, which is the token embedding. */
const HEAD = 'lm_head.weight';

/**
 * Makes a GPT of the weights of GPT-2, as Hugging Face stores them: `wte.weight`, `h.0.attn.c_attn.weight` and so on,
 * with or without `transformer.` in front. Sizes are those of the weights, GELU is computed by tanh, and a head
 * `lm_head.weight` must be the token embedding.
 *
 *   const model = loadGPT2(decodeSafetensors(readFileSync('model.safetensors')).tensors);
 *
 * @throws TesseraError if a name is missing or unknown, or a shape does not fit the others.
 */
export function loadGPT2(tensors: ReadonlyMap<string, StoredTensor>, options: LoadGPT2Options = {}): GPT {
  const { heads, dropout } = checkOptions('loadGPT2', options, {
    heads: optional(positiveInteger),
    dropout: optional(fraction),
  });
  if (!(tensors instanceof Map))
    throw new TesseraError('loadGPT2: expected a Map of tensors by name, such as decodeSafetensors(bytes).tensors');
  const given = new Map<string, StoredTensor>(
    [...tensors].map(([name, stored]) => [String(name).replace(/^transformer\./, ''), stored]),
  );
  const [vocabulary, width] = matrix(given, 'wte.weight');
  const [block] = matrix(given, 'wpe.weight');
  const layers = [...given.keys()].filter((name) => /^h\.\d+\.ln_1\.weight$/.test(name)).length;
  if (layers === 0) throw new TesseraError("loadGPT2: there is no 'h.0.ln_1.weight': the weights have no layers");
  if (heads === undefined && width % 64 !== 0)
    throw new TesseraError(`loadGPT2: a width of ${width} is not of heads of 64 features; give the number of heads`);
  expectTied(given, 'wte.weight');
  const model = new GPT({ vocabulary, block, layers, heads: heads ?? width / 64, width, gelu: 'tanh', dropout });
  const state = new Map<string, StoredTensor>();
  for (const [name, { shape }] of model.namedParameters()) {
    const theirs = nameInGPT2(name);
    const stored = given.get(theirs);
    if (stored === undefined)
      throw new TesseraError(`loadGPT2: '${theirs}' is missing; has the file all of the model?`);
    if (stored.shape.join() !== shape.join())
      throw new TesseraError(`loadGPT2: '${theirs}' has shape [${stored.shape}], expected [${shape}]`);
    state.set(name, stored);
    given.delete(theirs);
  }
  const unknown = [...given.keys()].filter((name) => name !== HEAD && !MASK.test(name));
  if (unknown.length > 0)
    throw new TesseraError(`loadGPT2: GPT-2 has no ${unknown.slice(0, 5).join(', ')}; is it another model?`);
  model.loadState(state);
  return model;
}

function matrix(given: ReadonlyMap<string, StoredTensor>, name: string): readonly number[] {
  const shape: unknown = given.get(name)?.shape;
  if (shape === undefined)
    throw new TesseraError(`loadGPT2: '${name}' is missing; expected the names of Hugging Face's GPT-2`);
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every(positiveInteger.fits))
    throw new TesseraError(`loadGPT2: '${name}' has shape [${shape}], expected two sizes`);
  return shape;
}

function expectTied(given: ReadonlyMap<string, StoredTensor>, embedding: string): void {
  const [head, table] = [given.get(HEAD), given.get(embedding)];
  if (head === undefined || table === undefined) return;
  if (head.data.length !== table.data.length || head.data.some((value, index) => value !== table.data[index]))
    throw new TesseraError(`loadGPT2: '${HEAD}' is not '${embedding}'; expected a head that is tied to the embedding`);
}
