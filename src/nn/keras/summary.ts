import type { Variable } from '../../tensor/index.js';
import { aligned, type Module } from '../module.js';
import type { LayerGraph } from './graph.js';
import type { Call, SymbolicTensor } from './symbols.js';

const countOf = (variables: Iterable<Variable>): string =>
  [...new Set(variables)].reduce((sum, { size }) => sum + size, 0).toLocaleString('en-US');

const sizeOf = (shape: readonly number[]): string => `[${['batch', ...shape].join(', ')}]`;

/** A table of a model's layers in the order in which they compute: result, inputs, parameters; and the totals. */
export function summaryOf(model: Module, { inputs, calls }: LayerGraph): string {
  const names = new Map<Call | SymbolicTensor, string>();
  const nameOf = (one: Call | SymbolicTensor): string => {
    const before = [...names.keys()].filter(({ name }) => name === one.name).length;
    return before === 0 ? one.name : `${one.name}_${before}`;
  };
  const rows = [['layer', 'result', 'from', 'parameters']];
  for (const one of inputs) {
    names.set(one, nameOf(one));
    rows.push([nameOfGiven(one), sizeOf(one.shape), '', '0']);
  }
  function nameOfGiven(one: SymbolicTensor): string {
    return names.get(inputs.includes(one) || one.call === undefined ? one : one.call) ?? one.name;
  }
  const counted = new Set<Module>();
  for (const call of calls) {
    names.set(call, nameOf(call));
    const { module } = call;
    const own = module === undefined || counted.has(module) ? [] : module.namedVariables().values();
    if (module !== undefined) counted.add(module);
    rows.push([
      names.get(call) ?? call.name,
      sizeOf(call.shape),
      call.inputs.map(nameOfGiven).join(', '),
      countOf(own),
    ]);
  }
  const variables = [...model.namedVariables().values()];
  rows.push(['total', '', '', countOf(variables)]);
  rows.push(['trainable', '', '', countOf(variables.filter(({ trainable }) => trainable))]);
  return aligned(rows).join('\n');
}
