import { TesseraError } from '../../gpu/errors.js';
import { readBack } from '../evaluate.js';
import { tensorOf } from '../factory.js';
import type { Node } from '../graph/graph.js';
import { checkTensors } from '../graph/graph.js';
import { trace } from '../graph/trace.js';
import type { Tensor } from '../tensor.js';

/**
 * Finds the first op whose output holds a NaN or an infinity, by computing and reading back every value that the
 * targets depend on. It is slow and meant for debugging: call it before the training step that fails.
 *
 * @throws TesseraError that names the op, its shapes and the index of the element, if there is such an op.
 */
export async function checkFinite(...targets: readonly Tensor[]): Promise<void> {
  checkTensors('checkFinite', targets);
  const { nodes, slots } = trace(targets.map((target) => target.current()));
  for (const slot of slots) await expectFinite(tensorOf(slot), 'an input', []);
  const computed = nodes.filter(({ op }) => !op.assigns);
  await readBack(computed.flatMap(({ tensors }) => tensors));
  for (const node of computed)
    for (const tensor of node.tensors) await expectFinite(tensorOf(tensor), `'${node.op.name}'`, node.inputs);
}

async function expectFinite(tensor: Tensor, what: string, inputs: readonly Node[]): Promise<void> {
  if (tensor.dtype !== 'f32' && tensor.dtype !== 'f16') return;
  const values = await tensor.data();
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const given = inputs.length > 0 ? ` from (${inputs.map((input) => input.describe()).join(', ')})` : '';
  throw new TesseraError(`checkFinite: ${what} gave ${values[at]} at index ${at} of ${tensor.describe()}${given}`);
}
