import { type Tensor, TesseraError } from '../../tensor/index.js';
import type { Module } from '../module.js';
import type { Call, SymbolicTensor } from './symbols.js';

/** The calls between some symbols. */
export class LayerGraph {
  /** Each once, in an order in which they can be computed. */
  readonly calls: readonly Call[];

  /** @throws TesseraError if an output depends on an input that is not among the inputs. */
  constructor(
    /** What is given. */
    readonly inputs: readonly SymbolicTensor[],
    outputs: readonly SymbolicTensor[],
  ) {
    const [seen, calls] = [new Set<Call>(), new Set<Call>()];
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

  /** All layers, each once, in the order in which they compute. */
  get layers(): readonly Module[] {
    return [...new Set(this.calls.flatMap(({ module }) => module ?? []))];
  }

  /**
   * The values of symbols, from those of the inputs. @throws TesseraError if inputs are missing or have other shapes.
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
      const given = this.inputs.indexOf(symbol);
      if (given >= 0 || symbol.call === undefined) return values[given];
      const results = known.get(symbol.call) ?? symbol.call.compute(...symbol.call.inputs.map(valueAt));
      known.set(symbol.call, results);
      return results[symbol.index];
    };
    return symbols.map(valueAt);
  }
}
