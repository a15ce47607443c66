import { TesseraError } from '../../gpu/errors.js';
import { readBack } from '../evaluate.js';
import { tensorOf } from '../graph/factory.js';
import type { Node } from '../graph/graph.js';
import { trace } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

/**
 * Looks for the first op that makes a NaN or an infinity out of finite inputs, by computing and reading every value
 * that the targets depend on, in order: slow, for hunting. Call it before the step that goes wrong.
 *
 * @throws TesseraError naming the op, its shapes and the index, if there is one.
 */
export async function checkFinite(...targets: readonly Tensor[]): Promise<void> {
  const { nodes, slots } = trace(targets.map((target) => target.current()));
  for (const slot of slots) await expectFinite(tensorOf(slot), 'an input', []);
  const values = nodes.filter(({ op }) => !op.assigns).flatMap(({ tensors }) => tensors);
  await readBack(values);
  for (const node of nodes)
    for (const tensor of node.tensors) await expectFinite(tensorOf(tensor), `'${node.op.name}'`, node.inputs);
}

async function expectFinite(tensor: Tensor, what: string, inputs: readonly Node[]): Promise<void> {
  if (tensor.dtype !== 'f32' && tensor.dtype !== 'f16') return;
  const values = await tensor.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const given = inputs.length > 0 ? ` from (${inputs.map((input) => input.describe()).join(', ')})` : '';
  throw new TesseraError(`checkFinite: ${what} gave ${values[at]} at position ${at} of ${tensor.describe()}${given}`);
}
