import { type Tensor, TesseraError } from '../../tensor/index.js';
import type { Module } from '../module.js';
import type { Call, SymbolicTensor } from './symbols.js';

/** The graph of layer calls between input and output symbols. */
export class LayerGraph {
  /** All calls, each once, in topological order. */
  readonly calls: readonly Call[];

  /** @throws TesseraError if an output depends on an input that is not among the inputs. */
  constructor(
    /** The symbols whose values are given to `run`. */
    readonly inputs: readonly SymbolicTensor[],
    outputs: readonly SymbolicTensor[],
  ) {
    const seen = new Set<Call>();
    const calls = new Set<Call>();
    const visit = (symbol: SymbolicTensor): void => {
      if (this.inputs.includes(symbol)) return;
      const { call } = symbol;
      if (call === undefined)
        throw new TesseraError(`Model: the output depends on '${symbol.name}', which is not among the inputs`);
      if (seen.has(call)) return;
      seen.add(call);
      call.inputs.forEach(visit);
      calls.add(call);
    };
    outputs.forEach(visit);
    this.calls = [...calls];
  }

  /** All layers, each once, in topological order. */
  get layers(): readonly Module[] {
    return [...new Set(this.calls.flatMap(({ module }) => module ?? []))];
  }

  /**
   * Computes the values of symbols from those of the inputs.
   * @throws TesseraError if inputs are missing or have other shapes.
   */
  run(values: readonly Tensor[], symbols: readonly SymbolicTensor[]): readonly Tensor[] {
    if (values.length !== this.inputs.length)
      throw new TesseraError(`Model: expected ${this.inputs.length} inputs, got ${values.length}`);
    this.inputs.forEach(({ shape, dtype, name }, index) => {
      const value = values[index];
      if (value.dtype !== dtype || value.shape.slice(1).join() !== shape.join())
        throw new TesseraError(
          `Model: input ${index} ('${name}') must be ${dtype} [batch, ${shape.join(', ')}], got ${value.describe()}`,
        );
    });
    const known = new Map<Call, readonly Tensor[]>();
    const valueAt = (symbol: SymbolicTensor): Tensor => {
      const position = this.inputs.indexOf(symbol);
      if (position >= 0 || symbol.call === undefined) return values[position];
      const results = known.get(symbol.call) ?? symbol.call.compute(...symbol.call.inputs.map(valueAt));
      known.set(symbol.call, results);
      return results[symbol.index];
    };
    return symbols.map(valueAt);
  }
}
