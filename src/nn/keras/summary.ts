import type { Variable } from '../../tensor/index.js';
import { aligned, type Module } from '../module.js';
import type { LayerGraph } from './graph.js';
import type { Call, SymbolicTensor } from './symbols.js';

const countOf = (variables: Iterable<Variable>): string =>
  [...new Set(variables)].reduce((sum, { size }) => sum + size, 0).toLocaleString('en-US');

const shapeOf = (shape: readonly number[]): string => `[${['batch', ...shape].join(', ')}]`;

/**
 * Formats a model's layers in topological order as a table of output shape, inputs and number of parameters, with
 * totals.
 */
export function summaryOf(model: Module, { inputs, calls }: LayerGraph): string {
  const names = new Map<Call | SymbolicTensor, string>();
  const nameOf = (node: Call | SymbolicTensor): string => {
    const before = [...names.keys()].filter(({ name }) => name === node.name).length;
    return before === 0 ? node.name : `${node.name}_${before}`;
  };
  const rows = [['layer', 'output', 'inputs', 'parameters']];
  const nameOfInput = (symbol: SymbolicTensor): string =>
    names.get(inputs.includes(symbol) || symbol.call === undefined ? symbol : symbol.call) ?? symbol.name;
  for (const symbol of inputs) {
    names.set(symbol, nameOf(symbol));
    rows.push([nameOfInput(symbol), shapeOf(symbol.shape), '', '0']);
  }
  const counted = new Set<Module>();
  for (const call of calls) {
    names.set(call, nameOf(call));
    const { module } = call;
    const own = module === undefined || counted.has(module) ? [] : module.namedVariables().values();
    if (module !== undefined) counted.add(module);
    rows.push([
      names.get(call) ?? call.name,
      shapeOf(call.shape),
      call.inputs.map(nameOfInput).join(', '),
      countOf(own),
    ]);
  }
  const variables = [...model.namedVariables().values()];
  rows.push(['total', '', '', countOf(variables)]);
  rows.push(['trainable', '', '', countOf(variables.filter(({ trainable }) => trainable))]);
  return aligned(rows).join('\n');
}
